import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'vitest';
import { branchOf, worktreePath } from '../../../src/core/places.ts';
import { LoopyardError } from '../../../src/domain/errors.ts';
import {
  aSpawningWorld,
  type Blow,
  half,
  isSettled,
  isTidied,
  nothingIsLeft,
  type SpawningWorld,
} from '../../support/spawning-world.ts';

/** The steps between which a crash leaves the most; the stress suite strikes at every call. */
const blows: readonly Blow[] = [
  { call: 'git.addWorktree', nth: 1, fate: 'torn' },
  { call: 'processes.start worker-2', nth: 1, fate: 'killed' },
  { call: 'processes.start worker-2', nth: 1, fate: 'fails' },
];

test('after a keeper is killed in the middle of a start the next goes on, and nothing is left in the end', async () => {
  await Promise.all(
    blows.map(async (blow) => {
      const world = await aSpawningWorld();
      await world.keep(isSettled, blow);
      await world.stop();
      await world.keep(isTidied);
      await nothingIsLeft(world);
    }),
  );
});

const loop = { id: 'l', checkout: { path: '/somewhere/repo', key: 'repo' } };

test('a worktree that was cut off and never recorded is nobody’s work: of a loop that is stopped then, nothing is kept', async () => {
  const world = await aSpawningWorld();
  const commit = (await world.rt.git.head(world.repo.path)).commit;
  await half(world.rt, { path: worktreePath(world.rt, loop), branch: branchOf('l'), commit });
  await world.stop();
  await world.keep(isTidied);
  await nothingIsLeft(world);
});

interface Obstacle {
  readonly what: string;
  /** Puts it in the way, and says how it is taken away again. */
  readonly put: (world: SpawningWorld) => Promise<() => Promise<unknown>>;
  readonly told: RegExp;
}

const obstacles: readonly Obstacle[] = [
  {
    what: 'a folder where the worktree belongs',
    async put({ rt }) {
      const path = worktreePath(rt, loop);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'precious.txt'), 'mine\n');
      return () => rm(dirname(path), { recursive: true });
    },
    told: /something is there already/,
  },
  {
    what: 'a branch of that name',
    async put({ repo }) {
      const elsewhere = await repo.git('commit-tree', '-m', 'mine', 'HEAD^{tree}');
      await repo.git('branch', 'loopyard/l', elsewhere);
      return () => repo.git('branch', '-D', 'loopyard/l');
    },
    told: /branch loopyard\/l/,
  },
  {
    what: 'no free port',
    async put({ rt }) {
      const portsAreFree = rt.processes.portsAreFree.bind(rt.processes);
      Object.assign(rt.processes, { portsAreFree: async () => false });
      return async () => Object.assign(rt.processes, { portsAreFree });
    },
    told: /No block of \d+ ports is free/,
  },
  {
    what: 'a run directory that cannot be written',
    async put({ rt }) {
      const start = rt.processes.start.bind(rt.processes);
      const full = () => Promise.reject(new LoopyardError('DISK_FULL', 'No space is left for the run.'));
      Object.assign(rt.processes, { start: full });
      return async () => Object.assign(rt.processes, { start });
    },
    told: /No space is left for the run/,
  },
];

test.each(obstacles)(
  '$what is told in a sentence, and once it is gone the loop goes on',
  async (obstacle) => {
    const world = await aSpawningWorld();
    const remove = await obstacle.put(world);
    await world.keep(({ loops }) => obstacle.told.test(loops.l?.trouble ?? ''));
    await remove();
    await world.keep(isSettled);
    await world.stop();
    await world.keep(isTidied);
    await nothingIsLeft(world);
  },
);

test.each(obstacles.slice(0, 2))('$what is left alone when the loop is stopped', async (obstacle) => {
  const world = await aSpawningWorld();
  const remove = await obstacle.put(world);
  await world.keep(({ loops }) => obstacle.told.test(loops.l?.trouble ?? ''));
  await world.stop();
  await world.keep(isTidied);
  await remove();
  await nothingIsLeft(world);
});
