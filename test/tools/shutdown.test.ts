import { expect, test } from 'vitest';
import { LoopyardError } from '../../src/domain/errors.ts';
import { shutdown } from '../../src/tools/catalog/shutdown.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aYard } from '../support/yard-builder.ts';

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
