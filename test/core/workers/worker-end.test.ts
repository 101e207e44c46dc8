import { describe, expect, test } from 'vitest';
import { idleEnd, workerEnd } from '../../../src/core/workers/worker-end.ts';
import type { Fact, RunEnd } from '../../../src/domain/worker/run.ts';
import { WorkerEnd } from '../../../src/domain/worker/worker.ts';
import { aRunEnd, noon } from '../../support/yard-builder.ts';

const { exitCode: _, ...bare } = aRunEnd;
const endOf = (run: RunEnd, facts: readonly Fact[] = []) => workerEnd(run, facts, []);

describe('the end of a worker', () => {
  test('is what its run and its backend told, and nothing that nobody told', () => {
    expect(endOf(aRunEnd)).toEqual({ run: aRunEnd, usage: {}, denied: [], survivors: [] });
    const facts: readonly Fact[] = [
      { type: 'session', id: 's-1' },
      { type: 'said', text: 'Looking.' },
      { type: 'usage', usage: { inputTokens: 10 } },
      { type: 'tool', name: 'Bash' },
      { type: 'denied', what: 'rm -rf /' },
      { type: 'retrying', class: 'overloaded', text: '529' },
      { type: 'usage', usage: { inputTokens: 5, outputTokens: 2, costUsd: 0.1 } },
      { type: 'finished', text: '\u001b[1mDone.\u001b[0m' },
      { type: 'session', id: 's-2' },
    ];
    expect(workerEnd(aRunEnd, facts, [{ pid: 7, name: 'node' }])).toEqual({
      run: aRunEnd,
      usage: { inputTokens: 15, outputTokens: 2, costUsd: 0.1 },
      said: 'Done.',
      session: 's-1',
      acted: true,
      denied: ['rm -rf /'],
      survivors: ['7 node'],
    });
  });

  test.each<[string, RunEnd]>([
    ['exits with 0', aRunEnd],
    ['exits with 1', { ...aRunEnd, exitCode: 1 }],
    ['is signalled', { ...bare, cause: 'signalled', signal: 'SIGKILL' }],
    ['takes too long', { ...bare, cause: 'timed_out' }],
    ['was stopped', { ...bare, cause: 'stopped' }],
    ['exits with 127 after a day of work', { ...aRunEnd, exitCode: 127, endedAt: noon + 86_400_000 }],
  ])('is its own when it %s', (_title, run) => expect(endOf(run).infrastructure).toBeUndefined());

  test.each<[string, RunEnd, string]>([
    ['could not be started', { ...bare, cause: 'not_started', detail: 'spawn x ENOENT' }, 'spawn x ENOENT'],
    ['could not be started, nobody knows why', { ...bare, cause: 'not_started' }, 'It could not be started.'],
    ['was lost', { ...bare, cause: 'lost' }, 'It was lost.'],
    ['found no program', { ...aRunEnd, exitCode: 127 }, 'It ended at once with exit code 127'],
    ['may not run its program', { ...aRunEnd, exitCode: 126 }, 'It ended at once with exit code 126'],
  ])('is not its fault when it %s', (_title, run, text) =>
    expect(endOf(run).infrastructure).toEqual({ class: 'other', text: expect.stringContaining(text) }),
  );

  const retrying: Fact = { type: 'retrying', class: 'overloaded', text: '529' };
  const told = 'It tried again until it was ended. It said: 529';

  test.each<[string, RunEnd['cause'], readonly Fact[], object | undefined]>([
    ['it was silent', 'stalled', [], { class: 'hang', text: 'It gave no sign of life.' }],
    ['it was silent between its tries', 'stalled', [retrying], { class: 'overloaded', text: told }],
    ['its time was over between its tries', 'timed_out', [retrying], { class: 'overloaded', text: told }],
    ['it was kept waiting', 'kept_waiting', [retrying], { class: 'overloaded', text: told }],
    [
      'it was kept waiting, and says no more of it',
      'kept_waiting',
      [],
      { class: 'other', text: 'It was kept waiting.' },
    ],
    [
      'it told what it used when it was ended',
      'stalled',
      [retrying, { type: 'denied', what: 'x' }, { type: 'usage', usage: { inputTokens: 0 } }],
      { class: 'overloaded', text: told },
    ],
    [
      'it had gone on after its tries',
      'stalled',
      [retrying, { type: 'said', text: 'So.' }],
      { class: 'hang', text: 'It gave no sign of life.' },
    ],
    [
      'its time was over after it had gone on',
      'timed_out',
      [retrying, { type: 'tool', name: 'x' }],
      undefined,
    ],
    ['a person stopped it between its tries', 'stopped', [retrying], undefined],
  ])('is of the class of what it kept trying: %s', (_title, cause, facts, expected) =>
    expect(endOf({ ...bare, cause }, facts).infrastructure).toEqual(expected),
  );

  test('says for how long it tried, where that is known', () => {
    const run: RunEnd = { ...bare, cause: 'stalled', detail: 'It tried for 9 s.' };
    expect(endOf(run, [retrying]).infrastructure?.text).toBe('It tried for 9 s. It said: 529');
  });

  test('is no deed by a report that it used nothing', () => {
    const used = (inputTokens: number): Fact => ({ type: 'usage', usage: { inputTokens } });
    expect([endOf(aRunEnd, [used(0)]).acted, endOf(aRunEnd, [used(1)]).acted]).toEqual([undefined, true]);
  });

  test('is what the backend said last when it gave up, however the run ended', () => {
    const facts: readonly Fact[] = [
      { type: 'fatal', class: 'overloaded', text: 'first' },
      { type: 'fatal', class: 'rate_limit', text: 'limit', resetAt: 5 },
    ];
    for (const run of [aRunEnd, { ...aRunEnd, exitCode: 1 }, { ...bare, cause: 'lost' as const }])
      expect(endOf(run, facts).infrastructure).toEqual({ class: 'rate_limit', text: 'limit', resetAt: 5 });
  });

  test('fits its schema however much a worker says', () => {
    const long = '😀'.repeat(100_000);
    const facts: readonly Fact[] = [
      { type: 'said', text: long },
      { type: 'fatal', class: 'other', text: long },
      ...Array.from({ length: 50 }, (): Fact => ({ type: 'denied', what: long })),
    ];
    const end = endOf({ ...bare, cause: 'not_started', detail: 'x'.repeat(500) }, facts);
    expect(WorkerEnd.parse(end)).toEqual(end);
    expect(end.denied).toHaveLength(20);
  });
});

describe('a worker that changed nothing', () => {
  const lasting = (seconds: number, cause: RunEnd['cause']): RunEnd => ({
    ...(cause === 'exited' ? aRunEnd : bare),
    cause,
    endedAt: noon + seconds * 1_000,
    startedAt: noon,
  });

  test.each<[string, RunEnd, readonly Fact[], boolean, string | undefined]>([
    ['was gone at once', lasting(14, 'exited'), [], true, 'other'],
    ['worked and ended soon', lasting(14, 'exited'), [{ type: 'tool', name: 'x' }], true, undefined],
    ['ended after a while', lasting(15, 'exited'), [], true, undefined],
    ['was stopped', lasting(5, 'stopped'), [], true, undefined],
    ['did nothing until its time was over', lasting(600, 'timed_out'), [], true, 'hang'],
    ['did something in its time', lasting(600, 'timed_out'), [{ type: 'said', text: 'x' }], true, undefined],
    ['is a plain command whose time was over', lasting(600, 'timed_out'), [], false, undefined],
  ])('and %s', (_title, run, facts, tellsFacts, expected) =>
    expect(idleEnd(endOf(run, facts), tellsFacts)?.class).toBe(expected),
  );
});
