import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attachDependencies, dependencyKey, detachDependencies } from '../../src/core/rooms/dependencies.ts';
import type { Room } from '../../src/core/rooms/pristine.ts';
import { aDependencyWorld, type DependencyWorld, type WorldOptions } from '../support/dependency-world.ts';
import { eventually } from '../support/real-processes.ts';

const run = promisify(execFile);
const never = new AbortController().signal;

const manifest = (own: Record<string, unknown>) =>
  `${JSON.stringify({ name: 'project', version: '1.0.0', ...own })}\n`;

/** Two workspaces, one with a program the other one runs; install scripts everywhere that would leave a mark. */
const monorepo = {
  'package.json': manifest({
    private: true,
    workspaces: ['packages/*'],
    scripts: { preinstall: 'touch $MARK/root', postinstall: 'touch $MARK/root', test: 'say hello' },
    devDependencies: { say: '1.0.0' },
  }),
  'packages/say/package.json': manifest({
    name: 'say',
    bin: 'cli.js',
    scripts: { postinstall: 'touch $MARK/member' },
  }),
  'packages/say/cli.js': '#!/usr/bin/env node\nconsole.log("said", process.argv[2]);\n',
  'packages/app/package.json': manifest({ name: 'app', dependencies: { say: '1.0.0' } }),
  '.gitignore': 'node_modules\n',
};

/** One small package of the registry. */
const registry = {
  'package.json': manifest({ dependencies: { 'is-number': '7.0.0' } }),
  'package-lock.json': `${JSON.stringify({
    name: 'project',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'project', version: '1.0.0', dependencies: { 'is-number': '7.0.0' } },
      'node_modules/is-number': {
        version: '7.0.0',
        resolved: 'https://registry.npmjs.org/is-number/-/is-number-7.0.0.tgz',
        integrity:
          'sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==',
      },
    },
  })}\n`,
};

/** What was prepared once serves all tests that do not harm it. */
let shared = '';
beforeAll(async () => {
  shared = realpathSync(mkdtempSync(join(tmpdir(), 'loopyard-test-')));
});
afterAll(() => rmSync(shared, { recursive: true, force: true }));
const aWorldWithPackage = () => aDependencyWorld(registry, { root: shared });

async function withLock(files: Record<string, string>, options?: WorldOptions): Promise<DependencyWorld> {
  const world = await aDependencyWorld(files, options);
  const args = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'];
  await run('npm', args, { cwd: world.repo.path });
  await world.repo.commit();
  return world;
}

async function attached(world: DependencyWorld, its?: Room) {
  const tree = await world.tree();
  const room = its ?? (await world.room());
  return { room, tree, given: await attachDependencies(world.rt, room, tree, never) };
}

/** Ids of the preparations that were started. */
const preparations = (world: DependencyWorld) =>
  existsSync(world.runsDir) ? readdirSync(world.runsDir).filter((name) => name.startsWith('deps-')) : [];

/** When a room has been given back, a spare copy is made. */
const spareIsThere = (world: DependencyWorld, key = '') =>
  eventually(
    () =>
      existsSync(join(world.cache, 'spares', key)) && readdirSync(join(world.cache, 'spares', key)).length,
  );

test('a workspaces monorepo is installed once, at its root, with links that stay in the room', async () => {
  const world = await withLock(monorepo);
  const { room, given, tree } = await attached(world);
  expect(given.parts).toMatchObject([{ manager: 'npm', folder: '', how: 'prepared' }]);
  expect(given.key).toBe(await dependencyKey(world.rt, tree));
  expect(readlinkSync(join(room.path, 'node_modules/say'))).toBe('../packages/say');
  expect(realpathSync(join(room.path, 'node_modules/say'))).toBe(join(room.path, 'packages/say'));
});

test('a program of a workspace runs though its file is not executable, and the file stays as it was committed', async () => {
  const world = await withLock(monorepo);
  const { room } = await attached(world);
  const { stdout } = await run('npm', ['test', '--silent'], { cwd: room.path });
  expect(stdout).toBe('said hello\n');
  expect(lstatSync(join(room.path, 'packages/say/cli.js')).mode & 0o111).toBe(0);
});

test('install scripts of the project itself do not run, and a note says so', async () => {
  const world = await withLock(monorepo, { config: { check_env: ['MARK'] } });
  const mark = join(world.cache, '..', 'mark');
  mkdirSync(mark);
  const { given } = await attached({ ...world, rt: { ...world.rt, env: { ...world.rt.env, MARK: mark } } });
  expect(readdirSync(mark)).toEqual([]);
  expect(given.notes).toEqual([expect.stringContaining('package.json, packages/say/package.json')]);
});

test('install scripts of a dependency run, as in the installation of the user', async () => {
  const world = await aDependencyWorld({
    'package.json': manifest({ dependencies: { made: 'file:made-1.0.0.tgz' } }),
    'made/package.json': manifest({
      name: 'made',
      scripts: { postinstall: "node -e \"fs.writeFileSync('built', '')\"" },
    }),
  });
  await run('npm', ['pack', './made'], { cwd: world.repo.path });
  await run('npm', ['install', '--package-lock-only', '--no-audit'], { cwd: world.repo.path });
  await world.repo.commit();
  const { room } = await attached(world);
  expect(readdirSync(join(room.path, 'node_modules/made'))).toContain('built');
});

test('what a room kept is put back as long as nothing in it changed', async () => {
  const world = await aWorldWithPackage();
  const { room } = await attached(world);
  await detachDependencies(world.rt, room);
  expect(existsSync(join(room.path, 'node_modules'))).toBe(false);
  const again = await attached(world, room);
  expect(again.given.parts).toMatchObject([{ how: 'kept' }]);
  expect(existsSync(join(room.path, 'node_modules/is-number/index.js'))).toBe(true);
});

test('a check that changes a dependency, and puts size and time back, does not reach the next check', async () => {
  const world = await aWorldWithPackage();
  const { room } = await attached(world);
  const file = join(room.path, 'node_modules/is-number/index.js');
  const { size, atime, mtime } = lstatSync(file);
  writeFileSync(file, 'x'.repeat(size));
  utimesSync(file, atime, mtime);
  await detachDependencies(world.rt, room);
  const again = await attached(world, room);
  expect(again.given.parts[0]?.how).toMatch(/spare|copied/);
  expect(world.logged.join()).toContain('altered by a check');
  await run(process.execPath, ['-e', 'if (!require("is-number")(5)) process.exit(1)'], { cwd: room.path });
});

test('a file that a check adds to its dependencies is found too', async () => {
  const world = await aWorldWithPackage();
  const { room } = await attached(world);
  mkdirSync(join(room.path, 'node_modules/chalk'));
  writeFileSync(join(room.path, 'node_modules/chalk/index.js'), '');
  await detachDependencies(world.rt, room);
  const again = await attached(world, room);
  expect(again.given.parts[0]?.how).not.toBe('kept');
  expect(existsSync(join(room.path, 'node_modules/chalk'))).toBe(false);
});

test('what tools leave in their cache folders is emptied, and costs nothing', async () => {
  const world = await aWorldWithPackage();
  const { room } = await attached(world);
  for (const name of ['.cache/babel', '.vite/vitest']) {
    mkdirSync(join(room.path, 'node_modules', name), { recursive: true });
    writeFileSync(join(room.path, 'node_modules', name, 'poison'), '');
  }
  await detachDependencies(world.rt, room);
  const again = await attached(world, room);
  expect(again.given.parts).toMatchObject([{ how: 'kept' }]);
  expect(readdirSync(join(room.path, 'node_modules'))).not.toContain('.cache');
});

test('no two rooms, and not the cache either, share a file', async () => {
  const world = await aWorldWithPackage();
  const rooms = [await attached(world), await attached(world)];
  await detachDependencies(world.rt, rooms[0]?.room as Room);
  await spareIsThere(world, rooms[0]?.given.parts[0]?.key);
  const key = rooms[0]?.given.parts[0]?.key ?? '';
  const [spare = ''] = readdirSync(join(world.cache, 'spares', key));
  const again = await attached(world, rooms[0]?.room);
  const inodes = [
    join(again.room.path, 'node_modules'),
    join(rooms[1]?.room.path ?? '', 'node_modules'),
    join(world.cache, 'ready', key, '0'),
    join(world.cache, 'spares', key, spare, '0'),
  ].map((folder) => lstatSync(join(folder, 'is-number/index.js')).ino);
  expect(new Set(inodes).size).toBe(4);
});

test('a new room gets the spare copy that was made ahead', async () => {
  const world = await aDependencyWorld(registry);
  const { room, given } = await attached(world);
  await detachDependencies(world.rt, room);
  await spareIsThere(world, given.parts[0]?.key);
  const next = await attached(world);
  expect(next.given.parts).toMatchObject([{ how: 'spare' }]);
  expect(preparations(world)).toHaveLength(1);
});

test('a tampered cache is found before it is used, and made anew', async () => {
  const world = await aDependencyWorld(registry);
  const { given } = await attached(world);
  const key = given.parts[0]?.key ?? '';
  appendFileSync(join(world.cache, 'ready', key, '0/is-number/index.js'), '\nprocess.exit(0)\n');
  const next = await attached(world);
  expect(next.given.parts).toMatchObject([{ how: 'prepared' }]);
  expect(world.logged.join()).toContain('altered in the cache');
  await run(process.execPath, ['-e', 'if (!require("is-number")(5)) process.exit(1)'], {
    cwd: next.room.path,
  });
});

test('a cache whose times changed and whose content did not, as after a restored backup, is good', async () => {
  const world = await aDependencyWorld(registry);
  const { given } = await attached(world);
  const file = join(world.cache, 'ready', given.parts[0]?.key ?? '', '0/is-number/index.js');
  utimesSync(file, 1, 1);
  const next = await attached(world);
  expect(next.given.parts).toMatchObject([{ how: 'copied' }]);
});

test('two keepers that need the same lock file prepare it once', async () => {
  const world = await aDependencyWorld(registry);
  const other = await world.beside(registry);
  const both = await Promise.all([attached(world), attached(other)]);
  expect(both.map(({ given }) => given.key)).toEqual([both[0].given.key, both[0].given.key]);
  expect([...preparations(world), ...preparations(other)]).toHaveLength(1);
});

test('a failing preparation says which run holds its output, and leaves nothing in the cache', async () => {
  const world = await aDependencyWorld({
    ...registry,
    'package-lock.json': registry['package-lock.json'].replaceAll('7.0.0', '7.0.99'),
  });
  const failure = await attached(world).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'SETUP_FAILED', facts: { run: expect.stringMatching(/^deps-/) } });
  const { run: id } = (failure as { facts: { run: string } }).facts;
  expect(await world.rt.processes.output(id, { head: 4_000, tail: 4_000 })).toMatch(/npm ci|package-lock/);
  expect(existsSync(join(world.cache, 'ready'))).toBe(false);
});

test('a resumed room, in which checks may be running, is not touched', async () => {
  const world = await aWorldWithPackage();
  const { room, given } = await attached(world);
  writeFileSync(join(room.path, 'node_modules/is-number/being-written'), '');
  const again = await attached(world, { ...room, origin: 'resumed' });
  expect(again.given).toEqual(given);
  expect(readdirSync(join(room.path, 'node_modules/is-number'))).toContain('being-written');
});

test('a keeper that was killed in the middle of attaching leaves nothing that the next one keeps', async () => {
  const world = await aWorldWithPackage();
  const { room } = await attached(world);
  writeFileSync(join(room.path, 'node_modules/is-number/half'), '');
  await world.rt.files.remove(join(room.record, 'dependencies.json'));
  const again = await attached(world, { ...room, origin: 'resumed' });
  expect(again.given.parts[0]?.how).not.toBe('kept');
  expect(readdirSync(join(room.path, 'node_modules/is-number'))).not.toContain('half');
});

test('the least recently used goes first when the cache is too large', async () => {
  const world = await aDependencyWorld(registry);
  const first = (await attached(world)).given.parts[0]?.key ?? '';
  await world.repo.commit({ '.npmrc': 'fund=false\n' });
  const second = (await attached(world)).given.parts[0]?.key ?? '';
  expect(second).not.toBe(first);
  utimesSync(join(world.cache, 'used', first), 1, 1);
  const entry = readFileSync(join(world.cache, 'ready', second, 'entry.json'), 'utf8');
  await world.rt.dependencies.trim(Math.round(JSON.parse(entry).bytes * 1.5));
  expect(readdirSync(join(world.cache, 'ready')).filter((name) => !name.startsWith('.'))).toEqual([second]);
});
