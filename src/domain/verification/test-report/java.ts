import { messageAfter } from './failures.ts';
import {
  type Counts,
  endedSections,
  none,
  type Reader,
  type TestFailure,
  totalOf,
  withoutPasses,
} from './section.ts';

/**
 * Maven's surefire and failsafe plugins, all modules of a build together:
 * ```
 * [INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.05 s -- in com.example.SumTest
 * [ERROR]   SumTest.carries:12 expected: <11> but was: <10>
 * [ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 1
 * ```
 * A module's total, the line without a time, is not believed beyond its classes.
 */
export const maven: Reader = {
  format: 'maven',
  read: (printed) => {
    const { lines } = printed;
    const sum = { ...none };
    let listed = 0;
    let first: number | undefined;
    let last = 0;
    for (const [index, line] of lines.entries()) {
      const said =
        /^(?:\[\w+\] )?Tests run: +(\d{1,7}), Failures: +(\d{1,7}), Errors: +(\d{1,7}), Skipped: +(\d{1,7})(, Time elapsed: .*)?(?:, Flakes: \d+)?$/.exec(
          line,
        );
      if (!said) continue;
      const [run, failures, errors, skipped] = said.slice(1, 5).map(Number) as [
        number,
        number,
        number,
        number,
      ];
      if (said[5] !== undefined) {
        listed += run;
        continue;
      }
      const counts = {
        passed: Math.max(0, run - failures - errors - skipped),
        failed: failures + errors,
        skipped,
      };
      const hidden = printed.gap !== undefined && printed.gap < index;
      const surplus = hidden ? 0 : totalOf(counts) - listed;
      add(sum, surplus > 0 ? withoutPasses(counts, surplus) : counts);
      listed = 0;
      first ??= index;
      last = index;
    }
    return first === undefined ? [] : [{ from: first, to: last, ...sum, failures: mavenFailures(lines) }];
  },
};

function add(sum: { passed: number; failed: number; skipped: number }, counts: Counts): void {
  for (const kind of ['passed', 'failed', 'skipped'] as const) sum[kind] += counts[kind];
}

function mavenFailures(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line) => {
    const [, name, message = ''] =
      /^\[ERROR\] {3}(\w[\w.$[\](), ]{0,200}?:\d+)(?:->\S+)? ?(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, message: message.replace(/^» /, '') }];
  });
}

/**
 * Gradle. It counts only when something failed; otherwise tests are counted where the build logs them one by one:
 * ```
 * SumTest > adds() PASSED
 * SumTest > carries() FAILED
 *     org.opentest4j.AssertionFailedError at SumTest.java:12
 * 3 tests completed, 1 failed, 1 skipped
 * ```
 * A successful build without such lines says nothing about tests, and nothing is read from it.
 */
export const gradle: Reader = {
  format: 'gradle',
  read: ({ lines }) => {
    const listed = { ...none };
    const sum = { ...none };
    const failures: TestFailure[] = [];
    let first: number | undefined;
    let last = 0;
    for (const [index, line] of lines.entries()) {
      const [, name, end] =
        /^(\S.{0,500} > \S.{0,500}) (PASSED|FAILED|SKIPPED|STANDARD_OUT)$/.exec(line) ?? [];
      const said = /^(\d{1,7}) tests? completed(?:, (\d{1,7}) failed)?(?:, (\d{1,7}) skipped)?$/.exec(line);
      if ((name !== undefined && end !== 'STANDARD_OUT') || said) {
        first ??= index;
        last = index;
      }
      if (end === 'PASSED') listed.passed++;
      if (end === 'SKIPPED') listed.skipped++;
      if (end === 'FAILED' && name !== undefined) {
        listed.failed++;
        failures.push({ name, message: messageAfter(lines, index + 1, (next) => !/^\s/.test(next)) });
      }
      if (!said) continue;
      const [total, failed, skipped] = [Number(said[1]), Number(said[2] ?? 0), Number(said[3] ?? 0)];
      add(sum, { passed: Math.max(0, total - failed - skipped), failed, skipped });
    }
    if (first === undefined) return [];
    const counts = totalOf(sum) > totalOf(listed) && listed.passed === 0 ? sum : listed;
    return [{ from: first, to: last, ...counts, failures }];
  },
};

/**
 * The console of JUnit 5:
 * ```
 * [         3 tests found           ]
 * [         1 tests skipped         ]
 * [         1 tests successful      ]
 * [         1 tests failed          ]
 * ```
 */
export const junitConsole: Reader = {
  format: 'junit console',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      if (!/^\[ +\d{1,7} tests found +\]$/.test(lines[index] ?? '')) return undefined;
      const counts = { ...none };
      let to = index;
      for (const next of lines.slice(index, index + 8)) {
        const [, count, word] = /^\[ +(\d{1,7}) tests (\w+) +\]$/.exec(next) ?? [];
        if (count === undefined) break;
        if (word === 'successful') counts.passed += Number(count);
        if (word === 'failed') counts.failed += Number(count);
        if (word === 'skipped' || word === 'aborted') counts.skipped += Number(count);
        to++;
      }
      const failures = consoleFailures(lines.slice(after, index));
      return { from: index, to: to - 1, ...counts, failures };
    }),
};

function consoleFailures(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^ {2}JUnit \w+:(\S.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const start = index + ((lines[index + 1] ?? '').includes('Source') ? 2 : 1);
    const message = messageAfter(lines, start, (next) => /^\s+(?:\S+\.)+\S+\(.*\)$|^$/.test(next));
    return [{ name, message: message.replace(/^=> /, '') }];
  });
}
