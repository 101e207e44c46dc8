import { styleText } from 'node:util';
import type { Answer, Paint } from '../../tools/define.ts';
import type { MakeTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Control characters but line feed and tab; what reorders text; what hides in it. */
const treacherous = /[^\P{Cc}\n\t]|\p{Bidi_Control}|[\u2028\u2029\ufeff]/gu;

/**
 * Makes text from anywhere safe for a terminal: what could move the cursor, change the title, or show words in
 * another order than they are in becomes visible instead.
 */
export function printable(text: string): string {
  return text.replace(treacherous, (char) => `\\u{${hex(char)}}`);
}

/** The same for every text in an answer, before a tool adds the colours that are ours. */
export function printableAnswer(answer: Answer): Answer {
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, made(value)]));
}

/** An answer for a program; still safe to print, and still the same value. */
export function toJson(value: unknown, indent: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    treacherous,
    (char) => `\\u${hex(char).padStart(4, '0')}`,
  );
}

/** Colours, tables and times of a terminal; without colour, plain text. */
export function paintFor(terminal: Pick<Terminal, 'color' | 'now'>, table: MakeTable): Paint {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    // The terminal has decided about colours; styleText would look at this process's own streams.
    terminal.color ? styleText(format, text, { validateStream: false }) : text;
  const bold = style('bold');
  return {
    bold,
    dim: style('dim'),
    good: style('green'),
    bad: style('red'),
    warn: style('yellow'),
    table: ([heading, ...rows]) => (heading ? table([heading.map(bold), ...rows]) : ''),
    ago: (at) => ago(terminal.now() - at),
  };
}

function made(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(made);
  return typeof value === 'object' && value !== null ? printableAnswer(value as Answer) : value;
}

function hex(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16);
}

function ago(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 5) return 'just now';
  const span =
    seconds < 90
      ? `${seconds} s`
      : seconds < 5400
        ? `${Math.round(seconds / 60)} min`
        : seconds < 129_600
          ? `${Math.round(seconds / 3600)} h`
          : `${Math.round(seconds / 86_400)} d`;
  return ms < 0 ? `in ${span}` : `${span} ago`;
}
