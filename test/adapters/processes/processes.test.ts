import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRecord } from '../../../src/adapters/processes/run-directory.ts';
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
describe('starting', () => {
  test('happens once, however many ask', async () => {
    const { processes, runsDir, folder } = await aRealWorld();
    const other = (await aRealWorld({ runsDir })).processes;
    const script = `require('fs').appendFileSync(${JSON.stringify(path.join(folder, 'starts'))}, 'x')`;
    const spec = { ...agent('forever'), argv: [process.execPath, '-e', script] as const };

    await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? processes : other).start('r', spec)));
    await processes.settled('r', never);
    await processes.start('r', spec);

    expect(readFileSync(path.join(folder, 'starts'), 'utf8')).toBe('x');
  });

  test('is repeated when the first shim never came', async () => {
    const { processes, runsDir } = await aRealWorld();
    const broken = await aRealWorld({ runsDir, shimArgv: [process.execPath, '-e', ''] });
    await broken.processes.start('r', agent('prints-and-exits'));
    expect(await processes.observe('r')).toEqual({ phase: 'starting' });
    await processes.start('r', agent('prints-and-exits'));
    expect(readdirSync(path.join(runsDir, 'r'))).toEqual(['spec.json']);

    const aMinuteAgo = Date.now() / 1000 - 60;
    utimesSync(path.join(runsDir, 'r', 'spec.json'), aMinuteAgo, aMinuteAgo);
    expect(await processes.observe('r')).toEqual({ phase: 'absent' });
    await processes.start('r', agent('prints-and-exits'));

    expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'exited' } });
  });

  test('is repeated also when the clock was set back since', async () => {
    const { processes, runsDir } = await aRealWorld();
    const broken = await aRealWorld({ runsDir, shimArgv: [process.execPath, '-e', ''] });
    await broken.processes.start('r', agent('prints-and-exits'));
    const inAnHour = Date.now() / 1000 + 3_600;
    utimesSync(path.join(runsDir, 'r', 'spec.json'), inAnHour, inAnHour);

    expect(await processes.observe('r')).toEqual({ phase: 'absent' });
  });

  test('leaves no secret of the environment on the disk once the command runs', async () => {
    const { processes, runsDir } = await aRealWorld();

    await processes.start('r', agent('forever', [], { env: { API_KEY: 'hunter2' } }));
    await running(processes, 'r');

    const everything = readdirSync(path.join(runsDir, 'r')).map((name) =>
      readFileSync(path.join(runsDir, 'r', name), 'utf8'),
    );
    expect(everything.join()).not.toContain('hunter2');
    expect(statSync(path.join(runsDir, 'r')).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(runsDir, 'r', 'spec.json')).mode & 0o777).toBe(0o600);
  });
});

describe('stopping', () => {
  test('a run that has not started makes it void, and nobody can start it any more', async () => {
    const { processes } = await aRealWorld();
    const tag = aTag();

    expect(await processes.stop('r', { graceMs: 0, cause: 'stopped' })).toEqual([]);
    await processes.start('r', agent('forever', [tag]));

    expect(await processes.settled('r', never)).toEqual({ phase: 'void' });
    expect(processesWith(tag)).toEqual([]);
  });

  test('a run that has not started leaves no secret of its environment on the disk', async () => {
    const { processes, runsDir } = await aRealWorld({ shimArgv: [process.execPath, '-e', ''] });
    await processes.start('r', agent('forever', [], { env: { API_KEY: 'hunter2' } }));

    await processes.stop('r', { graceMs: 0, cause: 'stopped' });

    expect(readFileSync(path.join(runsDir, 'r', 'spec.json'), 'utf8')).not.toContain('hunter2');
  });

  test('an ended run changes nothing', async () => {
    const { processes } = await aRealWorld();
    await processes.start('r', agent('prints-and-exits'));
    const before = await processes.settled('r', never);

    expect(await processes.stop('r', { graceMs: 0, cause: 'timed_out' })).toEqual([]);

    expect(await processes.observe('r')).toEqual(before);
  });

  test('twice at once is one stop, and the first cause stays', async () => {
    const { processes } = await aRealWorld();
    await processes.start('r', agent('ends-politely'));
    await running(processes, 'r');

    await Promise.all([
      processes.stop('r', { graceMs: 5_000, cause: 'timed_out' }),
      processes.stop('r', { graceMs: 5_000, cause: 'stopped' }),
    ]);

    expect(await processes.observe('r')).toMatchObject({ end: { cause: 'timed_out', exitCode: 3 } });
  });

  test('never touches a process that only has the number of the recorded one', async () => {
    const { processes, runsDir } = await aRealWorld();
    const stranger = spawn('sleep', ['60'], { detached: true });
    await new Promise((resolve) => stranger.once('spawn', resolve));
    const directory = path.join(runsDir, 'r');
    mkdirSync(directory, { recursive: true });
    const old = { ...processes.self, pid: stranger.pid ?? 0, startTime: '1' };
    const spec = { ...agent('forever'), id: 'r', mark: 'nobody-has-this' };
    writeFileSync(path.join(directory, 'spec.json'), JSON.stringify(spec));
    writeFileSync(path.join(directory, 'claim.json'), JSON.stringify({ by: 'shim', identity: old, at: 1 }));
    writeFileSync(path.join(directory, 'shim.json'), JSON.stringify({ shim: old, child: old, startedAt: 1 }));
    expect(readRecord(directory, 'shim.json')).toBeDefined();

    expect(await processes.observe('r')).toEqual({ phase: 'lost' });
    await processes.stop('r', { graceMs: 0, cause: 'stopped' });

    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill('SIGKILL');
  });
});

describe('watching', () => {
  test('shows facts while the run goes on, and after its end', async () => {
    const { processes } = await aRealWorld();
    const said = { type: 'said', text: 'hello' };
    const script = `console.log('noise'); console.log(${JSON.stringify(JSON.stringify(said))}); setInterval(() => {}, 1000)`;
    await processes.start('r', {
      ...agent('forever'),
      argv: [process.execPath, '-e', script],
      backend: 'scripted',
    });

    const view = await eventually(async () => {
      const now = await processes.observe('r');
      return now.phase === 'running' && now.activity.facts.length > 0 ? now : undefined;
    });
    await processes.stop('r', { graceMs: 0, cause: 'stopped' });

    expect(view.activity).toMatchObject({ facts: [said], lastOutputAt: expect.any(Number) });
    expect(await processes.observe('r')).toMatchObject({ phase: 'ended', facts: [said] });
  });

  test('ends with the reason of the signal', async () => {
    const { processes } = await aRealWorld();
    const stop = new AbortController();
    const settled = processes.settled('absent', stop.signal);

    stop.abort(new Error('enough'));

    await expect(settled).rejects.toThrow('enough');
  });

  test('an ended run can be forgotten, a running one cannot', async () => {
    const { processes, runsDir } = await aRealWorld();
    await processes.start('r', agent('forever'));
    await running(processes, 'r');

    await expect(processes.forget('r')).rejects.toMatchObject({ code: 'INTERNAL' });
    await processes.stop('r', { graceMs: 0, cause: 'stopped' });
    await processes.forget('r');
    await processes.forget('r');

    expect(readdirSync(runsDir)).toEqual(['.bell']);
    expect(await processes.observe('r')).toEqual({ phase: 'absent' });
  });
});

describe('keepers', () => {
  test('startKeeper starts the keeper of this yard, and it is no part of the run that wanted it', async () => {
    const { folder } = await aRealWorld();
    const file = path.join(folder, 'keeper');
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.env))`;
    const { processes } = await aRealWorld({
      keeperArgv: [process.execPath, '-e', script],
      env: { GIVEN: 'yes', LOOPYARD_RUN: 'r', LOOPYARD_RUN_MARK: 'm' },
    });

    await processes.startKeeper();

    expect(JSON.parse(await eventually(() => readable(file)))).toEqual({ GIVEN: 'yes' });
  });
});

describe('looking for programs', () => {
  test('finds what may be executed, by the given environment and no other', async () => {
    const { processes, folder } = await aRealWorld();
    const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')];
    for (const place of [first, second]) mkdirSync(place);
    writeFileSync(path.join(first, 'tool'), '', { mode: 0o600 });
    writeFileSync(path.join(second, 'tool'), '', { mode: 0o700 });
    mkdirSync(path.join(first, 'folder'));
    const env = { PATH: ['', '.', first, second].join(path.delimiter) };

    expect(await processes.which('tool', env)).toBe(path.join(second, 'tool'));
    expect(await processes.which(path.join(second, 'tool'), {})).toBe(path.join(second, 'tool'));
    expect(await processes.which('folder', env)).toBeUndefined();
    expect(await processes.which('tool', {})).toBeUndefined();
    expect(await processes.which('', env)).toBeUndefined();
  });
});
