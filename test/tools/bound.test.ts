import { expect, test } from 'vitest';
import { ask } from '../../src/tools/catalog/ask.ts';
import { loadContext } from '../../src/tools/catalog/load_context.ts';
import { remember } from '../../src/tools/catalog/remember.ts';
import { report } from '../../src/tools/catalog/report.ts';
import { verify } from '../../src/tools/catalog/verify.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aWorkerEnd, aYard } from '../support/yard-builder.ts';

const calls = [
  [report, { text: 'at it' }],
  [remember, { note: 'a lesson' }],
  [ask, { question: 'Which?', wait_s: 0 }],
  [loadContext, {}],
  [verify, { wait_s: 0 }],
] as const;

const refused = { code: 'NOT_ALLOWED_HERE' };

test.each(calls)('a worker that has ended can do nothing any more: $name', async (tool, args) => {
  const world = await aToolWorld(aYard().withLoop({ state: 'submitted' }).build());
  const { seq } = await world.rt.store.read();
  await expect(world.callAs('l-w', tool, args)).rejects.toMatchObject(refused);
  expect((await world.rt.store.read()).seq).toBe(seq);
});

test.each(calls)('a worker cannot act for the one that came after it: $name', async (tool, args) => {
  const next = { id: 'l-w2', loop: 'l', iteration: 2, backend: 'command' };
  const yard = aYard()
    .withLoop({ state: 'working' })
    .record(
      { type: 'worker.ended', id: 'l-w', end: aWorkerEnd },
      { type: 'loop.nothing_changed', id: 'l', reason: 'no file', usage: {} },
      { type: 'worker.starting', worker: next },
      { type: 'loop.iteration_started', id: 'l', iteration: 2, worker: 'l-w2' },
      { type: 'worker.starting', worker: { ...next, id: 'l-stray' } },
    )
    .build();
  const world = await aToolWorld(yard);
  for (const stale of ['l-w', 'l-stray', 'constructor'])
    await expect(world.callAs(stale, tool, args)).rejects.toMatchObject(refused);
  if (tool === report) expect(await world.callAs('l-w2', tool, args)).toMatchObject({ next: 'Go on.' });
});

test('a worker sees verifications of its own loop only, and chooses nothing', async () => {
  const yard = aYard().withLoop({ state: 'working' }).withLoop({ id: 'other', state: 'verified' }).build();
  const world = await aToolWorld(yard);
  expect(await world.callAs('l-w', verify, { verification: 'l-b' })).toMatchObject({ verdict: 'failed' });
  for (const args of [
    { verification: 'other-v' },
    { loop: 'l' },
    { ref: 'HEAD' },
    { checks: ['true'] },
    { check_minutes: 1 },
  ])
    await expect(world.callAs('l-w', verify, args)).rejects.toMatchObject(refused);
});
