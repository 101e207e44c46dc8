import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findBubblewrap } from '../../../src/adapters/processes/isolation.ts';
import {
  agent,
  aRealWorld,
  aTag,
  eventually,
  processesWith,
  readable,
  running,
} from '../../support/real-processes.ts';

const never = new AbortController().signal;
const bubblewrap = await findBubblewrap({ PATH: process.env.PATH });

describe.each([
  { containment: 'process_group' as const, works: true },
  { containment: 'auto' as const, works: bubblewrap !== undefined },
])('a run contained by $containment (skipped where bubblewrap does not work)', ({ containment, works }) => {
  const inThisMode = test.runIf(works);

  inThisMode('tells its exit code, its times and how much it printed', async () => {
    const { processes } = await aRealWorld({ containment });

    await processes.start('r', agent('prints-and-exits', ['hello'], { env: { EXIT_CODE: '7' } }));

    const view = await processes.settled('r', never);
    // How much memory it held is known only when it lived long enough to be looked at.
    expect(view).toMatchObject({
      phase: 'ended',
      end: {
        cause: 'exited',
        exitCode: 7,
        startedAt: expect.any(Number),
        endedAt: expect.any(Number),
        bytes: 6,
      },
      facts: [],
    });
    expect(await processes.output('r', { head: 100, tail: 100 })).toBe('hello\n');
  });

  inThisMode('tells the signal that ended it', async () => {
    const { processes } = await aRealWorld({ containment });

    await processes.start('r', agent('dies'));

    expect(await processes.settled('r', never)).toMatchObject({
      end: { cause: 'signalled', signal: 'SIGKILL' },
    });
  });

  inThisMode('that exits with a number that looks like a harmless signal has exited', async () => {
    const { processes } = await aRealWorld({ containment });

    // What Gemini CLI makes of HTTP 401; 17 is SIGCHLD.
    await processes.start('r', {
      ...agent('prints-and-exits'),
      argv: [process.execPath, '-e', 'process.exit(145)'],
    });

    const { end } = (await processes.settled('r', never)) as { end: object };
    expect(end).toMatchObject({ cause: 'exited', exitCode: 145 });
    expect(end).not.toHaveProperty('signal');
  });

  inThisMode('is asked politely first, and its last word is kept', async () => {
    const { processes } = await aRealWorld({ containment });
    await processes.start('r', agent('ends-politely'));
    await running(processes, 'r');

    const survivors = await processes.stop('r', { graceMs: 10_000, cause: 'stopped' });

    expect(survivors).toEqual([]);
    expect(await processes.observe('r')).toMatchObject({
      phase: 'ended',
      end: { cause: 'stopped', bytes: 11 },
    });
    expect(await processes.output('r', { head: 100, tail: 100 })).toBe('up\ngoodbye\n');
  });

  inThisMode('is killed when it refuses to end', async () => {
    const { processes } = await aRealWorld({ containment });
    await processes.start('r', agent('ignores-sigterm'));
    await running(processes, 'r');

    const survivors = await processes.stop('r', { graceMs: 300, cause: 'stopped' });

    expect(survivors).toEqual([]);
    expect(await processes.observe('r')).toMatchObject({ end: { cause: 'stopped', signal: 'SIGKILL' } });
    expect(await processes.output('r', { head: 100, tail: 100 })).toBe('up\nno\n');
  });

  inThisMode('ends at its time limit', async () => {
    const { processes } = await aRealWorld({ containment });
    const tag = aTag();

    await processes.start('r', agent('forever', [tag], { timeoutMs: 300 }));

    expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'timed_out' } });
    expect(processesWith(tag)).toEqual([]);
  });

  inThisMode('ends when its leader does, even if a child still holds its output open', async () => {
    const { processes } = await aRealWorld({ containment });
    const length = String(3_000_000 + process.pid);

    await processes.start('r', agent('leaves-a-child', [length]));

    expect(await processes.settled('r', never)).toMatchObject({
      end: { cause: 'exited', exitCode: 0, bytes: 9 },
    });
    expect(processesWith(`sleep ${length}`)).toEqual([]);
  });

  inThisMode('goes on when it closes its output', async () => {
    const { processes, folder } = await aRealWorld({ containment });
    const proof = path.join(folder, 'proof');

    await processes.start('r', agent('closes-stdout', [proof]));

    expect(await processes.settled('r', never)).toMatchObject({
      end: { cause: 'exited', exitCode: 0, bytes: 0 },
    });
    expect(readFileSync(proof, 'utf8')).toBe('done');
  });

  inThisMode('that cannot be started says why', async () => {
    const { processes } = await aRealWorld({ containment });

    await processes.start('r', { ...agent('forever'), argv: ['no-such-program'] });
    await processes.start('s', { ...agent('forever'), cwd: '/no/such/folder' });

    const end = { cause: 'not_started', bytes: 0 };
    expect(await processes.settled('r', never)).toMatchObject({
      end: { ...end, detail: 'spawn no-such-program ENOENT' },
    });
    expect(await processes.settled('s', never)).toMatchObject({
      end: { ...end, detail: 'The working directory does not exist.' },
    });
  });

  inThisMode('gets exactly the environment and input of its spec, and a group of its own', async () => {
    const { processes, folder } = await aRealWorld({ containment });
    const stdinFile = path.join(folder, 'prompt');
    writeFileSync(stdinFile, 'do it');

    await processes.start(
      'r',
      agent('shows-its-world', [], { env: { ONLY: 'this' }, cwd: folder, stdinFile }),
    );

    await processes.settled('r', never);
    const world = JSON.parse(await processes.output('r', { head: 9_999, tail: 0 }));
    const { PWD, ...env } = world.env;
    expect(env).toEqual({ ONLY: 'this', LOOPYARD_RUN: 'r', LOOPYARD_RUN_MARK: expect.any(String) });
    expect(world).toMatchObject({ cwd: folder, input: 'do it' });
    expect(world.group).toBe(world.session);
  });

  inThisMode('whose shim was killed is lost, and can still be stopped', async () => {
    const { processes } = await aRealWorld({ containment });
    const tag = aTag();
    await processes.start('r', agent('forever', [tag]));
    const { shim } = await running(processes, 'r');

    process.kill(shim.pid, 'SIGKILL');

    expect(await processes.settled('r', never)).toEqual({ phase: 'lost' });
    expect(await processes.stop('r', { graceMs: 1_000, cause: 'stopped' })).toEqual([]);
    expect(await processes.observe('r')).toMatchObject({ phase: 'ended', end: { cause: 'lost', bytes: 3 } });
    expect(processesWith(tag)).toEqual([]);
  });

  inThisMode('whose shim hangs is stopped all the same', async () => {
    const { processes } = await aRealWorld({ containment });
    const tag = aTag();
    await processes.start('r', agent('forever', [tag]));
    const { shim } = await running(processes, 'r');

    process.kill(shim.pid, 'SIGSTOP');
    const survivors = await processes.stop('r', { graceMs: 0, cause: 'stopped' });

    expect(survivors).toEqual([]);
    expect(await processes.observe('r')).toMatchObject({ phase: 'ended', end: { cause: 'stopped' } });
    expect(processesWith(tag)).toEqual([]);
  });

  inThisMode('ends when its directory is removed', async () => {
    const { processes, runsDir } = await aRealWorld({ containment });
    const tag = aTag();
    await processes.start('r', agent('ignores-sigterm', [tag]));
    const { shim } = await running(processes, 'r');

    rmSync(path.join(runsDir, 'r'), { recursive: true });

    await eventually(() => processes.liveness(shim) === 'dead');
    expect(processesWith(tag)).toEqual([]);
    expect(readdirSync(runsDir)).toEqual(['.bell']);
  });

  inThisMode(
    'leaves behind at most what had no parent, group, session or environment in common with it, and names that',
    async () => {
      const { processes, folder } = await aRealWorld({ containment });
      const base = 4_000_000 + process.pid * 10;
      const escaped = () =>
        [1, 2, 3, 4, 5, 6, 7].filter((way) => processesWith(`sleep ${base + way}`).length > 0);
      await processes.start('r', agent('forks-away', [String(base)], { cwd: folder }));
      await eventually(() => escaped().length === 7);

      const survivors = await processes.stop('r', { graceMs: 100, cause: 'stopped' });

      const left = escaped();
      for (const pid of processesWith(`sleep ${base + 7}`)) process.kill(pid, 'SIGKILL');
      expect(left).toEqual(containment === 'auto' ? [] : [7]);
      const named = survivors.map(({ name }) => name);
      expect(named).toEqual(left.map(() => expect.stringMatching(/^sleep \(perhaps/)));
      expect(await processes.observe('r')).toMatchObject({
        phase: 'ended',
        end: left.length > 0 ? { survivors: [expect.stringMatching(/^\d+ sleep \(perhaps/)] } : {},
      });
    },
  );
});

describe('a run without a namespace', () => {
  test('that is suspended (SIGSTOP) with all its processes is stopped all the same', async () => {
    const { processes } = await aRealWorld();
    const tag = aTag();
    await processes.start('r', agent('forever', [tag]));
    await running(processes, 'r');
    for (const pid of processesWith(tag)) process.kill(pid, 'SIGSTOP');
    await eventually(async () => (await processes.vitals('r'))?.suspended);

    expect(await processes.stop('r', { graceMs: 100, cause: 'stopped' })).toEqual([]);
    expect(processesWith(tag)).toEqual([]);
  });

  test('that starts hundreds of processes leaves none', async () => {
    const { processes } = await aRealWorld();
    const length = String(5_000_000 + process.pid);
    const script = `for n in $(seq 300); do sleep ${length} & done; echo up; wait`;
    await processes.start('r', { ...agent('forever'), argv: ['sh', '-c', script] });
    await running(processes, 'r');
    expect(processesWith(`sleep ${length}`).length).toBeGreaterThan(290);

    expect(await processes.stop('r', { graceMs: 1_000, cause: 'stopped' })).toEqual([]);
    expect(processesWith(`sleep ${length}`)).toEqual([]);
  });

  test('tells what its processes do', async () => {
    const { processes, folder } = await aRealWorld();
    const script =
      'const end = Date.now() + 200; while (Date.now() < end); console.log("up"); setInterval(() => {}, 999)';
    const before = Date.now();
    await processes.start('r', { ...agent('forever'), argv: [process.execPath, '-e', script], cwd: folder });
    await running(processes, 'r');

    await expect
      .poll(async () => (await processes.vitals('r'))?.cpuMs, { timeout: 20_000 })
      .toBeGreaterThan(50);
    const vitals = await processes.vitals('r');
    expect(vitals).toMatchObject({ processes: 1, suspended: false });
    // The system counts its start in hundredths of seconds since a boot that it tells in whole seconds.
    expect(Math.abs((vitals?.youngestAt ?? 0) - before)).toBeLessThan(3_000);
    writeFileSync(path.join(folder, 'work'), '');
    expect(await processes.lastChange('r')).toBeGreaterThan(before - 1_000);
    await processes.stop('r', { graceMs: 0, cause: 'stopped' });
    expect(await processes.vitals('r')).toMatchObject({ processes: 0 });
  });
});

describe('a shim', () => {
  test('runs the command once when two shims came', async () => {
    const { processes, runsDir, folder, shimArgv } = await aRealWorld();
    const script = `require('fs').appendFileSync(${JSON.stringify(path.join(folder, 'starts'))}, 'x')`;

    await processes.start('r', { ...agent('forever'), argv: [process.execPath, '-e', script] });
    const rivals = [1, 2, 3].map(() => spawn(shimArgv[0], [...shimArgv.slice(1), path.join(runsDir, 'r')]));
    await Promise.all(rivals.map((rival) => new Promise((resolve) => rival.once('exit', resolve))));
    await processes.settled('r', never);

    expect(readFileSync(path.join(folder, 'starts'), 'utf8')).toBe('x');
  });

  test('that is asked by a plain signal stops its run', async () => {
    const { processes } = await aRealWorld();
    await processes.start('r', agent('ends-politely'));
    const { shim } = await running(processes, 'r');

    process.kill(shim.pid, 'SIGTERM');

    expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'stopped', exitCode: 3 } });
    await eventually(() => processes.liveness(shim) === 'dead');
  });

  test('finds a request to stop where no signal can bring it', async () => {
    const { processes, runsDir } = await aRealWorld();
    await processes.start('r', agent('ends-politely'));
    await running(processes, 'r');

    const request = { cause: 'timed_out', graceMs: 5_000 };
    writeFileSync(path.join(runsDir, 'r', 'stop.json'), JSON.stringify(request));

    expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'timed_out', exitCode: 3 } });
  });

  test('a shim starts a new keeper when its own is gone, outside the run', async () => {
    const { processes, folder } = await aRealWorld();
    const file = path.join(folder, 'keeper');
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.env))`;
    const argv = [process.execPath, '-e', script] as const;
    const dead = { ...processes.self, startTime: '1' };

    await processes.start('a', agent('prints-and-exits', [], { keeper: { identity: processes.self, argv } }));
    await processes.settled('a', never);
    await processes.start('b', agent('prints-and-exits', [], { keeper: { identity: dead, argv } }));
    await processes.settled('b', never);

    const env = await eventually(() => (readable(file) ? readable(file) : undefined));
    expect(JSON.parse(env)).not.toHaveProperty('LOOPYARD_RUN');
  });
});
