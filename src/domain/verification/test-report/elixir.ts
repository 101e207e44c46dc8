import { messageAfter } from './failures.ts';
import { endedSections, type Reader, type TestFailure } from './section.ts';

/**
 * ExUnit:
 * ```
 *   1) test carries (SumTest)
 *      Assertion with == failed
 * Finished in 0.04 seconds (0.00s async, 0.04s sync)
 * 1 doctest, 3 tests, 1 failure, 1 skipped
 * ```
 * What remains: without --trace the number of tests stands nowhere else.
 */
export const exunit: Reader = {
  format: 'exunit',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const said = /^((?:\d{1,7} \w+, ){1,4})(\d{1,7}) failures?((?:, \d{1,7} \w+){0,3})$/.exec(
        lines[index] ?? '',
      );
      if (!said || !(lines[index - 1] ?? '').startsWith('Finished in ')) return undefined;
      if (/examples?, /.test(said[1] ?? '')) return undefined;
      const numbers = (text = '') =>
        [...text.matchAll(/(\d+) (\w+)/g)].map(([, count, word = '']) => ({ count: Number(count), word }));
      const sum = (pairs: readonly { count: number }[]) => pairs.reduce((all, { count }) => all + count, 0);
      const skipped = sum(numbers(said[3]).filter(({ word }) => word === 'skipped' || word === 'invalid'));
      const failed = Number(said[2]);
      const passed = Math.max(0, sum(numbers(said[1])) - failed - skipped);
      return {
        from: index,
        to: index,
        passed,
        failed,
        skipped,
        failures: exunitFailures(lines.slice(after, index)),
      };
    }),
};

function exunitFailures(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^ {2,}\d+\) (\S.* \(\S+\))$/.exec(line) ?? [];
    if (name === undefined) return [];
    const start = /^ +\S+:\d+$/.test(lines[index + 1] ?? '') ? index + 2 : index + 1;
    return [
      { name, message: messageAfter(lines, start, (next) => /^ +(?:stacktrace:|\d+\) \S)|^\S/.test(next)) },
    ];
  });
}
