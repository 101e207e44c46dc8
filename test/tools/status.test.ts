import { expect, test } from 'vitest';
import { status } from '../../src/tools/catalog/status.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aYard } from '../support/yard-builder.ts';

const told = (id: string) => ({ type: 'loop.told' as const, id, message: { text: 'news', by: 'test' } });

test('an event of the named loop is seen however busy the yard was since the cursor', async () => {
  const world = await aToolWorld(aYard().withLoop().withLoop({ id: 'busy' }).build());
  const { cursor } = await world.call(status, { loop: 'l' });
  for (let n = 0; n < 1_100; n += 1) await world.record(told('busy'));
  await world.record(told('l'));
  const answer = await world.call(status, { loop: 'l', cursor, wait_s: 0 });
  expect(answer).toMatchObject({ events: ['loop.told l'], loops: [{ id: 'l' }] });
  expect(await world.call(status, { loop: 'l', cursor: answer.cursor, wait_s: 0 })).toMatchObject({
    unchanged: true,
    cursor: answer.cursor,
  });
});

test('a cursor from before what the store keeps shows the loop, because nobody knows what happened', async () => {
  const world = await aToolWorld(aYard().withLoop().build());
  const answer = await world.call(status, { loop: 'l', cursor: 0, wait_s: 0 });
  expect(answer).toMatchObject({ loops: [{ id: 'l' }] });
  expect(answer).not.toHaveProperty('unchanged');
});

test('of many events the newest are told, each in a line', async () => {
  const world = await aToolWorld(aYard().withLoop().build());
  const { cursor } = await world.call(status, { loop: 'l' });
  for (let n = 0; n < 50; n += 1) {
    const hold = { kind: 'paused' as const, reason: `reason ${n}` };
    await world.record({ type: 'loop.held', id: 'l', hold });
    await world.record({ type: 'loop.released', id: 'l', reason: `${'long '.repeat(100)}${n}` });
  }
  const { events } = (await world.call(status, { loop: 'l', cursor, wait_s: 0 })) as { events: string[] };
  expect(events.length).toBeLessThanOrEqual(30);
  for (const line of events) expect(line.length).toBeLessThanOrEqual(120);
  expect(events.at(-1)).toMatch(/^loop\.released l: long/);
});
