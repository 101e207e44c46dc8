import { plain } from '../../text.ts';
import type { Printed } from './section.ts';

/** Characters of a line that are looked at: no reader needs more, and no expression may run on a megabyte. */
const longestLine = 2_000;

/** Lines that are looked at, the last ones: a runner's summary stands at the end. */
const mostLines = 200_000;

const gapLine = /^\[(?:\.\.\.|…) \d+ (?:bytes|characters) left out (?:\.\.\.|…)\]$/;

/** What a check printed, as lines without colours and cursor movements. A lone carriage return ends a line too. */
export function linesOf(output: string): Printed {
  const lines = plain(withoutTitles(output))
    .split('\n')
    .slice(-mostLines)
    .map((line) => (line.length > longestLine ? line.slice(0, longestLine) : line).trimEnd());
  const gap = lines.findIndex((line) => gapLine.test(line));
  return { lines, gap: gap === -1 ? undefined : gap };
}

/** Without window titles and the targets of links, of which `plain` would leave the text. */
function withoutTitles(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is where they are taken out
  return text.replace(/\u001b\][^\u0007\u001b\n]{0,2000}(?:\u0007|\u001b\\)/g, '');
}

/**
 * The streams of tools that run several packages side by side and put the package before every line: `pnpm -r`
 * (`packages/a test: …` after `packages/a test$ command`), turbo (`a:test: …` after `a:test: cache miss`), and
 * concurrently (`[a] …` when it says how each ended). The first stream is everything else.
 */
export function streamsOf(printed: Printed): readonly Printed[] {
  const prefixes = prefixesIn(printed.lines);
  if (prefixes.size === 0) return [printed];
  const streams = new Map<string, { lines: string[]; gap: number | undefined }>();
  const rest = { lines: [] as string[], gap: undefined as number | undefined };
  for (const prefix of prefixes) streams.set(prefix, { lines: [], gap: undefined });
  for (const [index, line] of printed.lines.entries()) {
    if (index === printed.gap) {
      for (const stream of [rest, ...streams.values()]) {
        stream.gap = stream.lines.length;
        stream.lines.push(line);
      }
      continue;
    }
    const prefix = prefixShapes
      .flatMap((shape) => shape.exec(line)?.[0] ?? [])
      .find((each) => streams.has(each));
    const stream = prefix === undefined ? undefined : streams.get(prefix);
    if (prefix !== undefined && stream) stream.lines.push(line.slice(prefix.length).replace(/^ /, ''));
    else rest.lines.push(line);
  }
  return [rest, ...streams.values()];
}

function prefixesIn(lines: readonly string[]): ReadonlySet<string> {
  const prefixes = new Set<string>();
  for (const line of lines) {
    const [, pnpm] = /^(\S{1,200} [\w:.-]{1,80})\$ \S/.exec(line) ?? [];
    if (pnpm !== undefined) prefixes.add(`${pnpm}:`);
    const [, turbo] = /^(\S{1,200}:[\w.-]{1,80}: )cache (?:hit|miss|bypass)/.exec(line) ?? [];
    if (turbo !== undefined) prefixes.add(turbo.trimEnd());
    const [, concurrently] = /^(\[[^\][]{1,80}\]) .{1,400} exited with code \d+$/.exec(line) ?? [];
    if (concurrently !== undefined) prefixes.add(concurrently);
  }
  return prefixes;
}

const prefixShapes = [
  /^\S{1,200} [\w:.-]{1,80}:(?= |$)/,
  /^\S{1,200}:[\w.-]{1,80}:(?= |$)/,
  /^\[[^\][]{1,80}\](?= |$)/,
];
