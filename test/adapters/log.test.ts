import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { logFile, openLog } from '../../src/adapters/log.ts';
import { eventually, readable, temporaryFolder } from '../support/real-processes.ts';

const messagesIn = (file: string) =>
  (readable(file) ?? '')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line).msg);

test('lines of two processes meet in one file, for this user only, once there is a home', async () => {
  const home = path.join(temporaryFolder(), 'loopyard');
  const [one, two] = [openLog(home, { name: 'keeper', pid: 1 }), openLog(home, { name: 'cli', pid: 2 })];
  one('info', 'too early');
  expect(existsSync(home)).toBe(false);
  mkdirSync(home);

  one('info', 'one', { loop: 'l' });
  await eventually(() => messagesIn(logFile(home)).includes('one'));
  two('warn', 'two');

  expect(await eventually(() => messagesIn(logFile(home))[1] && messagesIn(logFile(home)))).toEqual([
    'one',
    'two',
  ]);
  expect(JSON.parse(readFileSync(logFile(home), 'utf8').split('\n')[0] ?? '')).toMatchObject({
    process: 'keeper',
    pid: 1,
    loop: 'l',
  });
  expect(statSync(logFile(home)).mode & 0o777).toBe(0o600);
});

test('a process that lives long sets a full log aside, and follows when another one did', async () => {
  const home = temporaryFolder();
  const file = logFile(home);
  const [keeper, other] = [openLog(home, { name: 'keeper', pid: 1 }), openLog(home, { name: 'cli', pid: 2 })];
  keeper('info', 'first');
  await eventually(() => messagesIn(file).includes('first'));
  truncateSync(file, 5_000_000);

  other('info', 'last of the old');
  await eventually(() => existsSync(`${file}.1`));
  keeper('info', 'first of the new');

  await eventually(() => messagesIn(file).includes('first of the new'));
  expect(statSync(file).size).toBeLessThan(1_000);
  expect(statSync(`${file}.1`).size).toBeGreaterThan(5_000_000);
});

test('a pipe in its place is not waited for, and a log that could not be opened is opened later', async () => {
  const home = temporaryFolder();
  const file = logFile(home);
  execFileSync('mkfifo', [file]);
  const log = openLog(home, { name: 'keeper', pid: 1 });

  log('info', 'lost');
  await import('pino');
  rmSync(file);
  mkdirSync(file);
  log('info', 'lost too');
  await new Promise((resolve) => setImmediate(resolve));
  rmSync(file, { recursive: true });
  writeFileSync(file, '');
  log('info', 'kept');

  await eventually(() => messagesIn(file).includes('kept'));
});
