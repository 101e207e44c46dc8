import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { sweep } from '../../src/adapters/sweep.ts';
import { temporaryFolder } from '../support/real-processes.ts';

const hour = 3_600_000;
const id = '0b7e5f6c-1a2b-4c3d-8e9f-001122334455';

const leftovers = [
  'git/loopyard.new-aB3dE6/',
  `git/worktrees/tree/index-${id}`,
  `git/loopyard/journal.${id}.tmp`,
  `git/loopyard/store.${id}.tmp`,
  'git/loopyard/ballast.4711.tmp',
  `git/loopyard/generations/journal.3.log.${id}.tmp`,
  `git/loopyard/.trash-mirror.git-${id}/`,
  `git/loopyard/mirror.git/index-${id}`,
  `git/loopyard/mirror.git/index-${id}.lock`,
  `git/loopyard/gate/worktrees-0123abcd.${id}`,
  `git/loopyard/gate/worktrees-0123abcd.takeover.${id}`,
  `git/loopyard/gate/worktrees-0123abcd.takeover.${id}.${id}`,
  `git/loopyard/archive/.draft-${id}`,
  `git/loopyard/evidence/.draft-${id}`,
  `git/loopyard/known-runs/.draft-${id}`,
  'git/loopyard/runs/.forgotten-run-1/',
  `git/loopyard/runs/run-1/.facts.json.${id}`,
  `place/loops/.trash-loop-1-${id}/`,
  `place/loops/loop-1/.trash-repo-${id}/`,
  `place/loops/loop-1/.draft-${id}`,
  `place/loops/loop-1/context/.draft-${id}`,
  `place/loops/loop-1/context/.trash-STOP.md-${id}`,
  `place/loops/loop-1/scratch/candidate/index-${id}`,
  `place/rooms/.trash-v-1-${id}/`,
  `place/rooms/v-1/.trash-home-${id}/`,
  `place/pool/.trash-used-1-${id}/`,
  `place/pool/used-1/.trash-home-${id}/`,
  `place/pool/used-1/tree/.trash-node_modules-${id}/`,
  `git/loopyard/.draft-${id}`,
  `git/loopyard/rooms/.trash-v-1-${id}/`,
  `git/loopyard/rooms/v-1/.draft-${id}`,
  `git/loopyard/pool/.trash-used-1-${id}/`,
  `git/loopyard/pool/used-1/.draft-${id}`,
];
const others = [
  'git/index',
  'git/loopyard.new-plans/',
  'git/worktrees/tree/index',
  'git/loopyard/journal.1.log',
  'git/loopyard/ballast',
  'git/loopyard/ballast.old.tmp',
  'git/loopyard/gate/worktrees-0123abcd.owner',
  'git/loopyard/gate/worktrees-0123abcd.lock/',
  'git/loopyard/runs/run-1/spec.json',
  'git/loopyard/runs/run-1/.reserve',
  `place/loops/loop-1/repo/.draft-${id}`,
  `place/loops/loop-1/repo/.trash-x-${id}`,
  `place/rooms/v-1/tree/repo/index-${id}`,
  `place/rooms/v-1/tree/repo/.trash-x-${id}/`,
  'git/loopyard/rooms/v-1/index',
];

test('what a crash left is removed an hour later, by its name, and nothing else is', async () => {
  const world = aWorldWith([...leftovers, ...others]);

  expect(await world.sweep(0.9 * hour)).toEqual([]);
  const removed = await world.sweep(1.1 * hour);

  expect([...removed].sort()).toEqual(leftovers.map((name) => name.replace(/\/$/, '')).sort());
  expect(world.left(leftovers)).toEqual([]);
  expect(world.left(others)).toEqual(others);
});

test('a mirror that is being filled has a day', async () => {
  const world = aWorldWith(['git/loopyard/mirror-draft-aB3dE6/']);

  expect(await world.sweep(23 * hour)).toEqual([]);
  expect(await world.sweep(25 * hour)).toEqual(['git/loopyard/mirror-draft-aB3dE6']);
});

test('a clock that was set back makes nothing old', async () => {
  expect(await aWorldWith(leftovers).sweep(-48 * hour)).toEqual([]);
});

test('no link is followed: one with such a name goes itself, and one on the way leads nowhere', async () => {
  const world = aWorldWith([`outside/.draft-${id}`, 'place/loops/loop-1/context/']);
  const outside = path.join(world.root, 'outside');
  symlinkSync(outside, path.join(world.root, `place/loops/.trash-loop-2-${id}`));
  symlinkSync(outside, path.join(world.root, 'place/loops/loop-2'));

  expect(await world.sweep(2 * hour)).toEqual([`place/loops/.trash-loop-2-${id}`]);

  expect(readdirSync(outside)).toEqual([`.draft-${id}`]);
});

test('a yard that is not there yet is clean', async () => {
  expect(await aWorldWith([]).sweep(2 * hour)).toEqual([]);
});

/** Names that end with a slash are folders with something in them. */
function aWorldWith(names: readonly string[]) {
  const root = temporaryFolder();
  for (const name of names) {
    const file = path.join(root, name.endsWith('/') ? `${name}something` : name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
  const at = (name: string) => path.join(root, name);
  return {
    root,
    sweep: async (laterMs: number) => {
      const removed = await sweep(at('git/loopyard'), at('git'), at('place'), Date.now() + laterMs);
      return removed.map((file) => path.relative(root, file));
    },
    left: (wanted: readonly string[]) => wanted.filter((name) => existsSync(at(name))),
  };
}
