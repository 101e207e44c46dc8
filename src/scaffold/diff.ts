const context = 3;

/** What changes in a file, as people read it: the lines around the first and the last difference are context. */
export function diffOf(path: string, before: string | undefined, after: string | undefined): string {
  const old = linesOf(before);
  const now = linesOf(after);
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const from = Math.max(0, head - context);
  const upTo = Math.min(tail, context);
  const hunk = [
    ...old.slice(from, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, old.length - tail + upTo).map((line) => ` ${line}`),
  ];
  const range = (lines: readonly string[]) =>
    `${lines.length === 0 ? 0 : from + 1},${lines.length - tail + upTo - from}`;
  return [
    `--- ${before === undefined ? 'nothing' : path}`,
    `+++ ${after === undefined ? 'nothing' : path}`,
    `@@ -${range(old)} +${range(now)} @@`,
    ...hunk,
    '',
  ].join('\n');
}

/** A carriage return is told by the line, and a missing last newline by its own sign, as git does. */
function linesOf(text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') return lines.slice(0, -1);
  return [...lines.slice(0, -1), `${lines.at(-1)}\n\\ No newline at end of file`];
}
