import { expect, test } from 'vitest';
import { runKeeper } from '../../src/core/keeper.ts';
import { LoopyardError } from '../../src/domain/errors.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import type { Yard } from '../../src/domain/yard.ts';
import type { Actor, Tx, Work } from '../../src/ports/store.ts';
import { eventually } from '../support/real-processes.ts';
import { aScriptedRuntime } from '../support/scripted-runtime.ts';
import { aPlan, aRunEnd, aYard } from '../support/yard-builder.ts';

/** Keeps a yard until something is so. Time goes a second with every look, so that back-offs pass. */
async function kept(
  world: ReturnType<typeof aScriptedRuntime>,
  isSo: (yard: Yard) => boolean,
): Promise<void> {
  const { rt, machine } = world;
  const stop = new AbortController();
  const over = runKeeper(rt, stop.signal);
  try {
    await eventually(async () => {
      machine.now += 1_000;
      return isSo(await rt.store.read());
    });
  } finally {
    stop.abort();
    await over;
  }
}

test('what keeps a merge from going on is told to whoever asks about its loop', async () => {
  const world = aScriptedRuntime(aYard().withLoop({ state: 'merging' }).build());
  const locked = new LoopyardError('GIT_FAILED', 'main.lock is in the way.');
  Object.assign(world.rt.git, { writeBlob: () => Promise.reject(locked) });
  await kept(world, (yard) => yard.loops.l?.trouble === 'main.lock is in the way.');
});

test('so is what keeps a verification from going on', async () => {
  const world = aScriptedRuntime(aYard().withLoop({ state: 'verifying' }).build());
  world.machine.touch = () => {
    throw new LoopyardError('DISK_FULL', 'No space is left.');
  };
  await kept(world, (yard) => yard.loops.l?.trouble === 'No space is left.');
});

test('a verification of no loop that fails again and again ends, and says why', async () => {
  const { checks } = aPlan;
  const wish = { id: 'v', kind: 'commit' as const, commit: 'c', checks, failFast: true };
  const world = aScriptedRuntime(
    aYard().record({ type: 'verification.requested', verification: wish }).build(),
  );
  world.machine.touch = () => {
    throw new LoopyardError('DISK_FULL', 'No space is left.');
  };
  await kept(world, (yard) => yard.verifications.v?.state === 'inconclusive');
  expect((await world.rt.store.read()).verifications.v?.reason).toBe('No space is left.');
});

test('a verdict that can never be recorded costs its loop the budget of failures, and is not tried for ever', async () => {
  const world = aScriptedRuntime(aYard().withLoop({ state: 'verifying' }).build());
  const { rt, machine } = world;
  Object.assign(rt.processes, {
    start: async (id: string) => void machine.runs.set(id, { phase: 'ended', end: aRunEnd, facts: [] }),
  });
  const { transact } = rt.store;
  Object.assign(rt.store, {
    transact: (by: Actor, work: Work<unknown>) =>
      transact.call(rt.store, by, (tx: Tx) =>
        work({
          ...tx,
          get yard() {
            return tx.yard;
          },
          record(event: YardEvent) {
            if (event.type === 'verification.passed') throw new Error('it does not fit the schema');
            tx.record(event);
          },
        }),
      ),
  });
  await kept(world, (yard) => yard.loops.l?.hold?.kind === 'budget');
  const { loops, verifications } = await rt.store.read();
  expect(verifications['l-v']?.state).toBe('inconclusive');
  expect(loops.l).toMatchObject({ state: 'submitted', spent: { infrastructureFailures: 3 } });
});

test('what is kept is looked at also when the last look was in the future, as a wrong clock had it', async () => {
  const world = aScriptedRuntime(aYard().withLoop({ workspace: 'none', baseline: 'none' }).build());
  const { machine } = world;
  const file = '/home/retention.json';
  const look = { at: machine.now + 400 * 86_400_000, things: 0, bytes: 0, named: [] };
  machine.written.set(file, JSON.stringify(look));
  await kept(world, () => JSON.parse(machine.written.get(file) ?? '{}').at <= machine.now);
});

test('a listener that fails is logged, and the keeper goes on at its beat', async () => {
  const world = aScriptedRuntime(aYard().withLoop({ workspace: 'none', baseline: 'none' }).build());
  const { rt, machine } = world;
  const next = () => Promise.reject(new Error('too many watchers'));
  const broken = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
  Object.assign(rt.store, { watch: broken });
  Object.assign(rt.processes, { changes: broken });
  const failing = () => Promise.reject(new LoopyardError('GIT_FAILED', 'git is not well.'));
  Object.assign(rt.git, { worktrees: failing });
  await kept(world, (yard) => yard.loops.l?.trouble === 'git is not well.');
  expect(machine.logged.filter((line) => line.includes('too many watchers'))).toHaveLength(2);
});
