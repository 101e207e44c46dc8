import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LoopyardError } from '../../../src/domain/errors.ts';
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
  expect(text.length).toBeLessThanOrEqual(MAX_ANSWER);
  expect(structuredContent).toMatchObject({ next: 'Go.', rest: ['short'] });
  expect(text).toContain('[cut: the answer was too long]');
  expect(content).toEqual([{ type: 'text', text }]);
});

test('an answer that is long without long texts is replaced by what to do', () => {
  const { structuredContent } = toResult({
    next: 'Go.',
    many: Array.from({ length: 30_000 }, (_, at) => at),
  });
  expect(structuredContent).toEqual({ next: expect.stringContaining('Ask for one loop or a smaller part.') });
});

test('no answer is ever longer than a client takes', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.string({ minLength: 30_000 }))),
      (answer) => {
        expect(JSON.stringify(toResult(answer).structuredContent).length).toBeLessThanOrEqual(MAX_ANSWER);
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
