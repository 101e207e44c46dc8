import { messageAfter } from './failures.ts';
import {
  believable,
  countsOf,
  type Printed,
  pairsIn,
  type Reader,
  type Section,
  startedSections,
} from './section.ts';

/**
 * Playwright with its list, line, dot and github reporters. A test that passed on a later try is a pass:
 * ```
 * Running 5 tests using 1 worker
 *   1 failed
 *     tests/a.spec.js:2:71 › sum › carries ───
 *   1 flaky
 *   2 skipped
 *   1 passed (5.9s)
 * ```
 */
export const playwright: Reader = {
  format: 'playwright',
  read: (printed) =>
    startedSections(printed, runningPlaywright, playwrightLine, (index, from) =>
      playwrightSummary(printed, index, from),
    ),
};

const runningPlaywright = /^Running (\d{1,7}) tests? using \d+ workers?/;
const playwrightWords = {
  passed: 'passed',
  flaky: 'passed',
  failed: 'failed',
  interrupted: 'failed',
  'did not run': 'skipped',
  skipped: 'skipped',
} as const;
const playwrightLine =
  /^ {2}(\d{1,7} (?:passed|flaky|failed|interrupted|did not run|skipped))(?: \([\d.]+\w+\))?$/;

function playwrightSummary({ lines, gap }: Printed, index: number, from: number): Section | undefined {
  const isLast = (at: number) => playwrightLine.test(lines[at] ?? '');
  const more = lines.slice(index + 1, index + 400).findIndex((line) => !/^ {4}\S/.test(line));
  if (!isLast(index) || (more !== -1 && isLast(index + 1 + more))) return undefined;
  const said: string[] = [];
  const names: string[] = [];
  let start = index;
  let pending: string[] = [];
  for (; start > from; start--) {
    const line = lines[start] ?? '';
    const [, pair] = playwrightLine.exec(line) ?? [];
    if (pair !== undefined) {
      said.push(pair);
      if (/ (?:failed|interrupted)$/.test(pair)) names.unshift(...pending);
      pending = [];
    } else if (/^ {4}\S/.test(line)) pending.unshift(line.replace(/ ─+$/, '').trim());
    else break;
  }
  const counts = countsOf(pairsIn(said.join(','), ',') ?? [], playwrightWords);
  const announced = Number(runningPlaywright.exec(lines[from] ?? '')?.[1] ?? Number.MAX_SAFE_INTEGER);
  const messages = lines.slice(from, start);
  const failures = names.map((name) => {
    const at = messages.findIndex((line) => /^ {2}\d+\) /.test(line) && line.includes(name));
    const message =
      at === -1
        ? ''
        : messageAfter(messages, at + 1, (line) =>
            /^ {4}(?:> | +\d+ \||Error Context)|^ {2}\d+\) /.test(line),
          );
    return { name, message };
  });
  return { from, to: index, ...believable({ lines, gap }, from, index, counts, announced), failures };
}

/**
 * Cypress: the boxes that follow each spec file are added up; what mocha printed within is not counted again.
 * ```
 *   (Results)
 *   │ Tests:        3 │
 *   │ Passing:      2 │
 *   (Run Finished)
 * ```
 */
export const cypress: Reader = {
  format: 'cypress',
  read: (printed) =>
    startedSections(printed, /^\s*\(Run Starting\)$/, /^\s*\(Run Finished\)$/, (index, from) => {
      const { lines } = printed;
      if (!/^\s*\(Run Finished\)$/.test(lines[index] ?? '')) return undefined;
      const pairs = lines.slice(from, index).flatMap((line) => {
        const [, word = '', count] =
          /^\s*│ (Passing|Failing|Pending|Skipped): +(\d{1,7}) +│$/.exec(line) ?? [];
        return count === undefined ? [] : [[Number(count), word] as const];
      });
      const counts = countsOf(pairs, {
        Passing: 'passed',
        Failing: 'failed',
        Pending: 'skipped',
        Skipped: 'skipped',
      });
      return { from, to: index, ...counts, failures: [] };
    }),
};
