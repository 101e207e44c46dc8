/** Lines of a message that are kept: what was expected and what came, not the stack. */
const mostLines = 12;

/** The lines from `start`, before `end`, to where `ends` says, without empty ones, stacks and common indentation. */
export function messageAfter(
  lines: readonly string[],
  start: number,
  ends: (line: string) => boolean = () => false,
  end = lines.length,
): string {
  const kept: string[] = [];
  for (let index = start; index < end && kept.length < mostLines; index++) {
    const line = lines[index] ?? '';
    if (ends(line)) break;
    if (line.trim() !== '' && !isFrame(line)) kept.push(line);
  }
  return flush(kept).join('\n');
}

function isFrame(line: string): boolean {
  return /^\s+at (?:\S+ \(|async |file:|new |\/|node:)/.test(line);
}

function flush(lines: readonly string[]): readonly string[] {
  const indents = lines.map((line) => line.length - line.trimStart().length);
  const least = Math.min(...indents, 100);
  return lines.map((line) => line.slice(least));
}
