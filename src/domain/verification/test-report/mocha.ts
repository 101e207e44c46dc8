import { messageAfter } from './failures.ts';
import {
  believable,
  endedSections,
  type Printed,
  type Reader,
  type Section,
  type TestFailure,
} from './section.ts';

/**
 * mocha with the reporters spec, dot, list and their like:
 * ```
 *   sum
 *     ✔ adds
 *     1) carries
 *   2 passing (12ms)
 *   2 pending
 *   1 failing
 *   1) sum
 *        carries:
 * ```
 * A summary needs marks or dots before it, and where passing tests are marked it is not believed beyond the marks.
 * What remains: a program that prints marks too and ends the process.
 */
export const mocha: Reader = {
  format: 'mocha',
  read: (printed) => endedSections(printed, (index, after) => summary(printed, index, after)),
};

function summary(printed: Printed, index: number, after: number): Section | undefined {
  const { lines } = printed;
  const [, said] = /^ *(\d{1,7}) passing \(/.exec(lines[index] ?? '') ?? [];
  if (said === undefined) return undefined;
  let to = index;
  const rest = { pending: 0, failing: 0 };
  for (let next = index + 1; next <= index + 4; next++) {
    const [, count, word] = /^ *(\d{1,7}) (pending|failing)$/.exec(lines[next] ?? '') ?? [];
    if (word !== 'pending' && word !== 'failing') continue;
    rest[word] = Number(count);
    to = next;
  }
  const before = lines.slice(after, index);
  const marked = before.filter((line) => /(?:^|\s)[✔✓√] /.test(line)).length;
  const counts = { passed: Number(said), failed: rest.failing, skipped: rest.pending };
  const hidden = printed.gap !== undefined && printed.gap >= after && printed.gap <= index;
  if (marked === 0 && !hidden && !before.some(showsProgress)) return undefined;
  const listed = marked + counts.failed + counts.skipped;
  const believed = marked === 0 ? counts : believable(printed, after, index, counts, listed);
  return { from: index, to, ...believed, failures: failuresIn(lines, to + 1, counts.failed) };
}

/** Dots, failed and pending tests of the reporters dot, list and spec. The reporter min shows nothing and is not read. */
function showsProgress(line: string): boolean {
  return /^\s*(?:[.․,!]|\d+\) |- )/.test(line);
}

function failuresIn(lines: readonly string[], start: number, count: number): readonly TestFailure[] {
  const failures: TestFailure[] = [];
  for (let index = start; index < lines.length && failures.length < count; index++) {
    const [, number, first] = /^ {2}(\d+)\) (\S.*)$/.exec(lines[index] ?? '') ?? [];
    if (first === undefined || Number(number) !== failures.length + 1) continue;
    const title = [first];
    while (!title.at(-1)?.endsWith(':') && title.length < 10 && /^ {5,}\S/.test(lines[index + 1] ?? ''))
      title.push((lines[++index] ?? '').trim());
    const message = messageAfter(lines, index + 1, (line) => /^ {2}\d+\) \S|^\S/.test(line));
    failures.push({ name: title.join(' ').replace(/:$/, ''), message });
  }
  return failures;
}
