import { isRecord } from '../domain/record.ts';

/** What an edit makes of a file: a text, nothing at all (the file goes), or a refusal that leaves it as it is. */
export type Edited =
  | { readonly text: string | undefined }
  | {
      /** A whole sentence for the person. */
      readonly refused: string;
      readonly line?: number;
      readonly column?: number;
    };

/** A refusal that points at a place of the text; lines and columns count from one, a BOM counts nothing. */
export function refusedAt(text: string, offset: number, because: string): Edited {
  const before = text.slice(0, offset).replace(/^\ufeff/, '');
  const lines = before.split(/\r\n|\r|\n/);
  return { refused: because, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The line ending a file uses; a new one gets the line feed. */
export function endingOf(text: string): string {
  return /\r\n|\n/.exec(text)?.[0] ?? '\n';
}

/** Joins a piece to the end of a text so that taking it out again leaves the bytes that were there. */
export function appended(text: string, piece: string): string {
  const ending = endingOf(text);
  const lines = piece.replaceAll('\n', ending);
  if (text.replace(/^\ufeff/, '') === '') return `${text}${lines}${ending}`;
  return /\n$/.test(text) ? `${text}${ending}${lines}${ending}` : `${text}${ending}${ending}${lines}`;
}

/** Takes out what `appended` put in: from `start` up to `end`, with the line end and the empty line that came with it. */
export function cutOut(text: string, start: number, end: number): string {
  const head = text.slice(0, start);
  const tail = text.slice(end);
  const after = /^\r?\n/.exec(tail)?.[0] ?? '';
  // At the end of a file that had no final newline, two line ends came with the piece; otherwise one before, one after.
  const gap = after === '' && tail === '' ? /(?:\r?\n){1,2}$/ : /(?:^|(?<=\n))\r?\n$/;
  return head.replace(gap, '') + tail.slice(after.length);
}

/** Whether two values out of parsers say the same; the order of keys says nothing. */
export function saysTheSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (!isRecord(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
