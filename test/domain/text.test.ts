import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { brief, headOf, jsonBytes, plain, shellWord, shown, tailOf } from '../../src/domain/text.ts';

test('half of a character becomes the sign for it, a whole one stays', () =>
  expect(plain('a\ud800b\udc00 \u{1f600}')).toBe('a\ufffdb\ufffd \u{1f600}'));

test('what is cut at either end is never longer than its limit and never ends in half of a character', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  fc.assert(
    fc.property(text, fc.nat({ max: 30 }), (whole, limit) => {
      for (const cut of [headOf(whole, limit), tailOf(whole, limit)]) {
        expect(cut.length).toBeLessThanOrEqual(limit);
        expect(cut).not.toMatch(/\p{Surrogate}/u);
      }
      expect(whole.startsWith(headOf(whole, limit))).toBe(true);
      expect(whole.endsWith(tailOf(whole, limit))).toBe(true);
      expect(brief(whole, limit + 1).length).toBeLessThanOrEqual(limit + 1);
    }),
  );
});

test('a brief text is plain, and an ellipsis says that there was more', () => {
  expect(brief('\u001b[1mshort', 5)).toBe('short');
  expect(brief('longer', 5)).toBe('long…');
});

test("a caller's word is printable and short", () =>
  expect(shown(`a\u202e\n${'b'.repeat(99)}`)).toBe(`a??${'b'.repeat(57)}`));

test('the weight in an answer counts escapes and bytes', () => expect(jsonBytes('"\n\u65e5')).toBe(9));

test.each([
  ['src/main.ts', 'src/main.ts'],
  ['two words', "'two words'"],
  ["it's; rm -r $HOME", `'it'\\''s; rm -r $HOME'`],
  ['', "''"],
])('%j is one word for a shell', (text, word) => expect(shellWord(text)).toBe(word));
