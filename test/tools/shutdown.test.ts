import { expect, test } from 'vitest';
import { LoopyardError } from '../../src/domain/errors.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import { shutdown } from '../../src/tools/catalog/shutdown.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aPlan, aYard } from '../support/yard-builder.ts';

test('a press that comes when all has ended, or cannot be recorded, spoils no answer', async () => {
  const world = await aToolWorld(aYard().withLoop({ state: 'working' }).build());
  const { store } = world.rt;
  const transact = store.transact.bind(store);
  let asked = 0;
  Object.assign(store, {
    transact: (...args: Parameters<typeof transact>) => {
      asked += 1;
      if (asked > 1) return Promise.reject(new LoopyardError('UNKNOWN_ID', 'There is no loop "l".'));
      return transact(...args);
    },
  });
  const answer = await world.call(shutdown, { loop: 'l', wait_s: 0 }, { hurry: AbortSignal.abort() });
  expect(answer).toMatchObject({ stopped: [{ loop: 'l', state: 'working' }] });
  expect(asked).toBe(2);
});

/** Two loops of which some are asked to end; then this happens, and Ctrl-C is pressed. */
async function hurriedAfter(input: object, ...meanwhile: readonly YardEvent[]) {
  const { rt, call } = await aToolWorld(
    aYard().withLoop({ state: 'working' }).withLoop({ id: 'idle' }).build(),
  );
  const hurry = new AbortController();
  const wakeKeeper = async () => {
    if (hurry.signal.aborted) return;
    await rt.store.transact(rt.actor, (tx) => {
      for (const event of meanwhile) tx.record(event);
    });
    hurry.abort();
  };
  Object.assign(rt, { wakeKeeper });
  await call(shutdown, { ...input, wait_s: 0 }, { hurry: hurry.signal });
  return rt.store.read();
}

test('Ctrl-C skips the grace of whoever was asked to end, and of nobody who came since', async () => {
  const opened: YardEvent = { type: 'loop.opened', id: 'new', plan: aPlan, wanted: true };
  const { loops, workers } = await hurriedAfter({ all: true }, opened);
  expect(workers['l-w']?.stop?.graceMs).toBe(0);
  expect([loops.l?.cancel?.graceMs, loops.idle?.cancel?.graceMs]).toEqual([0, 0]);
  expect(loops.new?.cancel).toBeUndefined();
});

test('Ctrl-C while one worker ends leaves its loop as it is', async () => {
  const { loops, workers } = await hurriedAfter({ worker: 'l-w' });
  expect(workers['l-w']?.stop?.graceMs).toBe(0);
  expect(loops.l?.cancel).toBeUndefined();
});
