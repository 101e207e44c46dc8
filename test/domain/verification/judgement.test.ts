import { describe, expect, test } from 'vitest';
import {
  type CheckStory,
  judge,
  type Rules,
  type Seen,
  worthRepeating,
} from '../../../src/domain/verification/judgement.ts';
import { type Check, passed } from '../../../src/domain/verification/verification.ts';
import type { RunEnd } from '../../../src/domain/worker/run.ts';
import { aRunEnd } from '../../support/yard-builder.ts';

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
const usual: Rules = { ignorePreexisting: false, fewerTests: 'tampered', flaky: 'pass', newRunners: false };

/** A run that its runner reports on: how many tests ran, which of them failed, how many were skipped. */
function report(ran: number, failing: readonly string[] = [], skipped = 0): Seen {
  const failures = failing.map((name) => ({ name, message: '' }));
  const failed = failing.length;
  const counts = { format: 'tap', total: ran + skipped, passed: ran - failed, failed, skipped };
  return {
    end: failed > 0 ? ends.fails : ends.ok,
    report: { ...counts, runs: [counts], failures },
  };
}

const judged = (...story: readonly (keyof typeof ends)[]) =>
  judge(
    checks,
    story.map((key, index) => ({ name: names[index] ?? '', run: { end: ends[key] } })),
    usual,
  );

/** The verdict on one check that is all there is. */
function one(story: Omit<CheckStory, 'name'>, rules: Partial<Rules> = {}) {
  return judge(checks.slice(0, 1), [{ name: 'unit', ...story }], { ...usual, ...rules });
}

describe('a verdict', () => {
  test('is passed only when every check ran and exited with 0', () => {
    expect(judged('ok', 'ok')).toMatchObject({ verdict: 'passed' });
    expect(Object.entries(ends).flatMap(([key, end]) => (passed(end) ? [key] : []))).toEqual(['ok']);
  });

  test.each([
    ['a check fails', ['fails', 'ok']],
    ['the last check fails', ['ok', 'fails']],
    ['the first fails and the rest is not run', ['fails']],
    ['a check dies of a signal', ['signalled', 'ok']],
    ['a check is too slow', ['ok', 'timed_out']],
  ] as const)('is failed when %s', (_title, story) =>
    expect(judged(...story)).toMatchObject({ verdict: 'failed' }),
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
    expect(judged(...story)).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining(reason),
    }),
  );

  test('is failed when a program that the base commit has is gone', () => {
    const run = { end: ends.not_started };
    expect(one({ run, base: { end: ends.fails } })).toMatchObject({ verdict: 'failed' });
    expect(one({ run, base: { end: ends.not_started } })).toMatchObject({ verdict: 'inconclusive' });
  });

  test('is inconclusive when the disk was full, and failed when it was full on the base as well', () => {
    const run = { end: ends.fails, diskFull: true };
    expect(one({ run })).toMatchObject({ verdict: 'inconclusive' });
    expect(one({ run, base: run })).toMatchObject({ verdict: 'failed' });
    expect(one({ run: { end: ends.ok, diskFull: true } })).toMatchObject({ verdict: 'passed' });
  });
});

describe('a check that ends with 0', () => {
  test.each<[string, Omit<CheckStory, 'name'>, string, RegExp]>([
    [
      'ran fewer tests than the base',
      { run: report(1), base: report(3) },
      'tampered',
      /tap reported 1 test, 3 on/,
    ],
    [
      'skips what the base ran',
      { run: report(1, [], 2), base: report(3) },
      'tampered',
      /tap skipped 2 tests, 0 on/,
    ],
    [
      'reports nothing any more',
      { run: { end: ends.ok }, base: report(3) },
      'tampered',
      /this run reported none/,
    ],
    ['ran no test', { run: report(0) }, 'failed', /ran no test/],
    ['skipped all of them', { run: report(0, [], 3), base: report(0, [], 3) }, 'failed', /ran no test/],
  ])('is no pass when it %s', (_title, story, verdict, reason) =>
    expect(one(story)).toMatchObject({ verdict, reason: expect.stringMatching(reason) }),
  );

  test.each<[string, Omit<CheckStory, 'name'>]>([
    ['as many tests', { run: report(3), base: report(3, ['a']) }],
    ['more tests', { run: report(4), base: report(3) }],
    [
      'as many, and skips that a broken base never came to',
      { run: report(20, [], 2), base: report(5, ['a']) },
    ],
    ['fewer skips', { run: report(3), base: report(2, [], 1) }],
    ['tests where the base had none', { run: report(3), base: report(0) }],
    ['no report where the base had none', { run: { end: ends.ok }, base: { end: ends.fails } }],
  ])('passes with %s', (_title, story) => expect(one(story)).toMatchObject({ verdict: 'passed' }));

  test('with fewer tests passes with a remark where that is to be reported only', () =>
    expect(one({ run: report(1), base: report(3) }, { fewerTests: 'report' })).toMatchObject({
      verdict: 'passed',
      checks: [{ passed: true, remark: expect.stringContaining('tap reported 1 test') }],
    }));

  test('after it failed once is flaky, and counts as the user has said', () => {
    const story = { run: report(3), first: report(3, ['a']), base: report(3) };
    const flaky = { flaky: true, remark: expect.stringContaining('flaky') };
    expect(one(story)).toMatchObject({ verdict: 'passed', checks: [{ ...flaky, passed: true }] });
    expect(one(story, { flaky: 'fail' })).toMatchObject({ verdict: 'failed', checks: [flaky] });
  });
});

describe('a check that fails', () => {
  test('names what failed before and what is new', () =>
    expect(one({ run: report(3, ['old', 'new']), base: report(3, ['old', 'mended']) })).toMatchObject({
      verdict: 'failed',
      checks: [{ preexisting: ['old'], fresh: ['new'], flaky: false }],
    }));

  test('is failed and not tampered with when it counts fewer tests: a crash does that too', () =>
    expect(one({ run: report(1, ['a']), base: report(3) })).toMatchObject({ verdict: 'failed' }));

  test('is flaky when two runs fail in different tests, and only failed when in the same', () => {
    const first = report(3, ['a']);
    expect(one({ run: report(3, ['b']), first })).toMatchObject({
      verdict: 'failed',
      checks: [{ flaky: true }],
    });
    expect(one({ run: report(3, ['a']), first })).toMatchObject({
      verdict: 'failed',
      checks: [{ flaky: false }],
    });
  });

  test.each<[string, Omit<CheckStory, 'name'>, string]>([
    ['all failed on the base too', { run: report(3, ['a']), base: report(3, ['a', 'b']) }, 'passed'],
    ['one of them is new', { run: report(3, ['a', 'b']), base: report(3, ['a']) }, 'failed'],
    ['it counts fewer tests', { run: report(2, ['a']), base: report(3, ['a']) }, 'failed'],
    ['the base passed', { run: report(3, ['a']), base: report(3) }, 'failed'],
    ['nobody names them', { run: { end: ends.fails }, base: { end: ends.fails } }, 'failed'],
    [
      'it died of a signal',
      { run: { ...report(3, ['a']), end: ends.signalled }, base: report(3, ['a']) },
      'failed',
    ],
  ])('by choice does not count when its tests failed before: %s', (_title, story, verdict) =>
    expect(one(story, { ignorePreexisting: true })).toMatchObject({ verdict }),
  );

  test('in not all tests by name may have failed in any', () => {
    const run = report(3, ['a']);
    const more = { ...run, report: { ...report(3, ['a']).report, failed: 2 } } as Seen;
    expect(one({ run: more, base: report(3, ['a']) }, { ignorePreexisting: true })).toMatchObject({
      verdict: 'failed',
    });
  });
});

test('protected files that the checks altered are tampering, also when every check passes', () =>
  expect(
    judge(checks.slice(0, 1), [{ name: 'unit', run: report(3) }], usual, { altered: ['test/a.js'] }),
  ).toMatchObject({
    verdict: 'tampered',
    reason: expect.stringContaining('test/a.js'),
  }));

test.each<[string, Pick<CheckStory, 'run' | 'base'>, boolean]>([
  ['it passed', { run: report(3) }, false],
  ['nothing is known of the base', { run: report(3, ['a']) }, true],
  ['it passed on the base', { run: report(3, ['a']), base: report(3) }, true],
  ['the same tests failed on the base', { run: report(3, ['a']), base: report(3, ['a']) }, false],
  ['other tests failed on the base', { run: report(3, ['a', 'b']), base: report(3, ['a']) }, true],
  [
    'it failed on the base and nobody names tests',
    { run: { end: ends.fails }, base: { end: ends.fails } },
    false,
  ],
  ['it was too slow', { run: { end: ends.timed_out } }, false],
  ['it could not be started', { run: { end: ends['127'] } }, false],
  ['it crashed', { run: { end: ends.signalled } }, true],
])('whether to run a check again when %s', (_title, story, again) =>
  expect(worthRepeating(story)).toBe(again),
);

describe('an exit code of 0 beside failures that the runner counted', () => {
  const hidden = (seen: Seen): Seen => ({ ...seen, end: ends.ok });

  test('is tampered with where the base failed', () => {
    const verdict = one({ run: hidden(report(3, ['adds'])), base: report(3, ['adds']) });
    expect(verdict).toMatchObject({
      verdict: 'tampered',
      reason: expect.stringContaining('counted 1 failed'),
    });
    expect(one({ run: hidden(report(3, ['adds'])), base: report(3, ['adds', 'divides']) })).toMatchObject({
      verdict: 'tampered',
    });
  });

  test('is what the caller wants where the base ended well in spite of as much', () => {
    const tolerated = hidden(report(3, ['adds']));
    expect(one({ run: tolerated, base: tolerated })).toMatchObject({ verdict: 'passed' });
    expect(one({ run: tolerated })).toMatchObject({ verdict: 'passed' });
    expect(one({ run: tolerated, base: report(3) })).toMatchObject({ verdict: 'tampered' });
  });

  test('may belong to tests of test tools, whose runner speaks last', () => {
    const nested = { format: 'tap', total: 1, passed: 0, failed: 1, skipped: 0 };
    const outer = (failed: number) => ({ format: 'tap', total: 3, passed: 3 - failed, failed, skipped: 0 });
    const both = (failed: number): Seen => ({
      end: failed > 0 ? ends.fails : ends.ok,
      report: {
        format: 'tap',
        total: 4,
        passed: 3 - failed,
        failed: failed + 1,
        skipped: 0,
        failures: [],
        runs: [nested, outer(failed)],
      },
    });
    expect(one({ run: both(0), base: both(1) })).toMatchObject({ verdict: 'passed' });
  });
});
