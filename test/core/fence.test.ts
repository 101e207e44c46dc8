import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fence, plain, shorten } from '../../src/core/fence.ts';

/** What a reader of Markdown sees inside: the lines between the first and the first that closes it. */
function inside(block: string): string {
  const [open = '', ...lines] = block.split('\n');
  const marks = /^`+/.exec(open)?.[0].length ?? 0;
  const close = lines.findIndex(
    (line) => /^ {0,3}`+\s*$/.test(line) && (/`+/.exec(line)?.[0].length ?? 0) >= marks,
  );
  return close === lines.length - 1 ? lines.slice(0, -1).join('\n') : 'escaped';
}

const nasty = fc.string({
  unit: fc.constantFrom(
    '`',
    '``',
    '```',
    '\n',
    '\r',
    '\u0000',
    '\u001b[0m',
    '\u200e',
    '~',
    ' ',
    'a',
    '\ud83d\ude00',
  ),
  maxLength: 60,
});

describe('a fence', () => {
  test('cannot be left by what is inside', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(inside(fence(text, 'text'))).toBe(plain(text).trimEnd());
      }),
    );
  });

  test('is longer than backticks that stand together only once a control character is gone', () =>
    expect(fence('``\u0000``\nfree')).toBe('`````\n````\nfree\n`````'));

  test('stands a flood of backticks', () => {
    const text = '`a'.repeat(300_000);
    expect(fence(text).length).toBe(text.length + 8);
  });

  test('has three marks and a label', () => expect(fence('boom\n\n', 'text')).toBe('```text\nboom\n```'));
});

describe('plain text', () => {
  test.each([
    ['\u001b[31;1mred\u001b[0m', 'red'],
    ['\u001b\u001b[0m[31mx', '[31mx'],
    ['a\r\nb\rc', 'a\nb\nc'],
    ['a\tb\nc', 'a\tb\nc'],
    ['bell\u0007 back\u0008 del\u007f c1\u009b', 'bell back del c1'],
    ['\u202egnp.exe\u202c \u2066x\u2069 \u200fy\u061c', 'gnp.exe x y'],
    ['Übung 日本 🚀', 'Übung 日本 🚀'],
  ])('%j is %j', (text, shown) => expect(plain(text)).toBe(shown));

  test('stays plain', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(plain(plain(text))).toBe(plain(text));
      }),
    );
  });
});

describe('a shortened text', () => {
  test('is itself when it fits', () => expect(shorten('abc', 3)).toBe('abc'));

  test('keeps the end that matters and says what it lacks', () => {
    expect(shorten('abcdef', 2)).toBe('ab\n[… 4 characters left out …]');
    expect(shorten('abcdef', 2, 'tail')).toBe('[… 4 characters left out …]\nef');
    expect(shorten('abc', 0, 'tail')).toBe('[… 3 characters left out …]\n');
  });

  test('never ends in half a character, and is never much longer than its limit', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(
        text,
        fc.nat({ max: 30 }),
        fc.constantFrom('head' as const, 'tail' as const),
        (full, limit, keep) => {
          const short = shorten(full, limit, keep);
          // With the u flag a pair is one character, so that this finds halves only.
          expect(short).not.toMatch(/\p{Surrogate}/u);
          expect(short.length).toBeLessThanOrEqual(limit + 40);
        },
      ),
    );
  });
});
