import { messageAfter } from './failures.ts';
import {
  believable,
  countsOf,
  endedSections,
  type Printed,
  type Reader,
  type Section,
  type TestFailure,
} from './section.ts';

/**
 * node:test with its spec reporter, Node 20 and newer; what it prints as TAP is read as TAP:
 * ```
 * ▶ sum
 *   ✔ adds (1.553287ms)
 *   ﹣ later (0.236391ms) # SKIP
 * ✖ sum (7.876041ms)
 * ℹ tests 7
 * ℹ suites 1
 * ℹ pass 4
 * ℹ fail 1
 * ℹ cancelled 0
 * ```
 * A test with subtests counts as one more, as node:test counts it. The summary is not believed beyond the tests marked
 * before it: a program under test that ends its process leaves its file as the only mark, whatever it printed. What
 * remains: a program that prints marks too, in a run without a process per file.
 */
export const nodeTest: Reader = {
  format: 'node:test',
  read: (printed) => endedSections(printed, (index, after) => summary(printed, index, after)),
};

const words = {
  pass: 'passed',
  fail: 'failed',
  cancelled: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
} as const;

const info = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo) (\d{1,7})$/;

function summary(printed: Printed, index: number, after: number): Section | undefined {
  const { lines } = printed;
  if (info.exec(lines[index] ?? '')?.[1] !== 'tests') return undefined;
  const pairs: [number, string][] = [];
  let to = index;
  for (let line = info.exec(lines[to] ?? ''); line; line = info.exec(lines[++to] ?? ''))
    pairs.push([Number(line[2]), line[1] ?? '']);
  const suites = pairs.find(([, word]) => word === 'suites')?.[0] ?? 0;
  const marks = lines
    .slice(after, index)
    .filter((line) => /[✔✖﹣⚠▶] .{0,1500}\(\d+(?:\.\d+)?ms\)/.test(line)).length;
  const counts = believable(printed, after, index, countsOf(pairs, words), Math.max(0, marks - suites));
  const failing = lines.indexOf('✖ failing tests:', to);
  const failures = failing === -1 ? [] : failuresIn(lines, failing);
  return { from: index, to: to - 1, ...counts, failures };
}

function failuresIn(lines: readonly string[], start: number): readonly TestFailure[] {
  const failures: TestFailure[] = [];
  for (let index = start; index < lines.length && !info.test(lines[index] ?? ''); index++) {
    const [, name] = /^✖ (\S.*) \(\d+(?:\.\d+)?ms\)$/.exec(lines[index] ?? '') ?? [];
    if (name === undefined || !(lines[index - 1] ?? '').startsWith('test at ')) continue;
    failures.push({ name, message: messageAfter(lines, index + 1, (line) => /^(?:test at |\S)/.test(line)) });
  }
  return failures;
}
