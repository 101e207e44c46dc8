import { expect, test } from 'vitest';
import { archiveLoop } from '../../src/core/archive.ts';
import { archivedLoops, openLoop } from '../../src/core/registry.ts';
import { aScriptedRuntime } from '../support/scripted-runtime.ts';
import { aPlan, aYard, loopIn } from '../support/yard-builder.ts';

const request = { plan: aPlan, id: 'mend', force: false, key: 'once' };

/** The loop of that request, ended and archived. */
async function archived() {
  const world = aScriptedRuntime(aYard().build());
  const { rt } = world;
  await openLoop(rt, request);
  await rt.store.transact(rt.actor, (tx) => {
    tx.record({ type: 'loop.cancelled', id: 'mend', reason: 'enough' });
    tx.record({ type: 'loop.tidied', id: 'mend', removed: [], kept: [] });
  });
  await archiveLoop(rt, loopIn(await rt.store.read(), 'mend'));
  return world;
}

test('a request that is repeated with its key gets its loop, archived or not', async () => {
  const { rt } = await archived();
  expect(await openLoop(rt, request)).toMatchObject({ id: 'mend', state: 'cancelled' });
});

test('another request for the same id is refused', async () => {
  const { rt } = await archived();
  const other = openLoop(rt, { ...request, key: 'another' });
  await expect(other).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test.each(['not JSON {', '{"id":"half"}'])('an archived loop that reads %j hides no other', async (text) => {
  const { rt, machine } = await archived();
  machine.written.set('/home/archive/broken.json', text);
  expect((await archivedLoops(rt, 10)).map(({ id }) => id)).toEqual(['mend']);
  expect(machine.logged.join()).toContain('"broken"');
});
