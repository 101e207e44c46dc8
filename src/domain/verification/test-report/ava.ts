import { messageAfter } from './failures.ts';
import { endedSections, type Reader } from './section.ts';

/**
 * ava, whose passing tests are counted by their marks, because the summary of a failed run leaves them out:
 * ```
 *   ✔ adds
 *   ✘ [fail]: carries Error
 *   - [skip] later
 *   1 test failed
 *   1 test skipped
 * ```
 */
export const ava: Reader = {
  format: 'ava',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const kind = / {2}\d{1,7} tests? (passed|failed)$/.exec(lines[index] ?? '')?.[1];
      const next = / {2}\d{1,7} tests? (?:passed|failed)$/.test(lines[index + 1] ?? '');
      if (kind === undefined || next) return undefined;
      const before = lines.slice(after, index);
      const marks = (pattern: RegExp) => before.filter((line) => pattern.test(line)).length;
      const failed = before.flatMap((line) => / {2}✘ \[fail\]: (\S.*)$/.exec(line)?.[1] ?? []);
      const counts = {
        passed: marks(/ {2}✔ (?!\[expected fail\])/),
        failed: failed.length,
        skipped: marks(/ {2}(?:- \[(?:skip|todo)\]|✔ \[expected fail\]) /),
      };
      if (counts.passed + counts.failed === 0) return undefined;
      const failures = failed.map((name) => ({ name, message: avaMessage(lines, index, after, name) }));
      return { from: index, to: index, ...counts, failures };
    }),
};

function avaMessage(lines: readonly string[], index: number, after: number, name: string): string {
  const start = lines.findIndex(
    (line, at) => at >= after && at < index && line.trim() === name && (lines[at - 2] ?? '').trim() === '─',
  );
  return start === -1 ? '' : messageAfter(lines, start + 1, (line) => /^ {2}(?:─|› )/.test(line));
}
