import { stripVTControlCharacters } from 'node:util';
import type { Terminal } from './terminal.ts';

export type MakeTable = (rows: readonly (readonly string[])[]) => string;

const GAP = 2;
const NARROWEST = 8;

/** Tables for a terminal, cut to its width; for a pipe, whole and aligned, because a program may read them. */
export async function tableFor(terminal: Pick<Terminal, 'stdout' | 'columns'>): Promise<MakeTable> {
  if (!terminal.stdout.isTTY) return (rows) => aligned(rows.map(singleLines));
  const { default: Table } = await import('cli-table3');
  return (rows) => {
    const table = new Table({
      chars: borderless,
      style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
      // The gap after the last column is trimmed away below.
      colWidths: fitted(widths(rows), terminal.columns + GAP),
    });
    table.push(...rows.map(singleLines));
    return trimmed(table.toString());
  };
}

const edges = ['top', 'bottom', 'left', 'right'];
const corners = ['', '-mid', '-left', '-right'];
const borderless = {
  ...Object.fromEntries(edges.flatMap((edge) => corners.map((corner) => [`${edge}${corner}`, '']))),
  mid: '',
  'mid-mid': '',
  middle: '',
};

function aligned(rows: readonly (readonly string[])[]): string {
  const columns = widths(rows);
  const line = (row: readonly string[]) =>
    row.map((cell, at) => cell + ' '.repeat((columns[at] ?? 0) - width(cell) + GAP)).join('');
  return trimmed(rows.map(line).join('\n'));
}

/** Takes from the widest column until the row fits; what does not fit then is the terminal's problem. */
function fitted(columns: readonly number[], available: number): number[] {
  const cut = columns.map((column) => column + GAP);
  for (let excess = sum(cut) - available; excess > 0; excess -= 1) {
    const widest = Math.max(...cut);
    if (widest <= NARROWEST + GAP) break;
    cut[cut.indexOf(widest)] = widest - 1;
  }
  return cut;
}

function widths(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => width(row[at] ?? ''))));
}

const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u;

/** Columns a cell takes; close enough for letters, ideographs and emoji. */
function width(cell: string): number {
  return sum([...stripVTControlCharacters(cell)].map((char) => (wide.test(char) ? 2 : 1)));
}

function singleLines(row: readonly string[]): string[] {
  return row.map((cell) => cell.replace(/\s*\n\s*/g, ' '));
}

function trimmed(text: string): string {
  return text.replace(/[ \t]+$/gm, '');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
