import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { identityOf, liveness, selfIdentity } from '../../src/adapters/identity.ts';
import { parseStat, readProcess } from '../../src/adapters/processes/process-table.ts';
import { eventually } from '../support/real-processes.ts';

const self = selfIdentity();

describe('a recorded process', () => {
  test('is alive while it runs and dead when it is gone', async () => {
    const child = spawn('sleep', ['60']);
    await new Promise((resolve) => child.once('spawn', resolve));
    const identity = identityOf(child.pid ?? 0);
    if (!identity) throw new Error('no identity');
    expect(liveness(self, identity)).toBe('alive');

    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));

    expect(liveness(self, identity)).toBe('dead');
    expect(identityOf(identity.pid)).toBeUndefined();
  });

  test('that is stopped is alive', async () => {
    const child = spawn('sleep', ['60']);
    await new Promise((resolve) => child.once('spawn', resolve));
    child.kill('SIGSTOP');
    const identity = identityOf(child.pid ?? 0);

    expect(identity && liveness(self, identity)).toBe('alive');
    child.kill('SIGKILL');
  });

  test('that ended and was not yet collected by its parent is dead', async () => {
    // The shell becomes a sleep that does not know its child and never collects it.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));

    await eventually(() => readProcess(pid)?.zombie);
    const identity = identityOf(pid);

    expect(identity && liveness(self, identity)).toBe('dead');
    parent.kill('SIGKILL');
  });

  test('whose pid belongs to somebody else by now is dead', () => {
    expect(liveness(self, { ...self, startTime: `${self.startTime}0` })).toBe('dead');
  });

  test('of an earlier boot is dead', () => {
    expect(liveness(self, { ...self, boot: 'before' })).toBe('dead');
  });

  test.each([
    { of: 'another host', change: { host: 'elsewhere' } },
    { of: 'another host and boot', change: { host: 'elsewhere', boot: 'before' } },
    { of: 'another pid namespace', change: { namespace: 'pid:[1]' } },
  ])('of $of cannot be judged', ({ change }) => {
    expect(liveness(self, { ...self, ...change, pid: 4_194_305 })).toBe('unknown');
  });

  test.runIf(process.getuid?.() === 0)('of another user is alive (needs root)', async () => {
    const child = spawn('sleep', ['60'], { uid: 65_534, gid: 65_534 });
    await new Promise((resolve) => child.once('spawn', resolve));
    const identity = identityOf(child.pid ?? 0);

    expect(identity && liveness(self, identity)).toBe('alive');
    child.kill('SIGKILL');
  });
});

describe('the stat line of a process', () => {
  test('is read from the last parenthesis, whatever the name holds', () => {
    const rest = 'S 10 20 30 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 0 0';

    expect(parseStat(`42 (a) Z (b c)) ${rest}`)).toEqual({
      pid: 42,
      name: 'a) Z (b c)',
      parent: 10,
      group: 20,
      session: 30,
      startTime: '777',
      zombie: false,
    });
  });

  test('that is cut off is nobody', () => {
    expect(parseStat('42 (sleep) S 1 2')).toBeUndefined();
    expect(parseStat('')).toBeUndefined();
  });

  test('of this process tells the pid, the parent and a start time that stays', () => {
    const entry = readProcess(process.pid);

    expect(entry).toMatchObject({ pid: process.pid, parent: process.ppid, zombie: false });
    expect(readProcess(process.pid)?.startTime).toBe(self.startTime);
  });
});
