import { none, type Reader, startedSections, type TestFailure } from './section.ts';

/**
 * XCTest, as `swift test` and xcodebuild print it. The cases are counted; the totals come once per suite within suite:
 * ```
 * Test Case '-[SumTests.SumTests testCarries]' failed (0.002 seconds).
 * Test Case 'SumTests.testLater' skipped (0.001 seconds)
 * Executed 3 tests, with 1 failure (0 unexpected) in 0.012 (0.013) seconds
 * ```
 */
export const xctest: Reader = {
  format: 'xctest',
  read: ({ lines }) => {
    const counts = { ...none };
    const failures: TestFailure[] = [];
    let first: number | undefined;
    let last = 0;
    for (const [index, line] of lines.entries()) {
      const [, name, end] =
        /^Test Case '(?:-\[)?(\S[^'\]]{0,500})\]?' (passed|failed|skipped) \(/.exec(line) ?? [];
      if (name === undefined) continue;
      first ??= index;
      last = index;
      if (end === 'passed' || end === 'failed' || end === 'skipped') counts[end]++;
      if (end !== 'failed') continue;
      const said = lines.slice(Math.max(0, index - 50), index).findLast((before) => / error: /.test(before));
      failures.push({ name, message: said?.slice(said.indexOf(' error: ') + 8) ?? '' });
    }
    return first === undefined ? [] : [{ from: first, to: last, ...counts, failures }];
  },
};

/**
 * Swift Testing. Skipped tests are in no total, so they are counted where they are listed:
 * ```
 * ◇ Test run started.
 * ✘ Test carries() failed after 0.001 seconds with 1 issue.
 * ➜ Test later() skipped.
 * ✘ Test run with 2 tests in 1 suite failed after 0.001 seconds with 1 issue.
 * ```
 */
export const swiftTesting: Reader = {
  format: 'swift testing',
  read: (printed) =>
    startedSections(printed, /^\S+ {1,2}Test run started\.$/, /^\S+ {1,2}Test run with \d/, (index, from) => {
      const { lines } = printed;
      const [, total] =
        /^\S+ {1,2}Test run with (\d{1,7}) tests? (?:in \d+ suites? )?(?:passed|failed) after /.exec(
          lines[index] ?? '',
        ) ?? [];
      if (total === undefined) return undefined;
      const before = lines.slice(from, index);
      const named = (end: string) =>
        before.flatMap((line) => new RegExp(`^\\S+ {1,2}Test (\\S.{0,300}?) ${end}`).exec(line)?.[1] ?? []);
      const failed = named('failed after ');
      const counts = {
        passed: Math.max(0, Number(total) - failed.length),
        failed: failed.length,
        skipped: named('skipped(?:\\.|:)').length,
      };
      const failures = failed.map((name) => {
        const said = before.find((line) => line.includes(`Test ${name} recorded an issue at `));
        return { name, message: said?.replace(/^.{0,400}? recorded an issue at [^ ]+ /, '') ?? '' };
      });
      return { from, to: index, ...counts, failures };
    }),
};
