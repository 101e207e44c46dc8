import { expect, test } from 'vitest';
import { toResult } from '../../src/edges/mcp/answer.ts';
import { readLog } from '../../src/tools/catalog/read_log.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aRunEnd, aYard } from '../support/yard-builder.ts';

test('pages join to the whole, however much of them an answer has to escape', async () => {
  const world = await aToolWorld(aYard().build());
  const output = '"\n\\'.repeat(6_000);
  world.runs.set('worker-1', { phase: 'ended', end: aRunEnd, facts: [] });
  Object.assign(world.rt.processes, {
    page: async (_: string, offset: number, bytes: number) => {
      const text = output.slice(offset, offset + bytes);
      return { text, next: offset + text.length, size: output.length };
    },
  });
  let whole = '';
  for (let offset = 0; offset < output.length; ) {
    const answer = await world.call(readLog, { id: 'worker-1', offset, bytes: 6_000 });
    expect(toResult(answer).structuredContent).toEqual(answer);
    whole += answer.text;
    offset = Number(answer.next_offset);
  }
  expect(whole).toBe(output);
});
