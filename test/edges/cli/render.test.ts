import { expect, test } from 'vitest';
import { paintFor, printable, toJson } from '../../../src/edges/cli/render.ts';
import { tableFor } from '../../../src/edges/cli/table.ts';
import { wantsColor } from '../../../src/edges/cli/terminal.ts';
import { type } from './typed.ts';

const output = (isTTY: boolean) => ({ isTTY, write() {} });

test.each([
  ['plain\ttext\nin lines', 'plain\ttext\nin lines'],
  ['\u001b[31mred', '\\u{1b}[31mred'],
  ['\u001b]0;title\u0007', '\\u{1b}]0;title\\u{7}'],
  ['\u009b2J', '\\u{9b}2J'],
  ['a\rb', 'a\\u{d}b'],
  ['\u202egnp\u2066', '\\u{202e}gnp\\u{2066}'],
  ['grün 日本 👩‍👧', 'grün 日本 👩‍👧'],
])('%j is printed as %j', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test('foreign text cannot command the terminal, in an answer, in JSON or in an error', async () => {
  const hostile = ['acts', 'now', '\u001b[2Jx', '--outcome', 'hostile'];
  const lines = [
    hostile,
    [...hostile, '--json'],
    ['\u001b[2J'],
    ['\u202e', '--json'],
    ['look', '--\u009b2J'],
  ];
  for (const line of lines) {
    const { stdout, stderr } = await type(line, { tty: true });
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  }
});

test('JSON is safe to print and still the same value', () => {
  const value = { text: '\u001b\u007f\u009b\u202e\ufeff\u2028 ü "\\' };
  expect(toJson(value, 0)).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
  expect(JSON.parse(toJson(value, 2))).toEqual(value);
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  [{ TERM: 'dumb' }, true, false],
])('with %j on a terminal: %s, colours: %s', (env, isTTY, expected) => {
  expect(wantsColor(env, isTTY)).toBe(expected);
});

test('our own colours are kept', async () => {
  const { stdout } = await type(['look'], { tty: true, color: true });
  expect(stdout).toContain('\u001b[32mseen\u001b[39m');
  expect((await type(['look'])).stdout).toContain('seen by person\n');
});

test('a table in a pipe is whole and aligned', async () => {
  const paint = paintFor(
    { color: false, now: () => 0 },
    await tableFor({ stdout: output(false), columns: 20 }),
  );
  const table = paint.table([
    ['loop', 'goal'],
    ['a', 'a goal that is longer than the terminal is wide'],
    ['日本', 'x\ny'],
  ]);
  expect(table).toBe('loop  goal\na     a goal that is longer than the terminal is wide\n日本  x y');
});

test('a table on a terminal has no borders and fits its width', async () => {
  const paint = paintFor(
    { color: true, now: () => 0 },
    await tableFor({ stdout: output(true), columns: 30 }),
  );
  const table = paint.table([
    ['loop', 'goal'],
    ['a', paint.good('a goal that is longer than the terminal is wide')],
  ]);
  const [heading, row] = table.split('\n');
  expect(heading).toBe('\u001b[1mloop\u001b[22m  \u001b[1mgoal\u001b[22m');
  expect(row).toBe('a     \u001b[32ma goal that is longer t\u001b[39m…');
});

test.each([
  [0, 'just now'],
  [45_000, '45 s ago'],
  [180_000, '3 min ago'],
  [7_200_000, '2 h ago'],
  [259_200_000, '3 d ago'],
  [-180_000, 'in 3 min'],
])('%i ms are %s', async (ms, expected) => {
  const paint = paintFor(
    { color: false, now: () => 1e12 },
    await tableFor({ stdout: output(false), columns: 80 }),
  );
  expect(paint.ago(1e12 - ms)).toBe(expected);
});
