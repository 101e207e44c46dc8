import { stripVTControlCharacters } from 'node:util';
import { printable } from './render.ts';
import type { Terminal } from './terminal.ts';

interface ProgressLine {
  show(message: string): void;
  /** Leaves no trace of it. */
  clear(): void;
}

/** One line that says how things stand and is gone when the answer comes. Nothing where nobody watches. */
export function progressLine(terminal: Terminal): ProgressLine {
  if (!terminal.stderr.isTTY) return { show() {}, clear() {} };
  let shown = 0;
  const clear = () => {
    if (shown > 0) terminal.stderr.write(`\r${' '.repeat(shown)}\r`);
    shown = 0;
  };
  return {
    show(message) {
      clear();
      const oneLine = printable(stripVTControlCharacters(message)).replace(/\s+/g, ' ');
      const text = oneLine.slice(0, Math.max(0, terminal.columns - 1));
      terminal.stderr.write(text);
      shown = text.length;
    },
    clear,
  };
}
