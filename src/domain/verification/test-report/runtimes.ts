import {
  believable,
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
 * bun test:
 * ```
 * bun test v1.4.5 (a7733435c)
 * (pass) sum > adds [0.07ms]
 *  1 pass
 *  1 skip
 *  1 fail
 * Ran 3 tests across 1 file. [155.00ms]
 * ```
 */
export const bun: Reader = {
  format: 'bun',
  read: (printed) =>
    startedSections(printed, /^bun test v\d/, /^Ran \d{1,7} tests? across /, (index, from) =>
      bunSummary(printed, index, from),
    ),
};

const bunWords = { pass: 'passed', fail: 'failed', skip: 'skipped', todo: 'skipped' } as const;

function bunSummary({ lines, gap }: Printed, index: number, from: number): Section | undefined {
  const [, ran] = /^Ran (\d{1,7}) tests? across \d+ files?\./.exec(lines[index] ?? '') ?? [];
  if (ran === undefined) return undefined;
  const block = lines.slice(Math.max(from, index - 8), index);
  const pairs = block.flatMap((line) => {
    const [, count, word = ''] = /^ (\d{1,7}) (pass|fail|skip|todo)$/.exec(line) ?? [];
    return count === undefined ? [] : [[Number(count), word] as const];
  });
  const counts = believable({ lines, gap }, from, index, countsOf(pairs, bunWords), Number(ran));
  const failures: TestFailure[] = [];
  let error = '';
  for (const line of lines.slice(from, index)) {
    if (/^error: /.test(line)) error = line;
    const [, name] = /^(?:\(fail\)|✗) (\S.*?)(?: \[[\d.]+\w+\])?$/.exec(line) ?? [];
    if (name === undefined) continue;
    failures.push({ name, message: error });
    error = '';
  }
  return { from, to: index, ...counts, failures };
}

/**
 * deno test. One summary for all files, after an announcement for each:
 * ```
 * running 4 tests from ./a_test.js
 * carries ... FAILED (20ms)
 * FAILED | 2 passed (2 steps) | 1 failed | 1 ignored (37ms)
 * ```
 */
export const deno: Reader = {
  format: 'deno',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const [, said] =
        /^(?:ok|FAILED) \| (\d{1,7} passed.{0,200}) \([\d.a-zµ]+\)$/.exec(lines[index] ?? '') ?? [];
      const pairs = said === undefined ? undefined : pairsIn(said.replace(/ \(\d+ steps?\)/g, ''), ' | ');
      if (!pairs) return undefined;
      const before = lines.slice(after, index);
      const announced = before.reduce(
        (sum, line) => sum + Number(/^running (\d{1,7}) tests? from /.exec(line)?.[1] ?? 0),
        0,
      );
      const counts = countsOf(pairs, { passed: 'passed', failed: 'failed', ignored: 'skipped' });
      const failures = before.flatMap((line, at) => {
        const [, name] = /^(\S.*) => .+:\d+:\d+$/.exec(line) ?? [];
        const [, message] = /^error: (.+)$/.exec(before[at + 1] ?? '') ?? [];
        return name === undefined || message === undefined ? [] : [{ name, message }];
      });
      const from =
        after +
        Math.max(
          0,
          before.findIndex((line) => /^running \d+ tests? from /.test(line)),
        );
      return { from, to: index, ...believable(printed, after, index, counts, announced), failures };
    }),
};
