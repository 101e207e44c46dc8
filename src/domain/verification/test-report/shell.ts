import { messageAfter } from './failures.ts';
import { believable, countsOf, endedSections, type Reader } from './section.ts';

/** bats with its pretty formatter: `3 tests, 1 failure, 1 skipped`, after a mark for each. Its TAP is read as TAP. */
export const batsPretty: Reader = {
  format: 'bats',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const said = /^(\d{1,7}) tests?, (\d{1,7}) failures?(?:, (\d{1,7}) skipped)?/.exec(lines[index] ?? '');
      if (!said || (lines[index - 1] ?? '').startsWith('Finished in ')) return undefined;
      const before = lines.slice(after, index);
      const marked = before.filter((line) => /^ [✓✗-] \S/.test(line)).length;
      const [total, failed, skipped] = [Number(said[1]), Number(said[2]), Number(said[3] ?? 0)];
      const counts = { passed: Math.max(0, total - failed - skipped), failed, skipped };
      const failures = before.flatMap((line, at) => {
        const [, name] = /^ ✗ (\S.*)$/.exec(line) ?? [];
        return name === undefined
          ? []
          : [{ name, message: messageAfter(before, at + 1, (next) => /^ [✓✗-] \S/.test(next)) }];
      });
      return { from: index, to: index, ...believable(printed, after, index, counts, marked), failures };
    }),
};
/**
 * prove. What it shows of the programs' own TAP with -v is not counted again:
 * ```
 * t/a.t ..
 * Failed 1/3 subtests
 * 	(less 1 skipped subtest: 1 okay)
 * t/b.t .. ok
 * Files=2, Tests=5,  0 wallclock secs ( 0.02 usr ...)
 * Result: FAIL
 * ```
 */
export const prove: Reader = {
  format: 'prove',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const [, total] = /^Files=\d+, Tests=(\d{1,7}), /.exec(lines[index] ?? '') ?? [];
      if (total === undefined || !/^Result: [A-Z]/.test(lines[index + 1] ?? '')) return undefined;
      const before = lines.slice(after, index);
      const pairs = before.flatMap((line) => {
        const [, failed] = /^Failed (\d{1,7})\/\d+ subtests/.exec(line) ?? [];
        const [, less] = /\(less (\d{1,7}) skipped subtests?: /.exec(line) ?? [];
        const pair =
          failed !== undefined
            ? ([Number(failed), 'failed'] as const)
            : ([Number(less ?? 0), 'skipped'] as const);
        return [pair];
      });
      const { failed, skipped } = countsOf(pairs, { failed: 'failed', skipped: 'skipped' });
      const failures = before.flatMap((line, at) => {
        const [, name] = /^# {1,4}Failed test '(.{1,300})'$/.exec(line) ?? [];
        return name === undefined
          ? []
          : [
              {
                name,
                message: messageAfter(before, at + 1, (next) => !/^# {3,}\S/.test(next)).replace(
                  /^# */gm,
                  '',
                ),
              },
            ];
      });
      const start = before.findIndex((line) => /^\S+ \.{2,}(?: |$)/.test(line));
      const hidden = printed.gap !== undefined && printed.gap >= after && printed.gap <= after + start;
      // A start in the gap may be that of the first program.
      const from = hidden || start === -1 ? after : after + start;
      return {
        from,
        to: index + 1,
        passed: Math.max(0, Number(total) - failed - skipped),
        failed,
        skipped,
        failures,
      };
    }),
};
