import { messageAfter } from './failures.ts';
import {
  believable,
  countsOf,
  endedSections,
  type Printed,
  pairsIn,
  type Reader,
  type Section,
  type TestFailure,
} from './section.ts';

/**
 * jest, which prints nothing when it starts:
 * ```
 * FAIL ./a.test.js
 *   ● sum › carries
 * PASS ./b.test.js
 * Test Suites: 1 failed, 1 passed, 2 total
 * Tests:       1 failed, 1 skipped, 1 todo, 2 passed, 5 total
 * ```
 * A summary counts only with as many PASS and FAIL lines before it as it names suites that ran, so that a reporter
 * that leaves them out is not read, and only when jest does not say after it that a program ended the process. What
 * remains: a program that prints all this and ends the process by a signal or a native call.
 */
export const jest: Reader = {
  format: 'jest',
  read: (printed) => {
    const exit = printed.lines.findLastIndex((line) => / process\.exit called with "/.test(line));
    return endedSections(printed, (index, after) =>
      index < exit ? undefined : summary(printed, index, after),
    );
  },
};

const words = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
} as const;

function summary(printed: Printed, index: number, after: number): Section | undefined {
  const { lines, gap } = printed;
  const [, said] = /^Tests: {1,10}(\S.*) total$/.exec(lines[index] ?? '') ?? [];
  if (said === undefined) return undefined;
  const suites = lines
    .slice(Math.max(0, index - 4), index)
    .findLast((line) => line.startsWith('Test Suites: '));
  const pairs = pairsIn(`${said} total`, ',');
  const ran = suites === undefined ? undefined : pairsIn(suites.slice('Test Suites: '.length), ',');
  if (!pairs || !ran) return undefined;
  const expected = ran.reduce(
    (sum, [count, word]) => (/^(?:failed|passed)$/.test(word) ? sum + count : sum),
    0,
  );
  const listed = new Set(lines.slice(after, index).filter((line) => /^(?:PASS|FAIL) /.test(line))).size;
  const hidden = gap !== undefined && gap >= after && gap <= index;
  if (listed < expected && !hidden) return undefined;
  const counts = countsOf(pairs, words);
  const total = pairs.find(([, word]) => word === 'total')?.[0] ?? 0;
  const failures = failuresIn(lines, after, index);
  return { from: index, to: index, ...believable({ lines, gap: undefined }, 0, 0, counts, total), failures };
}

function failuresIn(lines: readonly string[], from: number, to: number): readonly TestFailure[] {
  const failures = new Map<string, TestFailure>();
  let suite = '';
  for (let index = from; index < to; index++) {
    const line = lines[index] ?? '';
    if (line.startsWith('FAIL ')) suite = line.slice(5).trim();
    const [, title] = /^ {2}● (\S.*)$/.exec(line) ?? [];
    if (title === undefined || title === 'Console') continue;
    const name = title === 'Test suite failed to run' ? `${suite}: ${title}` : title;
    if (failures.has(name)) continue;
    const ends = (next: string) => /^ {2}● \S|^(?:PASS|FAIL) |^ {4}> \d+ \|/.test(next);
    const message = messageAfter(lines, index + 1, ends, to);
    failures.set(name, { name, message });
  }
  return [...failures.values()];
}
