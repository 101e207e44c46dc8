import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openFiles } from '../../../src/adapters/files.ts';
import { openGit } from '../../../src/adapters/git/git.ts';
import { randomIds } from '../../../src/adapters/ids.ts';
import { roomOfSecondTry } from '../../../src/core/places.ts';
import { makeRoom, proveRoom, removeRoom } from '../../../src/core/rooms/pristine.ts';
import { keepRooms, readRebuilt } from '../../../src/core/rooms/room-pool.ts';
import type { Runtime } from '../../../src/core/runtime.ts';
import { emptyYard, type Yard } from '../../../src/domain/yard.ts';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { aGate } from '../../support/open-git.ts';
import { anIdentity } from '../../support/scripted-runtime.ts';
import { aPlan, aYard } from '../../support/yard-builder.ts';

/** A yard's rooms on real files and real git. `open` gives what another process would have: nothing but the disk is shared. */
async function aPool({ boot = 'b' } = {}) {
  const repo = await aRepository({ files: { 'src/a': '1\n', 'test/t': 'strict\n' } });
  const first = await repo.git('rev-parse', 'HEAD');
  const second = await repo.commit({ 'src/a': '2\n' });
  const [home, place] = [await aDirectory(), await aDirectory()];
  const yard = { current: emptyYard as Yard };
  const log = () => {};
  const open = ({ boot: started = boot } = {}) =>
    ({
      git: openGit({ commonDir: repo.commonDir, home, gate: aGate(), log, env: repo.env }),
      files: openFiles({ home, place }),
      ids: randomIds,
      clock: { now: () => 1 },
      log,
      processes: { self: { ...anIdentity, boot: started } },
      store: { read: async () => yard.current },
    }) as unknown as Runtime;
  const running = (id: string) => {
    const verification = { id, kind: 'commit', commit: first, checks: aPlan.checks, failFast: true } as const;
    yard.current = aYard()
      .record({ type: 'verification.requested', verification }, { type: 'verification.started', id })
      .build();
  };
  const slots = async () => [
    ...(await readdir(join(place, 'pool')).catch(() => [])),
    ...(await readdir(join(home, 'pool')).catch(() => [])),
  ];
  return { repo, first, second, home, place, open, running, yard, slots, rt: open() };
}

type Pool = Awaited<ReturnType<typeof aPool>>;

const kindsOf = (slots: readonly string[]) => slots.map((slot) => slot.split('-')[0]);

test('a room is used again by the next verification, with a home and temporary folder of its own', async () => {
  const { rt, first, second, slots } = await aPool();
  const one = await makeRoom(rt, 'v-1', first, 'repo');
  expect(one.origin).toBe('fresh');
  await writeFile(join(one.home, '.npmrc'), 'script-shell=evil');
  await writeFile(join(one.temp, 'left'), '');
  await mkdir(join(one.path, 'node_modules', '.git'), { recursive: true });
  await mkdir(join(dirname(one.path), 'node_modules'));
  await writeFile(join(one.folder, 'package.json'), '{}');
  await mkdir(join(one.folder, 'dependencies'));

  await removeRoom(rt, 'v-1');
  await expect(readdir(one.folder)).rejects.toThrow();
  expect(kindsOf(await slots())).toEqual(['used', 'used']);
  await keepRooms(rt, { keep: 2 });
  expect(kindsOf(await slots())).toEqual(['ready', 'ready']);

  const two = await makeRoom(rt, 'v-2', second, 'repo');
  expect(two).toMatchObject({ origin: 'pooled', tree: second });
  expect(await readdir(two.home)).toEqual([]);
  expect(await readdir(two.temp)).toEqual([]);
  expect((await readdir(two.folder)).sort()).toEqual(['dependencies', 'home', 'temp', 'tree']);
  expect(await readdir(dirname(two.path))).toEqual(['repo']);
  expect((await readdir(two.path)).sort()).toEqual(['src', 'test']);
  expect(await readFile(join(two.path, 'src', 'a'), 'utf8')).toBe('2\n');
  expect(await proveRoom(rt, two)).toEqual([]);
});

test('a used room that nobody has put in order yet is put in order by who claims it', async () => {
  const { rt, first, second } = await aPool();
  const one = await makeRoom(rt, 'v-1', first, 'repo');
  await writeFile(join(one.path, 'test', 't'), 'lax\n');
  await removeRoom(rt, 'v-1');
  const two = await makeRoom(rt, 'v-2', second, 'repo');
  expect(two.origin).toBe('pooled');
  expect(await readFile(join(two.path, 'test', 't'), 'utf8')).toBe('strict\n');
});

test('a kept room that somebody changed is thrown away, and that is said and counted', async () => {
  const { rt, first, place, slots } = await aPool();
  for (const [n, tamper] of [
    (folder: string) => appendFile(join(folder, 'tree', 'repo', 'test', 't'), 'lax\n'),
    (folder: string) => mkdir(join(folder, 'node_modules')),
    (folder: string) => mkdir(join(folder, 'tree', 'node_modules')),
  ].entries()) {
    await keepRooms(rt, { keep: 1, spare: { tree: first, name: 'repo' } });
    const slot = (await slots()).find((name) => name.startsWith('ready-')) ?? '';
    await tamper(join(place, 'pool', slot));
    const room = await makeRoom(rt, `v-${n}`, first, 'repo');
    expect(room).toMatchObject({ origin: 'fresh', rebuilt: expect.stringContaining('of the room') });
    expect(await readFile(join(room.path, 'test', 't'), 'utf8')).toBe('strict\n');
    expect(await readRebuilt(rt)).toMatchObject({ count: n + 1, why: room.rebuilt });
  }
});

test('two who make rooms at once never share one, and a room of another name is left alone', async () => {
  const { rt, open, first, second } = await aPool();
  await keepRooms(rt, { keep: 1, spare: { tree: first, name: 'repo' } });
  const rooms = await Promise.all([
    ...['v-1', 'v-2', 'v-3'].map((id) => makeRoom(open(), id, second, 'repo')),
    makeRoom(open(), 'v-4', second, 'other'),
  ]);
  expect(new Set(rooms.map(({ folder }) => folder)).size).toBe(4);
  expect(rooms.map(({ origin }) => origin).sort()).toEqual(['fresh', 'fresh', 'fresh', 'pooled']);
  for (const room of rooms) expect(await readFile(join(room.path, 'src', 'a'), 'utf8')).toBe('2\n');
  expect(basename(rooms[3]?.path ?? '')).toBe('other');
});

test('the pool keeps as many rooms as it may, and none from before the machine started', async () => {
  const { rt, open, running, first, slots } = await aPool();
  for (const id of ['v-1', 'v-2', 'v-3']) await makeRoom(rt, id, first, 'repo');
  for (const id of ['v-1', 'v-2', 'v-3']) await removeRoom(rt, id);
  await keepRooms(rt, { keep: 2 });
  expect(kindsOf(await slots())).toEqual(['ready', 'ready', 'ready', 'ready']);
  const restarted = open({ boot: 'later' });
  running('v-4');
  const room = await makeRoom(restarted, 'v-4', first, 'repo');
  expect(room.origin).toBe('fresh');
  await makeRoom(rt, 'v-5', first, 'repo');
  await keepRooms(restarted, { keep: 2 });
  expect(await slots()).toEqual([]);
});

test('after a crash a complete room is found again, and a room whose verification has ended goes', async () => {
  const { rt, open, running, yard, first, place } = await aPool();
  running('v-1');
  const room = await makeRoom(rt, 'v-1', first, 'repo');
  await writeFile(join(room.path, 'by-a-check'), '');
  const again = await makeRoom(open(), 'v-1', first, 'repo');
  expect(again).toEqual({ ...room, origin: 'resumed' });
  expect(await readdir(again.path)).toContain('by-a-check');
  await makeRoom(rt, roomOfSecondTry('v-1'), first, 'repo');
  await keepRooms(open(), { keep: 2 });
  expect(await readdir(join(place, 'rooms'))).toEqual(['v-1', 'v-1-again']);
  yard.current = emptyYard;
  await keepRooms(open(), { keep: 2 });
  expect(await readdir(join(place, 'rooms'))).toEqual([]);
});

/** Like a kill: at the n-th step of files or git, before it or after it, nothing more happens. */
function killedAt(rt: Runtime, step: number, when: 'before' | 'after'): Runtime {
  let steps = 0;
  let isDead = false;
  const dying = <T extends object>(port: T, names: readonly string[]): T =>
    new Proxy(port, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver);
        if (!names.includes(String(name)) || typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          steps += 1;
          const isLast = steps === step;
          if (isDead || (isLast && when === 'before')) {
            isDead = true;
            throw new Error('killed');
          }
          const result = await method.apply(target, args);
          if (isLast) {
            isDead = true;
            throw new Error('killed');
          }
          return result;
        };
      },
    });
  return {
    ...rt,
    files: dying(rt.files, ['write', 'move', 'remove', 'makeDirectory']),
    git: dying(rt.git, ['fillRoom', 'forwardRoom', 'orderRoom']),
  };
}

interface Kind {
  prepare(pool: Pool): Promise<unknown>;
  act(rt: Runtime, pool: Pool): Promise<unknown>;
}

test('a kill at any step of claiming, giving back or caring leaves no room in doubt', async () => {
  const kinds: Readonly<Record<string, Kind>> = {
    make: {
      prepare: ({ rt, first }) => keepRooms(rt, { keep: 1, spare: { tree: first, name: 'repo' } }),
      act: (rt, { second }) => makeRoom(rt, 'v-1', second, 'repo'),
    },
    remove: {
      prepare: ({ rt, first }) => makeRoom(rt, 'v-1', first, 'repo'),
      act: (rt) => removeRoom(rt, 'v-1'),
    },
    care: {
      async prepare({ rt, first }) {
        await makeRoom(rt, 'v-1', first, 'repo');
        await removeRoom(rt, 'v-1');
      },
      act: (rt) => keepRooms(rt, { keep: 1 }),
    },
  };
  // Side by side, each in a pool of its own: they wait for git more than they compute.
  const killed = async (kind: string, { prepare, act }: Kind) => {
    const pool = await aPool();
    const { rt, open, running, second, slots, place, home } = pool;
    running('v-1');
    let reached = true;
    for (let step = 1; reached; step++) {
      for (const when of ['before', 'after'] as const) {
        await prepare(pool);
        reached = await act(killedAt(open(), step, when), pool).then(
          () => false,
          () => true,
        );
        const room = await makeRoom(open(), 'v-1', second, 'repo');
        const found = { kind, step, when, files: (await readdir(room.path)).sort() };
        expect(found).toEqual({ kind, step, when, files: ['src', 'test'] });
        expect(await readFile(join(room.path, 'src', 'a'), 'utf8')).toBe('2\n');
        expect(await proveRoom(rt, room)).toEqual([]);
        await removeRoom(open(), 'v-1');
        await keepRooms(open(), { keep: 1 });
        const [slot, record] = await slots();
        expect({ kind, step, when, slots: kindsOf(await slots()), whole: slot === record }).toEqual({
          kind,
          step,
          when,
          slots: ['ready', 'ready'],
          whole: true,
        });
        expect(await readdir(join(place, 'rooms'))).toEqual([]);
        expect(await readdir(join(home, 'rooms'))).toEqual([]);
      }
    }
  };
  await Promise.all(Object.entries(kinds).map(([name, kind]) => killed(name, kind)));
}, 300_000);
