import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { measureOutput, openOutput, readEnds, readPage } from '../../../src/adapters/processes/run-output.ts';
import { temporaryFolder } from '../../support/real-processes.ts';

test('everything is kept while it is little', async () => {
  const folder = written(100, ['hello ', 'world\n']);

  expect(await readEnds(folder, { head: 100, tail: 100 })).toBe('hello world\n');
  expect(await readEnds(folder, { head: 6, tail: 6 })).toBe('hello world\n');
  expect(await readPage(folder, 0, 100, false)).toEqual({ text: 'hello world\n', next: 12, size: 12 });
  expect(measureOutput(folder)).toEqual({ bytes: 12, lastAt: expect.any(Number) });
});

test('nothing printed is an empty text, also without a directory', async () => {
  for (const folder of [temporaryFolder(), '/no/such/folder']) {
    expect(await readEnds(folder, { head: 10, tail: 10 })).toBe('');
    expect(await readPage(folder, 7, 100, true)).toEqual({ text: '', next: 0, size: 0 });
    expect(measureOutput(folder)).toEqual({ bytes: 0, lastAt: undefined });
  }
});

test('of a flood the first and the last bytes are kept, and the rest is counted', async () => {
  const folder = written(10, [`first${'.'.repeat(1_000)}last`]);

  expect(await readEnds(folder, { head: 5, tail: 4 })).toBe('first\n[... 1000 bytes left out ...]\nlast');
  expect(await readEnds(folder, { head: 999, tail: 10 })).toBe(
    'first.....\n[... 989 bytes left out ...]\n......last',
  );
  const size = readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  expect(size).toBeLessThanOrEqual(30);
});

test('a page that begins in what is left out says so and goes on after it', async () => {
  const folder = written(10, ['0123456789', '.'.repeat(100), 'abcdefghij']);

  const first = await readPage(folder, 0, 1_000, false);
  const second = await readPage(folder, first.next, 1_000, false);

  expect(first).toEqual({ text: '0123456789', next: 10, size: 120 });
  expect(second).toEqual({
    text: `\n[... 90 bytes left out ...]\n${'.'.repeat(10)}abcdefghij`,
    next: 120,
    size: 120,
  });
  expect(await readPage(folder, 120, 1_000, false)).toEqual({ text: '', next: 120, size: 120 });
  expect(await readPage(folder, 9_999, 1_000, false)).toEqual({ text: '', next: 120, size: 120 });
});

test('a character that has only half arrived waits for its other half', async () => {
  const folder = temporaryFolder();
  const output = openOutput(folder, 100);
  const euro = Buffer.from('€');
  output.write(Buffer.concat([Buffer.from('5 '), euro.subarray(0, 2)]));

  const early = await readPage(folder, 0, 100, true);
  expect(early).toEqual({ text: '5 ', next: 2, size: 4 });
  expect(await readPage(folder, 2, 100, true)).toEqual({ text: '', next: 2, size: 4 });
  output.write(euro.subarray(2));

  expect(await readPage(folder, 2, 100, true)).toEqual({ text: '€', next: 5, size: 5 });
});

test('half a character at the very end is shown as damaged and not asked for again and again', async () => {
  const folder = written(100, [Buffer.from('€').subarray(0, 2)]);

  expect(await readPage(folder, 0, 100, false)).toEqual({ text: '\ufffd', next: 2, size: 2 });
});

test('pages put together are what was printed, whatever the size of files, pages and chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', '\n', 'é', '€', '😀', '\0'), maxLength: 40 }), {
        maxLength: 10,
      }),
      fc.integer({ min: 60, max: 200 }),
      fc.integer({ min: 1, max: 50 }),
      async (chunks, keepBytes, bytes) => {
        const printed = chunks.join('');
        fc.pre(Buffer.byteLength(printed) <= 2 * keepBytes);
        const folder = written(keepBytes, chunks);
        let text = '';
        for (let offset = 0; ; ) {
          const page = await readPage(folder, offset, bytes, false);
          if (page.next === offset) break;
          text += page.text;
          offset = page.next;
        }
        expect(text).toBe(chunks.join(''));
      },
    ),
    { numRuns: 60 },
  );
});

test('of any flood what is shown is valid text and every byte is shown or counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'é', '€', '😀', 'plain text\n'), { minLength: 50, maxLength: 300 }),
      fc.integer({ min: 8, max: 64 }),
      async (pieces, keepBytes) => {
        const folder = written(keepBytes, pieces);
        const size = Buffer.byteLength(pieces.join(''));
        const shown = await readEnds(folder, { head: keepBytes, tail: keepBytes });
        expect(shown).not.toContain('\ufffd');
        const [notice = '', left = '0'] = /\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n/.exec(shown) ?? [];
        expect(Buffer.byteLength(shown) - notice.length + Number(left)).toBe(size);
      },
    ),
    { numRuns: 60 },
  );
});

test('a disk that takes nothing does not stop the writer', async () => {
  const folder = path.join(temporaryFolder(), 'removed');
  const output = openOutput(folder, 10);

  output.write(Buffer.from('hello'));

  expect(output.bytes).toBe(5);
});

function written(keepBytes: number, chunks: readonly (string | Buffer)[]): string {
  const folder = temporaryFolder();
  const output = openOutput(folder, keepBytes);
  for (const chunk of chunks) output.write(Buffer.from(chunk));
  output.close();
  return folder;
}
