import { messageAfter } from './failures.ts';
import {
  believable,
  countsOf,
  none,
  type Printed,
  pairsIn,
  type Reader,
  type Section,
  startedSections,
  type TestFailure,
} from './section.ts';

/**
 * vitest, with every reporter that ends in its summary (default, verbose, dot, tree, basic):
 * ```
 *  RUN  v4.1.12 /path
 *  ✓ b.test.js (1 test) 4ms
 *  ❯ a.test.js (4 tests | 1 failed | 1 skipped | 1 todo) 56ms
 *  Test Files  1 failed | 1 passed (2)
 *       Tests  1 failed | 2 passed | 1 skipped | 1 todo (5)
 * ```
 * Where files are listed with their counts, the summary is not believed beyond their sum.
 */
export const vitest: Reader = {
  format: 'vitest',
  read: (printed) =>
    startedSections(printed, /^\s*(?:RUN|DEV)\s+v\d/, /^\s*Tests {2}\S/, (index, from) =>
      summary(printed, index, from),
    ),
};

const words = { passed: 'passed', failed: 'failed', skipped: 'skipped', todo: 'skipped' } as const;

function summary(printed: Printed, index: number, from: number): Section | undefined {
  const { lines } = printed;
  const [, said] = /^\s*Tests {2}(\S.*)$/.exec(lines[index] ?? '') ?? [];
  if (said === undefined) return undefined;
  const files = lines.slice(Math.max(0, index - 3), index).some((line) => /^\s*Test Files {2}/.test(line));
  if (!files) return undefined;
  const pairs = said === 'no tests' ? [] : pairsIn(said.replace(/ \(\d+\)$/, ''), '|');
  if (!pairs) return undefined;
  const counts = pairs.length === 0 ? none : countsOf(pairs, words);
  const listed = listedTests(lines.slice(from, index));
  return {
    from,
    to: index,
    ...(listed === undefined ? counts : believable(printed, from, index, counts, listed)),
    failures: failuresIn(lines, from, index),
  };
}

function listedTests(lines: readonly string[]): number | undefined {
  let sum: number | undefined;
  for (const line of lines) {
    const [, count] = /^\s*[✓❯×↓] .{1,1500} \((\d{1,7})(?: tests?)?(?: \| [^()]{1,200})?\)/.exec(line) ?? [];
    if (count !== undefined) sum = (sum ?? 0) + Number(count);
  }
  return sum;
}

function failuresIn(lines: readonly string[], from: number, to: number): readonly TestFailure[] {
  const failures = new Map<string, TestFailure>();
  for (let index = from; index < to; index++) {
    const [, name] = /^\s*FAIL {2}(\S.*)$/.exec(lines[index] ?? '') ?? [];
    if (name === undefined || failures.has(name)) continue;
    const ends = (line: string) => /^(?:\s*(?:FAIL {2}|⎯{3})| ❯ )/.test(line);
    const message = messageAfter(lines, index + 1, ends, to);
    failures.set(name, { name, message });
  }
  return [...failures.values()];
}
