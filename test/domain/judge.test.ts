import { describe, expect, test } from 'vitest';
import type { RunEnd } from '../../src/domain/run.ts';
import { type Check, judge, passed } from '../../src/domain/verification.ts';
import { aRunEnd } from '../support/yard-builder.ts';

const { exitCode: _, ...unfinished } = aRunEnd;
const ends = {
  ok: aRunEnd,
  fails: { ...aRunEnd, exitCode: 1 },
  '126': { ...aRunEnd, exitCode: 126 },
  '127': { ...aRunEnd, exitCode: 127 },
  signalled: { ...unfinished, cause: 'signalled', signal: 'SIGSEGV' },
  timed_out: { ...unfinished, cause: 'timed_out', signal: 'SIGKILL' },
  stopped: { ...unfinished, cause: 'stopped' },
  'stopped with 0': { ...aRunEnd, cause: 'stopped' },
  lost: { ...unfinished, cause: 'lost' },
  not_started: { ...unfinished, cause: 'not_started', detail: 'spawn npmm ENOENT' },
} satisfies Record<string, RunEnd>;

const names = ['unit', 'lint'];
const checks: readonly Check[] = names.map((name) => ({ name, argv: ['npm', name], timeoutMs: 1 }));

function judged(...story: readonly (keyof typeof ends)[]) {
  return judge(
    checks,
    story.map((key, index) => ({ name: names[index] ?? '', run: `v-${index + 1}`, end: ends[key] })),
  );
}

describe('a verdict', () => {
  test('is passed only when every check ran and exited with 0', () => {
    expect(judged('ok', 'ok')).toEqual({ verdict: 'passed' });
    expect(Object.entries(ends).flatMap(([key, end]) => (passed(end) ? [key] : []))).toEqual(['ok']);
  });

  test.each([
    ['a check fails', ['fails', 'ok']],
    ['the last check fails', ['ok', 'fails']],
    ['the first fails and the rest is not run', ['fails']],
    ['a check dies of a signal', ['signalled', 'ok']],
    ['a check is too slow', ['ok', 'timed_out']],
  ] as const)('is failed when %s', (_title, story) =>
    expect(judged(...story)).toEqual({ verdict: 'failed' }),
  );

  test.each([
    ['no check ran', [], 'No check ran.'],
    ['not every check ran', ['ok'], 'Not every check ran.'],
    ['a program is not there', ['not_started'], 'The check "unit" could not be started'],
    ['a shell finds no program', ['ok', '127'], 'The check "lint" could not be started'],
    ['a program may not be run', ['126', 'ok'], 'The check "unit" could not be started'],
    ['we stopped a check', ['ok', 'stopped'], 'The check "lint" was interrupted'],
    ['we stopped a check that then ended well', ['ok', 'stopped with 0'], 'The check "lint" was interrupted'],
    ['a check was lost', ['lost', 'ok'], 'The check "unit" was interrupted'],
    [
      'another check fails beside the one nobody can judge',
      ['fails', 'lost'],
      'The check "lint" was interrupted',
    ],
  ] as const)('is inconclusive when %s', (_title, story, reason) =>
    expect(judged(...story)).toEqual({ verdict: 'inconclusive', reason: expect.stringContaining(reason) }),
  );

  test('is failed when a program that the base commit has is gone', () => {
    const results = [{ name: 'unit', run: 'v-1', end: ends.not_started }];
    expect(judge(checks, results, new Set(['unit']))).toEqual({ verdict: 'failed' });
    expect(judge(checks, results, new Set(['lint']))).toMatchObject({ verdict: 'inconclusive' });
  });
});
