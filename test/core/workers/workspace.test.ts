import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFiles } from '../../../src/adapters/files.ts';
import { loopFolder, rescueRef } from '../../../src/core/places.ts';
import type { Runtime } from '../../../src/core/runtime.ts';
import { keepForRescue } from '../../../src/core/workers/rescue.ts';
import { makeCandidate } from '../../../src/core/workers/snapshot.ts';
import { bringToTip, prepareWorkspace, tidyWorkspace } from '../../../src/core/workers/workspace.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import type { Loop, Workspace } from '../../../src/domain/loop.ts';
import { defaultConfig } from '../../../src/domain/settings/config.ts';
import { aDirectory, aRepository, type TestRepository } from '../../support/git-repo.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { ada, opened } from '../../support/open-git.ts';
import { aPlan, aYard, noon } from '../../support/yard-builder.ts';

interface World {
  readonly repo: TestRepository;
  readonly rt: Runtime;
  loop(): Promise<Loop & { workspace: Workspace }>;
  record(...events: readonly YardEvent[]): Promise<void>;
}

const worker = { id: 'worker-1', iteration: 1 };

/** A loop in a real repository, in a worktree of its own; nothing else of the machine. */
async function aWorld(): Promise<World> {
  const repo = await aRepository({ files: { 'a.txt': 'one\n', 'b.txt': 'one\n' } });
  const { git, home } = await opened(repo);
  const base = (await git.head(repo.path)).commit ?? '';
  const plan = { ...aPlan, base, checkout: { path: repo.path, key: 'repo' } };
  const yard = aYard().withLoop({ plan, workspace: 'none' }).build();
  const store = memoryStore({ now: () => noon }, yard);
  const rt = {
    git,
    store,
    files: openFiles({ home, place: await aDirectory() }),
    processes: { liveness: () => 'alive' },
    dependencies: { copyFiles: async () => ({ copied: [], skipped: [] }), linkPaths: async () => [] },
    config: { ...defaultConfig, worktree_dependencies: false },
    actor: { name: 'test' },
    log: () => {},
  } as unknown as Runtime;
  const world: World = {
    repo,
    rt,
    async loop() {
      const loop = (await store.read()).loops.l;
      if (!loop?.workspace) throw new Error('the loop has no workspace');
      return { ...loop, workspace: loop.workspace };
    },
    record: (...events) => store.transact(rt.actor, (tx) => events.forEach((event) => void tx.record(event))),
  };
  await prepareWorkspace(rt, (await store.read()).loops.l as Loop, 'worktree');
  return world;
}

/** The loop's candidate conflicts with what main has meanwhile, and was sent back with the markers in its files. */
async function aBounced(world: World): Promise<{ marked: string }> {
  const { repo, rt, record } = world;
  const loop = await world.loop();
  await writeFile(join(loop.workspace.path, 'a.txt'), 'ours\n');
  const made = await makeCandidate(rt, loop, worker);
  if ('unmade' in made) throw new Error(made.unmade);
  await bringToTip(rt, { ...loop, candidate: { ...made, iteration: 1 }, tip: made.commit });
  const theirs = await repo.commit({ 'a.txt': 'theirs\n', 'only-main.txt': 'main\n' });
  const merged = await rt.git.mergeTree(theirs, made.commit);
  if (merged.kind !== 'conflict') throw new Error('no conflict');
  const parents = [made.commit, theirs];
  const marked = await rt.git.commitTree({ tree: merged.tree, parents, message: 'merge', author: ada });
  await record(
    { type: 'loop.baseline_requested', id: 'l', verification: 'base-1' },
    { type: 'worker.starting', worker: { ...worker, loop: 'l', backend: 'command' } },
    { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: worker.id },
    { type: 'loop.candidate_made', id: 'l', candidate: { ...made, iteration: 1 }, usage: {} },
    { type: 'loop.verification_started', id: 'l', verification: 'v-1' },
    { type: 'loop.passed', id: 'l', verification: 'v-1' },
    { type: 'loop.merge_queued', id: 'l', entry: 'm-1' },
    { type: 'loop.bounced', id: 'l', reason: 'conflict', tip: marked, conflicts: [...merged.files] },
  );
  return { marked };
}

test('a bounced loop goes on from the merge, with the markers in its files and those of the target beside them', async () => {
  const world = await aWorld();
  const { marked } = await aBounced(world);
  const loop = await world.loop();
  await bringToTip(world.rt, loop);
  expect(await readFile(join(loop.workspace.path, 'a.txt'), 'utf8')).toContain('<<<<<<<');
  expect(await readFile(join(loop.workspace.path, 'only-main.txt'), 'utf8')).toBe('main\n');
  expect(await world.rt.git.head(loop.workspace.path)).toEqual({ commit: marked, branch: 'loopyard/l' });
});

test('what somebody wrote into the worktree between two iterations is kept, and never undoes the target', async () => {
  const world = await aWorld();
  await aBounced(world);
  const loop = await world.loop();
  await writeFile(join(loop.workspace.path, 'b.txt'), 'a person was here\n');
  await bringToTip(world.rt, loop);
  expect(await readFile(join(loop.workspace.path, 'only-main.txt'), 'utf8')).toBe('main\n');
  expect(await world.repo.git('show', `${rescueRef('l')}:b.txt`)).toContain('a person was here');
});

test('a conflict that nobody resolved is no candidate; resolved it is one', async () => {
  const world = await aWorld();
  await aBounced(world);
  const loop = await world.loop();
  await bringToTip(world.rt, loop);
  expect(await makeCandidate(world.rt, loop, worker)).toEqual({ unmade: 'changed no file' });
  await writeFile(join(loop.workspace.path, 'b.txt'), 'something else\n');
  expect(await makeCandidate(world.rt, loop, worker)).toEqual({ unmade: 'left conflict markers in a.txt' });
  await writeFile(join(loop.workspace.path, 'a.txt'), 'both\n');
  expect(await makeCandidate(world.rt, loop, worker)).toHaveProperty('commit');
});

test('a worktree that was cut off while it was made is made anew; a complete one keeps what is in it', async () => {
  const world = await aWorld();
  const loop = await world.loop();
  await writeFile(join(loop.workspace.path, 'mine.txt'), 'mine\n');
  const again = { ...loop, workspace: undefined } as unknown as Loop;
  await prepareWorkspace(world.rt, again, 'worktree');
  expect(await readFile(join(loop.workspace.path, 'mine.txt'), 'utf8')).toBe('mine\n');
  await world.rt.files.remove(join(loopFolder(world.rt, 'l'), 'made'));
  await world.rt.files.remove(join(loop.workspace.path, 'a.txt'));
  await prepareWorkspace(world.rt, again, 'worktree');
  expect(await readFile(join(loop.workspace.path, 'a.txt'), 'utf8')).toBe('one\n');
});

test('tidying keeps what is in no candidate under a ref and names it, also when it is done twice', async () => {
  const world = await aWorld();
  const loop = await world.loop();
  await writeFile(join(loop.workspace.path, 'mine.txt'), 'mine\n');
  await world.record(
    {
      type: 'loop.cancel_requested',
      id: 'l',
      request: { id: 's-1', reason: 'r', by: 't', graceMs: 0, discard: false },
    },
    { type: 'loop.cancelled', id: 'l', reason: 'r' },
  );
  const ended = await world.loop();
  await world.rt.files.remove(join(loopFolder(world.rt, 'l'), 'made'));
  await tidyWorkspace(world.rt, ended);
  expect(await world.repo.git('show', `${rescueRef('l')}:mine.txt`)).toContain('mine');
  expect((await world.rt.store.read()).loops.l?.tidied?.kept).toContain(rescueRef('l'));
});

test('a rescue never replaces what an earlier one kept', async () => {
  const { repo, rt } = await aWorld();
  const { tree, author, message } = {
    tree: await rt.git.treeOf(await repo.commit({ 'c.txt': 'c' })),
    author: ada,
    message: 'm',
  };
  const first = await rt.git.commitTree({ tree, parents: [], message, author });
  const second = await rt.git.commitTree({ tree, parents: [], message: 'other', author });
  const third = await rt.git.commitTree({ tree, parents: [second], message, author });
  expect(await keepForRescue(rt, 'l', first)).toBe(rescueRef('l'));
  expect(await keepForRescue(rt, 'l', second)).toBe(`${rescueRef('l')}.2`);
  expect(await keepForRescue(rt, 'l', third)).toBe(`${rescueRef('l')}.2`);
  expect(await rt.git.ref(rescueRef('l'))).toBe(first);
});
