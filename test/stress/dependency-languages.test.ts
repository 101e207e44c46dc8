import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { attachDependencies, detachDependencies } from '../../src/core/rooms/dependencies.ts';
import type { Room } from '../../src/core/rooms/pristine.ts';
import { aDependencyWorld, type DependencyWorld } from '../support/dependency-world.ts';
import { aDirectory } from '../support/git-repo.ts';
import { eventually } from '../support/real-processes.ts';

const run = promisify(execFile);
const never = new AbortController().signal;

async function attach(world: DependencyWorld, its?: Room) {
  const room = its ?? (await world.room());
  const given = await attachDependencies(world.rt, room, await world.tree(), never);
  const env = { PATH: process.env.PATH, HOME: room.home, ...given.env };
  const inRoom = (program: string, ...args: string[]) => run(program, args, { cwd: room.path, env });
  return { room, given, inRoom };
}

/** The least that pip takes for a package with a program: a zip file, written by Python itself. */
const makeWheel = `
import zipfile
with zipfile.ZipFile('wheels/greet-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('greet.py', 'def main():\\n    print("greetings")\\n')
    info = 'greet-1.0.dist-info/'
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: greet\\nVersion: 1.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\ngreet = greet:main\\n')
    wheel.writestr(info + 'RECORD', '')
`;

test('a Python environment beside the tree works in every room it comes to, and its scripts are written anew', async () => {
  const world = await aDependencyWorld({
    'requirements.txt': '--no-index\n--find-links wheels\ngreet==1.0\n',
    'wheels/.keep': '',
    'src/project.py': 'import greet\n',
  });
  await run('python3', ['-c', makeWheel], { cwd: world.repo.path });
  await world.repo.commit();
  const first = await attach(world);
  expect(first.given.parts).toMatchObject([{ manager: 'pip', how: 'prepared' }]);
  expect((await first.inRoom('greet')).stdout).toBe('greetings\n');
  expect((await first.inRoom('python', '-c', 'import project, sys; print(sys.prefix)')).stdout.trim()).toBe(
    first.given.env.VIRTUAL_ENV,
  );
  await writeFile(join(first.given.env.VIRTUAL_ENV ?? '', 'bin/greet'), '#!/bin/sh\necho tampered\n');
  await detachDependencies(world.rt, first.room);
  const again = await attach(world, first.room);
  expect(again.given.parts).toMatchObject([{ how: 'kept' }]);
  expect((await again.inRoom('greet')).stdout).toBe('greetings\n');
  const second = await attach(world);
  const script = readFileSync(join(second.given.env.VIRTUAL_ENV ?? '', 'bin/greet'), 'utf8');
  expect(script).toContain(second.given.env.VIRTUAL_ENV);
  expect((await second.inRoom('greet')).stdout).toBe('greetings\n');
}, 90_000);

test('a crate with nothing but path dependencies needs no preparation', async () => {
  const world = await aDependencyWorld({
    'Cargo.toml': '[workspace]\nmembers = ["a"]\n',
    'Cargo.lock': 'version = 3\n\n[[package]]\nname = "a"\nversion = "0.1.0"\n',
    'a/Cargo.toml': '[package]\nname = "a"\nversion = "0.1.0"\n',
    'a/src/lib.rs': '',
  });
  const { given } = await attach(world);
  expect(given).toMatchObject({ key: '', parts: [] });
});

test('setup commands run in the room after its dependencies, and room_files are copied only when named', async () => {
  const config = { setup: ["sh -c 'cat .env > made'"], room_files: ['.env'] };
  const world = await aDependencyWorld({ '.gitignore': '.env\n' }, { config });
  await world.repo.write({ '.env': 'SECRET=1', '.env.other': 'x' });
  const { room, given } = await attach(world);
  expect(readFileSync(join(room.path, 'made'), 'utf8')).toBe('SECRET=1');
  expect(existsSync(join(room.path, '.env.other'))).toBe(false);
  expect(given.notes).toEqual([expect.stringContaining('.env')]);
  await world.repo.write({ '.env': 'SECRET=2' });
  expect((await attach(world)).given.key).not.toBe(given.key);
});

test('setup commands stand behind the walls of checks, where there are any', async () => {
  const outside = await aDirectory();
  const world = await aDependencyWorld({}, { config: { setup: [`touch ${outside}/written`] } });
  const walls = (await world.rt.processes.sandbox()) === 'works';
  const way = await attach(world).then(
    () => 'written',
    ({ code }) => code,
  );
  expect([way, existsSync(join(outside, 'written'))]).toEqual(
    walls ? ['SETUP_FAILED', false] : ['written', true],
  );
});

test('a setup that a killed keeper left running is ended before the next one begins', async () => {
  const world = await aDependencyWorld({}, { config: { setup: ["sh -c 'echo once >> setups'"] } });
  const room = await world.room();
  const { processes } = world.rt;
  const run = `${room.id}-setup-1`;
  const spec = {
    argv: ['sleep', '1000'],
    cwd: room.path,
    env: {},
    timeoutMs: 600_000,
    keepBytes: 1_000,
  } as const;
  await processes.start(run, { ...spec, env: { PATH: process.env.PATH ?? '' } });
  const running = await eventually(async () => {
    const view = await processes.observe(run);
    return view.phase === 'running' ? view : undefined;
  });
  await attachDependencies(world.rt, { ...room, origin: 'resumed' }, await world.tree(), never);
  expect(processes.liveness(running.shim)).toBe('dead');
  expect(readFileSync(join(room.path, 'setups'), 'utf8')).toBe('once\n');
});

test('a setup command that fails names its run', async () => {
  const world = await aDependencyWorld({}, { config: { setup: ['false'] } });
  await expect(attach(world)).rejects.toMatchObject({ code: 'SETUP_FAILED', facts: { exitCode: 1 } });
});

test('a manager that is not there is a note, and no failure', async () => {
  const world = await aDependencyWorld({ 'mix.lock': '%{}\n', 'mix.exs': '' });
  const { given } = await attach(world);
  expect(given).toMatchObject({ parts: [], notes: [expect.stringContaining('"mix" does not work here')] });
});
