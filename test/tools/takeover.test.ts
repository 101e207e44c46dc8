import { expect, test } from 'vitest';
import type { YardEvent } from '../../src/domain/events.ts';
import type { Liveness } from '../../src/domain/lease.ts';
import type { Yard } from '../../src/domain/yard.ts';
import { takeover } from '../../src/tools/catalog/takeover.ts';
import type { Call, ToolRuntime } from '../../src/tools/define.ts';
import { anIdentity, aScriptedRuntime } from '../support/scripted-runtime.ts';
import { aYard } from '../support/yard-builder.ts';

function personAt(yard: Yard) {
  const { rt, machine } = aScriptedRuntime(yard);
  const runtime = { ...rt, wakeKeeper: async () => undefined } as ToolRuntime;
  const call: Call = {
    role: 'person',
    client: 'cli',
    checkout: { path: '/repo', key: 'repo', commonDir: '/repo/.git' },
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  return { rt, machine, take: (resource: string) => takeover.call({ resource }, runtime, call) };
}

const keeper: YardEvent = {
  type: 'lease.taken',
  resource: 'keeper',
  epoch: 3,
  holder: { kind: 'process', identity: anIdentity, role: 'keeper' },
  purpose: 'act for this yard',
};

test.each<Liveness>(['unknown', 'dead'])(
  'a keeper that is %s loses its lease, and is fenced by that',
  async (liveness) => {
    const { rt, machine, take } = personAt(aYard().record(keeper).build());
    machine.liveness = liveness;
    expect(await take('keeper')).toMatchObject({ resource: 'keeper', from: 'keeper (process 42)' });
    const old = { name: 'keeper', lease: { resource: 'keeper', epoch: 3 } };
    await expect(rt.store.transact(old, () => 1)).rejects.toMatchObject({ code: 'FENCED' });
  },
);

test('a keeper that is alive keeps its lease, and the refusal says so', async () => {
  const { rt, take } = personAt(aYard().record(keeper).build());
  await expect(take('keeper')).rejects.toMatchObject({
    code: 'LEASE_HELD',
    message: expect.stringContaining('is alive'),
  });
  expect((await rt.store.read()).leases.keeper?.holder).toBeDefined();
});

test('a worker that was not started yet never will be when its tree is taken', async () => {
  const yard = aYard()
    .withLoop()
    .record(
      { type: 'worker.starting', worker: { id: 'l-w', loop: 'l', iteration: 1, backend: 'command' } },
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'l-w' },
    )
    .build();
  const { rt, machine, take } = personAt(yard);
  await take('checkout/l-tree');
  expect(machine.runs.get('l-w')).toEqual({ phase: 'void' });
  expect((await rt.store.read()).loops.l).not.toHaveProperty('workspace');
});
