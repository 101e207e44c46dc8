import { messageAfter } from './failures.ts';
import {
  believable,
  type Counts,
  countsOf,
  endedSections,
  none,
  type Printed,
  pairsIn,
  type Reader,
  type TestFailure,
  totalOf,
} from './section.ts';

/**
 * cargo test. All binaries and the documentation's tests together are one run:
 * ```
 * running 3 tests
 * test tests::adds ... ok
 * test tests::later ... ignored
 * test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.19s
 * ```
 * A result needs an announcement of its own and is not believed beyond what was announced or, except with -q, listed.
 * A binary that ended without a result counts what it had listed. What remains: a program that prints such lines past
 * the capture of its output and ends the process.
 */
export const cargo: Reader = {
  format: 'cargo test',
  read: (printed) => {
    const { lines } = printed;
    // nextest shows what the binaries of failed tests printed.
    if (lines.some((line) => nextestSummary.test(line))) return [];
    const counts = { ...none };
    let from: number | undefined;
    let to = 0;
    let binary: Binary | undefined;
    const close = (said: Counts, index: number) => {
      for (const kind of ['passed', 'failed', 'skipped'] as const) counts[kind] += said[kind];
      binary = undefined;
      to = index;
    };
    for (const [index, line] of lines.entries()) {
      const [, announced] = /^running (\d{1,7}) tests?$/.exec(line) ?? [];
      if (announced !== undefined) {
        if (binary) close(binary.listed, index);
        binary = { from: index, announced: Number(announced), listed: { ...none } };
        from ??= index;
        continue;
      }
      if (binary) list(binary.listed, line);
      const result = resultIn(line);
      const opened = binary ?? lostInGap(printed, index);
      if (result && opened) close(believed(printed, opened, result, index), index);
    }
    if (binary) close(binary.listed, lines.length - 1);
    return from === undefined && totalOf(counts) === 0
      ? []
      : [{ from: from ?? to, to, ...counts, failures: failuresIn(lines) }];
  },
};

interface Binary {
  readonly from: number;
  readonly announced: number;
  readonly listed: { passed: number; failed: number; skipped: number };
}

const words = { passed: 'passed', failed: 'failed', ignored: 'skipped', measured: 'passed' } as const;

function resultIn(line: string): Counts | undefined {
  const [, said] = /^test result: (?:ok|FAILED)\. (.{1,200}?)(?:; finished in .*)?$/.exec(line) ?? [];
  const pairs = said === undefined ? undefined : pairsIn(said, ';');
  return pairs && countsOf(pairs, words);
}

function list(listed: Binary['listed'], line: string): void {
  const [, end] = /^test \S.* \.\.\. .{0,1500}?\b(ok|FAILED|ignored)(?:, .*| <[\d.]+s>)?$/.exec(line) ?? [];
  if (end === undefined) return;
  listed[end === 'ok' ? 'passed' : end === 'FAILED' ? 'failed' : 'skipped']++;
}

/** Tests that printed past the capture may have torn their own line apart: the result is doubted only where none was torn. */
function believed(printed: Printed, binary: Binary, said: Counts, index: number): Counts {
  const announced = believable(printed, binary.from, index, said, binary.announced);
  const listed = totalOf(binary.listed);
  const torn = printed.lines
    .slice(binary.from, index)
    .filter((line) => /^test \S.* \.\.\. /.test(line)).length;
  return torn === 0 ? announced : believable(printed, binary.from, index, announced, Math.max(listed, torn));
}

function lostInGap({ gap }: Printed, index: number): Binary | undefined {
  if (gap === undefined || gap > index) return undefined;
  return { from: gap, announced: Number.MAX_SAFE_INTEGER, listed: { ...none } };
}

function failuresIn(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    const [, name] = /^---- (\S.*) stdout ----$/.exec(line) ?? [];
    if (name === undefined) return [];
    const ends = (next: string) => /^(?:---- .* stdout ----|failures:|stack backtrace:|note: )/.test(next);
    return [{ name, message: messageAfter(lines, index + 1, ends) }];
  });
}

const nextestSummary = /^ +Summary \[ *[\d.]+s\] +(?:\d+\/)?\d{1,7} tests? run: (.{1,200})$/;

/**
 * cargo nextest. Ignored tests and those that a filter left out are one number:
 * ```
 *         FAIL [   0.005s] sum tests::carries
 *      Summary [   0.010s] 3 tests run: 2 passed (1 slow), 1 failed, 1 skipped
 * ```
 */
export const nextest: Reader = {
  format: 'nextest',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const [, said] = nextestSummary.exec(lines[index] ?? '') ?? [];
      const pairs = said === undefined ? undefined : pairsIn(said.replace(/ \([^()]{1,80}\)/g, ''), ',');
      if (!pairs) return undefined;
      const counts = countsOf(pairs, {
        passed: 'passed',
        failed: 'failed',
        'timed out': 'failed',
        'exec failed': 'failed',
        skipped: 'skipped',
      });
      const names = new Set(
        lines
          .slice(after, index)
          .flatMap(
            (before) => /^ +(?:FAIL|TIMEOUT|SIG\w+|ABORT) \[ *[\d.]+s\] (\S.*)$/.exec(before)?.[1] ?? [],
          ),
      );
      const failures = [...names].map((name) => ({ name, message: '' }));
      return { from: index, to: index, ...counts, failures };
    }),
};
