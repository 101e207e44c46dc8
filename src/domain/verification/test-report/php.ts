import { messageAfter } from './failures.ts';
import {
  countsOf,
  endedSections,
  type Printed,
  pairsIn,
  type Reader,
  type Section,
  startedSections,
  type TestFailure,
} from './section.ts';

/**
 * PHPUnit:
 * ```
 * PHPUnit 9.6.7 by Sebastian Bergmann and contributors.
 * .FS                                                                 3 / 3 (100%)
 * OK (1 test, 1 assertion)
 * Tests: 3, Assertions: 2, Failures: 1, Skipped: 1.
 * ```
 */
export const phpunit: Reader = {
  format: 'phpunit',
  read: (printed) =>
    startedSections(printed, /^PHPUnit \d.* by Sebastian Bergmann/, /^(?:OK \(|Tests: )\d/, (index, from) =>
      summary(printed, index, from),
    ),
};

const kinds = { Failures: 'failed', Errors: 'failed', Skipped: 'skipped', Incomplete: 'skipped' } as const;

function summary({ lines }: Printed, index: number, from: number): Section | undefined {
  const line = lines[index] ?? '';
  const [, passed] = /^OK \((\d{1,7}) tests?, \d+ assertions?\)$/.exec(line) ?? [];
  if (passed !== undefined)
    return { from, to: index, passed: Number(passed), failed: 0, skipped: 0, failures: [] };
  const [, total, rest] = /^Tests: (\d{1,7}), Assertions: \d+(.{0,200})\.$/.exec(line) ?? [];
  if (total === undefined) return undefined;
  const pairs = (rest ?? '').split(', ').flatMap((part) => {
    const [kind = '', count] = part.split(': ');
    return count === undefined ? [] : [[Number(count) || 0, kind] as const];
  });
  const { failed, skipped } = countsOf(pairs, kinds);
  const failures = failuresIn(lines.slice(from, index));
  return {
    from,
    to: index,
    passed: Math.max(0, Number(total) - failed - skipped),
    failed,
    skipped,
    failures,
  };
}

function failuresIn(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^\d+\) (\S+::\S.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    return [
      { name, message: messageAfter(lines, index + 1, (next) => /^\d+\) \S+::|^\/.+:\d+$|^--$/.test(next)) },
    ];
  });
}

/** Pest: `  Tests:    1 failed, 1 skipped, 2 passed (5 assertions)`, with `   FAILED  Tests\Sum > it carries` above. */
export const pest: Reader = {
  format: 'pest',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const [, said] = /^ {2}Tests: {1,8}(\S.{0,200}) \(\d+ assertions?\)$/.exec(lines[index] ?? '') ?? [];
      const pairs = said === undefined ? undefined : pairsIn(said, ',');
      if (!pairs) return undefined;
      const counts = countsOf(pairs, {
        passed: 'passed',
        risky: 'passed',
        warnings: 'passed',
        deprecated: 'passed',
        failed: 'failed',
        skipped: 'skipped',
        todos: 'skipped',
        todo: 'skipped',
        incomplete: 'skipped',
      });
      const before = lines.slice(after, index);
      const failures = before.flatMap((line, at) => {
        const [, name] = /^ {2,3}FAILED {2}(\S.*?)(?: {2,}\S+)?$/.exec(line) ?? [];
        return name === undefined
          ? []
          : [{ name, message: messageAfter(before, at + 1, (next) => /^ {2}at /.test(next)) }];
      });
      return { from: index, to: index, ...counts, failures };
    }),
};
