import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contradiction, ranNoTest } from '../../../../src/domain/verification/test-report/comparison.ts';
import { readReport, type TestReport } from '../../../../src/domain/verification/test-report/read-report.ts';

type Run = readonly [format: string, passed: number, failed?: number, skipped?: number];

function report(...given: readonly Run[]): TestReport {
  const runs = given.map(([format, passed, failed = 0, skipped = 0]) => ({
    format,
    passed,
    failed,
    skipped,
    total: passed + failed + skipped,
  }));
  const sum = (kind: 'total' | 'passed' | 'failed' | 'skipped') =>
    runs.reduce((all, run) => all + run[kind], 0);
  return {
    format: 'any',
    total: sum('total'),
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    failures: [],
    runs,
  };
}

describe('a run contradicts that of the base commit', () => {
  test.each<[string, TestReport | undefined, TestReport | undefined, string]>([
    [
      'with fewer tests',
      report(['jest', 3]),
      report(['jest', 2]),
      'jest reported 2 tests, 3 on the base commit.',
    ],
    [
      'with more skips',
      report(['jest', 3]),
      report(['jest', 3, 0, 1]),
      'jest skipped 1 test, 0 on the base commit.',
    ],
    ['with no report', report(['jest', 3]), undefined, 'reported 3 tests, this run reported none'],
    [
      'with none of a runner',
      report(['jest', 3], ['tap', 2]),
      report(['jest', 5]),
      'tap reported 0 tests, 2',
    ],
    [
      'with a report too many',
      report(['jest', 3]),
      report(['jest', 9], ['jest', 1]),
      'jest reported 1 test, 3',
    ],
    ['with another format', report(['jest', 3]), report(['tap', 99]), 'jest reported 0 tests, 3'],
  ])('%s', (_, base, now, sentence) => expect(contradiction(base, now)).toContain(sentence));

  test.each<[string, TestReport | undefined, TestReport | undefined]>([
    ['with the same tests', report(['jest', 3]), report(['jest', 3])],
    ['with more tests', report(['jest', 3, 1]), report(['jest', 6])],
    ['with fewer skips', report(['jest', 3, 0, 2]), report(['jest', 5])],
    ['with another runner besides', report(['jest', 3]), report(['jest', 3], ['tap', 1])],
    ['where base had no report', undefined, report(['jest', 3])],
    ['where base ran nothing', report(['jest', 0]), undefined],
    ['where both have none', undefined, undefined],
  ])('not %s', (_, base, now) => expect(contradiction(base, now)).toBeUndefined());

  test('with a report more only where no runner may be added', () => {
    const [base, now] = [report(['tap', 3]), report(['tap', 3], ['tap', 2])];
    expect(contradiction(base, now)).toContain('Further reports of tap came before and were not believed.');
    expect(contradiction(base, now, { newRunners: true })).toBeUndefined();
  });
});

test.each(['fake-node20', 'fake-node24', 'fake-vitest', 'fake-jest', 'fake-mocha', 'fake-pytest'])(
  'the real output of %s contradicts a base run of three tests',
  (name) => {
    const output = readFileSync(
      new URL(`../../../fixtures/test-output/${name}.txt`, import.meta.url),
      'utf8',
    );
    const format = readReport(output)?.format ?? 'jest';
    expect(contradiction(report([format, 3]), readReport(output))).toBeDefined();
  },
);

test('a run that skipped everything ran no test', () => {
  expect(ranNoTest(report(['jest', 0, 0, 4]))).toBe(true);
  expect(ranNoTest(report(['jest', 0, 1]))).toBe(false);
});
