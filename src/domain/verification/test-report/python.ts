import { messageAfter } from './failures.ts';
import {
  believable,
  countsOf,
  endedSections,
  none,
  type Printed,
  pairsIn,
  type Reader,
  type Section,
  startedSections,
  type TestFailure,
} from './section.ts';

/**
 * pytest, also with -q, -v and xdist, once per environment under tox:
 * ```
 * ===== test session starts =====
 * collected 9 items
 * FAILED test_a.py::test_carries - assert (9 + 1) == 11
 * = 1 failed, 4 passed, 1 skipped, 1 xfailed, 1 xpassed, 1 warning, 1 error in 1.54s =
 * ```
 * A test that was expected to fail is skipped, one that was expected to fail and passed is passed, an error failed.
 * The summary is not believed beyond what was collected. What remains: with -q pytest says nothing before its summary.
 */
export const pytest: Reader = {
  format: 'pytest',
  read: (printed) => {
    const starts = /^=+ test session starts(?: \(.{1,200}\))? =+$/;
    const read = (index: number, from: number) => summary(printed, index, from);
    return printed.lines.some((line) => starts.test(line))
      ? startedSections(printed, starts, / in \d+(?:\.\d+)?s(?: \(.{1,60}\))?(?: =+)?$/, read)
      : endedSections(printed, (index, after) => {
          const section = read(index, after);
          return section && { ...section, from: index };
        });
  },
};

const words = {
  passed: 'passed',
  xpassed: 'passed',
  failed: 'failed',
  error: 'failed',
  errors: 'failed',
  skipped: 'skipped',
  xfailed: 'skipped',
} as const;

function summary(printed: Printed, index: number, from: number): Section | undefined {
  const line = (printed.lines[index] ?? '').replace(/^=+ /, '').replace(/ =+$/, '');
  const [, said] = /^(\S.{0,300}) in \d+(?:\.\d+)?s(?: \([\d:, days]+\))?$/.exec(line) ?? [];
  if (said === undefined) return undefined;
  const pairs = said === 'no tests ran' ? [] : pairsIn(said, ',');
  const known = pairs?.some(
    ([, word]) => Object.hasOwn(words, word) || /^(?:warnings?|deselected)$/.test(word),
  );
  if (!pairs || (pairs.length > 0 && !known)) return undefined;
  const before = printed.lines.slice(from, index);
  const counts = pairs.length === 0 ? none : countsOf(pairs, words);
  const collected = collectedIn(before);
  return {
    from,
    to: index,
    ...(collected === undefined ? counts : believable(printed, from, index, counts, collected)),
    failures: shortSummary(before),
  };
}

/** `collected 9 items / 1 error / 2 deselected / 7 selected`, or xdist's `2 workers [9 items]`. */
function collectedIn(lines: readonly string[]): number | undefined {
  for (const line of lines) {
    const [, items] =
      /\bcollected (\d{1,7}) items?\b/.exec(line) ?? /^\d+ workers? \[(\d{1,7}) items?\]/.exec(line) ?? [];
    if (items === undefined) continue;
    const errors = Number(/ \/ (\d{1,7}) errors?\b/.exec(line)?.[1] ?? 0);
    return Number(/ \/ (\d{1,7}) selected/.exec(line)?.[1] ?? items) + errors;
  }
  return undefined;
}

function shortSummary(lines: readonly string[]): readonly TestFailure[] {
  const start = lines.findLastIndex((line) => /^=+ short test summary info =+$/.test(line));
  if (start === -1) return [];
  return lines.slice(start).flatMap((line) => {
    const [, name, message = ''] = /^(?:FAILED|ERROR) (\S+?(?:\[.{0,300}\])?)(?: - (.*))?$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, message }];
  });
}

/**
 * unittest, Django, and tox around them:
 * ```
 * FAIL: test_carries (test_a.Sum.test_carries)
 * ----------------------------------------------------------------------
 * Ran 5 tests in 0.002s
 *
 * FAILED (failures=1, errors=1, skipped=1, expected failures=1)
 * ```
 * What remains: without -v the number of tests stands nowhere else.
 */
export const unittest: Reader = {
  format: 'unittest',
  read: (printed) => endedSections(printed, (index, after) => unittestSummary(printed, index, after)),
};

const kinds = {
  failures: 'failed',
  errors: 'failed',
  'unexpected successes': 'failed',
  skipped: 'skipped',
  'expected failures': 'skipped',
} as const;

function unittestSummary({ lines }: Printed, index: number, after: number): Section | undefined {
  const [, ran] = /^Ran (\d{1,7}) tests? in \d+\.\d+s$/.exec(lines[index] ?? '') ?? [];
  if (ran === undefined || !/^-{10,}$/.test(lines[index - 1] ?? '')) return undefined;
  const to = index + lines.slice(index + 1, index + 4).findIndex((line) => line !== '') + 1;
  const verdict = /^(?:OK|FAILED|NO TESTS RAN)(?: \((.{1,200})\))?$/.exec(lines[to] ?? '');
  if (!verdict) return undefined;
  const pairs = (verdict[1] ?? '').split(', ').flatMap((part) => {
    const [kind = '', count] = part.split('=');
    return count === undefined ? [] : [[Number(count) || 0, kind] as const];
  });
  const { failed, skipped } = countsOf(pairs, kinds);
  const failures: TestFailure[] = [];
  for (let at = after; at < index; at++) {
    const [, name] = /^(?:FAIL|ERROR): (\S.*)$/.exec(lines[at] ?? '') ?? [];
    if (name === undefined || !/^={10,}$/.test(lines[at - 1] ?? '')) continue;
    const rest = lines.slice(at + 2, Math.min(at + 300, index));
    const end = rest.findIndex((line) => /^(?:={10,}|-{10,})$/.test(line));
    const body = end === -1 ? rest : rest.slice(0, end);
    const last = body.findLastIndex((line) =>
      /^[\w.]+(?:Error|Exception|Warning|Exit|Interrupt)?(?::|$)/.test(line),
    );
    failures.push({ name, message: messageAfter(body, Math.max(0, last)) });
  }
  // An error in a fixture of a class is no test that ran, so there may be more of them than tests.
  return { from: index, to, passed: Math.max(0, Number(ran) - failed - skipped), failed, skipped, failures };
}
