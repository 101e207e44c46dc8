import { expect, test } from 'vitest';
import { openLineSplitter } from '../../../src/adapters/processes/line-splitter.ts';

test('lines are put together across chunks, and characters across their halves', () => {
  expect(
    linesOf(['on', 'e\ntwo\r\n\nthr', Buffer.from('€').subarray(0, 1), Buffer.from('€').subarray(1)]),
  ).toEqual(['one', 'two', '', 'thr€']);
});

test('of an endless line only the first megabyte is given', () => {
  const megabyte = 'x'.repeat(1024 * 1024);

  expect(linesOf([megabyte, megabyte, 'end\nnext\n'])).toEqual([megabyte, 'next']);
});

function linesOf(chunks: readonly (string | Buffer)[]): readonly string[] {
  const lines: string[] = [];
  const splitter = openLineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk));
  splitter.end();
  return lines;
}
