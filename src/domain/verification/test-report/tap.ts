import { none, type Printed, type Reader, type Section, type TestFailure } from './section.ts';

/**
 * TAP, 12 to 14, from whatever prints it: node:test, tape, tap, ava, mocha, vitest, bats, Test::More.
 * ```
 * TAP version 13
 * # Subtest: sum
 *     ok 1 - adds
 *     not ok 2 - carries
 *       ---
 *       error: '10 == 11'
 *       ...
 *     ok 3 - later # SKIP
 * not ok 1 - sum
 * 1..1
 * # tests 500
 * ```
 * The points themselves are counted, those without points of their own below them; what a comment claims counts for
 * nothing. A number that a document has had already is no new point. What remains: a program that prints further
 * points, in a run where its output is not taken as comment.
 */
export const tap: Reader = { format: 'tap', read: documents };

const point = /^( {0,400})(not )?ok (\d{1,7})(?: (?:- )?(.*))?$/;

interface Document {
  from: number;
  to: number;
  passed: number;
  failed: number;
  skipped: number;
  failures: TestFailure[];
  /** The highest number at the root. */
  highest: number;
}

function documents({ lines }: Printed): readonly Section[] {
  const found: Document[] = [];
  let current: Document | undefined;
  /** Indentations at which points were seen since the last point further out. */
  let deeper: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (/^TAP version \d+$/.test(line)) current = undefined;
    const [, indentation, not, number, rest = ''] = point.exec(line) ?? [];
    if (indentation === undefined) continue;
    const indent = indentation.length;
    if (indent === 0 && current && Number(number) === 1 && current.highest > 0) current = undefined;
    if (!current) {
      current = { from: index, to: index, ...none, failures: [], highest: 0 };
      if (indent === 0) deeper = [];
      found.push(current);
    }
    const parent = deeper.some((other) => other > indent) || /\{$/.test(rest);
    deeper = [...deeper.filter((other) => other < indent), indent];
    current.to = index;
    if (indent === 0) {
      if (Number(number) <= current.highest) continue;
      current.highest = Number(number);
    }
    if (!parent) count(current, { lines, index, not: not !== undefined, rest });
  }
  return found;
}

function count(
  document: Document,
  { lines, index, not, rest }: { lines: readonly string[]; index: number; not: boolean; rest: string },
): void {
  if (/# *(?:skip|todo)\b/i.test(rest)) document.skipped++;
  else if (!not) document.passed++;
  else {
    document.failed++;
    const name = rest.replace(/ # time=.*$/, '') || `test ${document.highest}`;
    document.failures.push({ name, message: diagnosis(lines, index + 1) });
  }
}

const afterPoint = /^\s*(?:# (?:Subtest|tests |pass |fail |time=|\{)|\d+\.\.\d+)/;

/** The error that the diagnosis names, or else its first lines. */
function diagnosis(lines: readonly string[], start: number): string {
  const kept: string[] = [];
  for (let index = start; index < Math.min(start + 60, lines.length); index++) {
    const line = lines[index] ?? '';
    const text = line.replace(/^\s*# ?/, '').trim();
    if (point.test(line) || text === '...' || /^[^ #]/.test(line) || afterPoint.test(line)) break;
    const [, value] = /^(?:error|message): (['"]?.+)$/.exec(text) ?? [];
    if (value !== undefined && !/^[|>]-?$/.test(value)) return value.replace(/^(['"])(.*)\1$/, '$2');
    // What node-tap says of the place and the source comes before what differs.
    if (/^diff: \|/.test(text)) kept.length = 0;
    else if (
      kept.length < 6 &&
      !/^(?:---|at\b|stack\b.*|\w+: [|>]-?|)$/.test(text) &&
      !text.startsWith('at ')
    )
      kept.push(text);
  }
  return kept.join('\n');
}
