import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoopyardError } from '../../../src/domain/errors.ts';
import { jsonBytes } from '../../../src/domain/text.ts';
import { MAX_ANSWER, toErrorResult, toResult } from '../../../src/edges/mcp/answer.ts';

test('what says nothing is left out at every depth, but places in a list stay', () => {
  const answer = {
    next: 'Go.',
    a: undefined,
    b: null,
    c: '',
    d: [],
    e: { f: [], g: '' },
    h: 0,
    i: false,
    j: ['', {}],
  };
  expect(toResult(answer).structuredContent).toEqual({ next: 'Go.', h: 0, i: false, j: ['', {}] });
});

test('the longest text of an answer that is too long is cut and says so', () => {
  const long = '"\n'.repeat(40_000);
  const { structuredContent, content } = toResult({ next: 'Go.', log: { tail: long }, rest: ['short'] });
  const text = JSON.stringify(structuredContent);
  expect(jsonBytes(structuredContent)).toBeLessThanOrEqual(MAX_ANSWER);
  expect(jsonBytes(structuredContent)).toBeGreaterThan(MAX_ANSWER * 0.9);
  expect(structuredContent).toMatchObject({ next: 'Go.', rest: ['short'] });
  expect(text).toContain('[cut: the answer was too long]');
  expect(content).toEqual([{ type: 'text', text }]);
});

test('of an answer that is long without long texts the short fields are left, and what to do', () => {
  const { structuredContent } = toResult({
    next: 'Go.',
    loop: 'l',
    cursor: 7,
    many: Array.from({ length: 30_000 }, (_, at) => at),
  });
  expect(structuredContent).toEqual({
    loop: 'l',
    cursor: 7,
    next: expect.stringContaining('Ask for one loop or a smaller part.'),
  });
});

test('no answer is ever longer than a client takes', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', minLength: 5_000 }))),
      (answer) => {
        expect(jsonBytes(toResult(answer).structuredContent)).toBeLessThanOrEqual(MAX_ANSWER);
      },
    ),
    { numRuns: 50 },
  );
});

test('facts never hide the code, the sentence or the hint of an error', () => {
  const error = new LoopyardError('BUSY', 'It is busy.', { message: 'other', error: 'other', hint: 'other' });
  expect(toErrorResult(error).structuredContent).toEqual({
    error: 'BUSY',
    message: 'It is busy.',
    hint: 'Try again in a moment.',
  });
});

test('no text reorders, hides or breaks what a model or a person sees, wherever it stands', () => {
  const foreign = '\u001b[31mred\u001b[0m \u202egnp\u202c\u0000 half \ud800 \u{1f600}\r\nend';
  const clean = 'red gnp half \ufffd \u{1f600}\nend';
  const answer = { next: foreign, list: [foreign, { deep: foreign }] };
  expect(toResult(answer).structuredContent).toEqual({ next: clean, list: [clean, { deep: clean }] });
  const error = new LoopyardError('BUSY', 'It is busy.', { holder: foreign });
  expect(toErrorResult(error).structuredContent).toMatchObject({ holder: clean });
});

test('a cut never leaves half of a character', () => {
  for (const offset of ['', 'x']) {
    const { content } = toResult({ next: 'Go.', text: offset + '\u{1f600}'.repeat(5_000) });
    expect(JSON.stringify(content)).not.toMatch(/\\ud[89a-f]/);
  }
});
