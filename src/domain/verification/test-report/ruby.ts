import { messageAfter } from './failures.ts';
import { endedSections, type Reader, type TestFailure } from './section.ts';

/**
 * RSpec:
 * ```
 * Finished in 0.03378 seconds (files took 0.21437 seconds to load)
 * 3 examples, 1 failure, 1 pending
 * ```
 * What remains: the number of examples stands nowhere else.
 */
export const rspec: Reader = {
  format: 'rspec',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const said =
        /^(\d{1,7}) examples?, (\d{1,7}) failures?(?:, (\d{1,7}) pending)?(?:, (\d{1,7}) errors? occurred outside of examples)?$/.exec(
          lines[index] ?? '',
        );
      if (
        !said ||
        !lines.slice(Math.max(0, index - 3), index).some((line) => line.startsWith('Finished in '))
      )
        return undefined;
      const [total, failed, skipped] = [Number(said[1]), Number(said[2]), Number(said[3] ?? 0)];
      const failures = numbered(lines.slice(after, index), /^Failures:$/);
      return {
        from: index,
        to: index,
        passed: Math.max(0, total - failed - skipped),
        failed: failed + Number(said[4] ?? 0),
        skipped,
        failures,
      };
    }),
};

/** `  1) sum carries` and what stands below it. */
function numbered(lines: readonly string[], heading: RegExp): readonly TestFailure[] {
  const start = lines.findLastIndex((line) => heading.test(line));
  if (start === -1) return [];
  return lines.flatMap((line, index) => {
    const [, name] = index < start ? [] : (/^ {2}\d+\) (\S.*)$/.exec(line) ?? []);
    if (name === undefined) return [];
    const ends = (next: string) => /^ {2}\d+\) |^ +# \S|^Finished in /.test(next);
    return [{ name, message: messageAfter(lines, index + 1, ends) }];
  });
}

/**
 * minitest, Rails, and test-unit:
 * ```
 * Finished in 0.001038s, 3852.7628 runs/s, 1926.3814 assertions/s.
 * 4 runs, 2 assertions, 1 failures, 1 errors, 1 skips
 * 4 tests, 3 assertions, 1 failures, 0 errors, 0 pendings, 1 omissions, 0 notifications
 * ```
 * What remains: without -v the number of runs stands nowhere else.
 */
export const minitest: Reader = {
  format: 'minitest',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const said =
        /^(\d{1,7}) (?:runs|tests), \d+ assertions, (\d{1,7}) failures, (\d{1,7}) errors, (\d{1,7}) (?:skips|pendings, (\d{1,7}) omissions, \d+ notifications)$/.exec(
          lines[index] ?? '',
        );
      if (
        !said ||
        !lines.slice(Math.max(after, index - 200), index).some((line) => line.startsWith('Finished in '))
      )
        return undefined;
      const failed = Number(said[2]) + Number(said[3]);
      const skipped = Number(said[4]) + Number(said[5] ?? 0);
      const passed = Math.max(0, Number(said[1]) - failed - skipped);
      return {
        from: index,
        to: index,
        passed,
        failed,
        skipped,
        failures: minitestFailures(lines.slice(after, index)),
      };
    }),
};

function minitestFailures(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    if (!/^ {2,}\d+\) (?:Failure|Error):$/.test(line)) return [];
    const name = (lines[index + 1] ?? '').replace(/ \[.*$|:$/, '');
    const ends = (next: string) => /^ {2,}\d+\) \w+:$|^ {4}\S+:\d+:in |^\d+ runs, /.test(next);
    return [{ name, message: messageAfter(lines, index + 2, ends) }];
  });
}
