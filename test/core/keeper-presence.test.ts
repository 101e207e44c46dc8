import { expect, test } from 'vitest';
import { keeperStarter, missingKeeper } from '../../src/core/keeper-presence.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import { anIdentity, aScriptedRuntime } from '../support/scripted-runtime.ts';
import { aYard } from '../support/yard-builder.ts';

const taken = (epoch: number): YardEvent => ({
  type: 'lease.taken',
  resource: 'keeper',
  epoch,
  holder: { kind: 'process', identity: anIdentity, role: 'keeper' },
  purpose: 'act for this yard',
});

function starting() {
  const world = aScriptedRuntime(aYard().withLoop().build());
  let seconds = 0;
  const wake = keeperStarter(world.rt, () => seconds * 1_000);
  /** The seconds at which a keeper was started, when somebody asks for one every second. */
  const startsWithin = async (span: number) => {
    const starts: number[] = [];
    for (const end = seconds + span; seconds < end; seconds += 1) {
      const before = world.machine.keepersStarted;
      await wake();
      if (world.machine.keepersStarted > before) starts.push(seconds);
    }
    return starts;
  };
  return { ...world, startsWithin };
}

test('a keeper that never takes its lease is started again ever more slowly', async () => {
  expect(await starting().startsWithin(250)).toEqual([0, 2, 6, 14, 30, 62, 122, 182, 242]);
});

test('one that was at work and died is replaced at once', async () => {
  const { rt, machine, startsWithin } = starting();
  await startsWithin(40);
  await rt.store.transact(rt.actor, (tx) => tx.record(taken(1)));
  expect(await startsWithin(30)).toEqual([]);
  machine.liveness = 'dead';
  expect(await startsWithin(4)).toEqual([70, 72]);
});

test('that none can be started is logged and spoils nobody’s answer', async () => {
  const { rt, machine, startsWithin } = starting();
  Object.assign(rt.processes, { startKeeper: () => Promise.reject(new Error('spawn EAGAIN')) });
  await startsWithin(1);
  expect(machine.logged.join()).toContain('spawn EAGAIN');
});

test('work that waits without a keeper can be told', () => {
  const { rt, machine } = aScriptedRuntime(aYard().build());
  const idle = aYard().build();
  const waiting = aYard().withLoop().record(taken(1)).build();
  expect(missingKeeper(idle, rt)).toBeUndefined();
  expect(missingKeeper(waiting, rt)).toBeUndefined();
  machine.liveness = 'dead';
  expect(missingKeeper(waiting, rt)).toContain('no keeper is at work');
});
