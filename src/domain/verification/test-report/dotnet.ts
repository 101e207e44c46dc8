import { messageAfter } from './failures.ts';
import {
  countsOf,
  endedSections,
  type Printed,
  type Reader,
  type Section,
  type TestFailure,
} from './section.ts';

/**
 * dotnet test: one line per assembly, the older summary of several lines, and that of Microsoft.Testing.Platform.
 * ```
 * Failed!  - Failed:     1, Passed:     2, Skipped:     0, Total:     3, Duration: 5 ms - Sum.Tests.dll (net8.0)
 *
 * Total tests: 3
 *      Passed: 2
 *
 * Test run summary: Passed!
 *   total: 3
 *   failed: 0
 *   succeeded: 3
 * ```
 * Assemblies are one run. Where both lines and an older summary are printed, the lines count.
 */
export const dotnet: Reader = {
  format: 'dotnet test',
  read: (printed) => {
    const { lines } = printed;
    const perAssembly = lines.flatMap((line, index) => {
      const said =
        /^\s*(?:Passed|Failed|Skipped)! +- Failed: +(\d{1,7}), Passed: +(\d{1,7}), Skipped: +(\d{1,7}), Total: +\d{1,7},/.exec(
          line,
        );
      return said
        ? [{ index, failed: Number(said[1]), passed: Number(said[2]), skipped: Number(said[3]) }]
        : [];
    });
    if (perAssembly.length === 0) return blocks(printed);
    const sum = (kind: 'passed' | 'failed' | 'skipped') =>
      perAssembly.reduce((all, one) => all + one[kind], 0);
    return [
      {
        from: perAssembly[0]?.index ?? 0,
        to: perAssembly.at(-1)?.index ?? 0,
        passed: sum('passed'),
        failed: sum('failed'),
        skipped: sum('skipped'),
        failures: failuresIn(lines),
      },
    ];
  },
};

const words = {
  passed: 'passed',
  succeeded: 'passed',
  failed: 'failed',
  skipped: 'skipped',
} as const;

function blocks(printed: Printed): readonly Section[] {
  return endedSections(printed, (index, after) => {
    const { lines } = printed;
    if (!/^(?:Total tests: \d{1,7}|Test run summary: \S.*)$/.test(lines[index] ?? '')) return undefined;
    const pairs: [number, string][] = [];
    let to = index;
    for (const line of lines.slice(index + 1, index + 8)) {
      const [, word = '', count] = /^\s+([A-Za-z]+): (\d{1,7})$/.exec(line) ?? [];
      if (count === undefined && line.trim() !== '' && !/^\s+\S/.test(line)) break;
      to++;
      if (count !== undefined) pairs.push([Number(count), word.toLowerCase()]);
    }
    if (pairs.length === 0) return undefined;
    return { from: index, to, ...countsOf(pairs, words), failures: failuresIn(lines.slice(after, index)) };
  });
}

function failuresIn(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^\s*(?:Failed|failed) (\S.*?) [[(]<?(?: ?[\d.]+ ?m?s)+[\])]$/.exec(line) ?? [];
    if (name === undefined) return [];
    const start = (lines[index + 1] ?? '').trim() === 'Error Message:' ? index + 2 : index + 1;
    const ends = (next: string) =>
      /^\s*(?:Stack Trace:|at \S|(?:Passed|Failed|failed|Skipped) \S.* [[(])/.test(next);
    return [{ name, message: messageAfter(lines, start, ends) }];
  });
}
