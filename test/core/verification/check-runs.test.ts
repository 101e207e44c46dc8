import { expect, test } from 'vitest';
import { leasePorts } from '../../../src/core/port-leases.ts';
import { runChecks } from '../../../src/core/verification/check-runs.ts';
import type { RunEnd } from '../../../src/domain/worker/run.ts';
import { aScriptedRuntime } from '../../support/scripted-runtime.ts';
import { aRunEnd, aYard } from '../../support/yard-builder.ts';

const names = ['a', 'b', 'c'];
const room = { path: '/room/tree', home: '/room/home', temp: '/room/temp' };
const extras = { env: {}, attempt: 1 } as const;

/** A verification of three checks under way; `ends` says how each ends as soon as it is started, or that it does not. */
function underWay(
  ends: Readonly<Record<string, RunEnd | undefined>>,
  rest: { parallel?: number; failFast?: boolean } = {},
) {
  const checks = names.map((name) => ({ name, argv: [name] as [string], timeoutMs: 1_000 }));
  const verification = { id: 'v', kind: 'commit' as const, commit: 'c', checks, failFast: false, ...rest };
  const yard = aYard()
    .record({ type: 'verification.requested', verification }, { type: 'verification.started', id: 'v' })
    .build();
  const { rt, machine } = aScriptedRuntime(yard);
  const start = rt.processes.start.bind(rt.processes);
  let most = 0;
  Object.assign(rt.processes, {
    async start(id: string, spec: Parameters<typeof start>[1]) {
      await start(id, spec);
      const live = [...machine.runs.values()].filter(({ phase }) => phase === 'starting').length;
      most = Math.max(most, live);
      const end = ends[spec.argv[0]];
      if (end) queueMicrotask(() => machine.runs.set(id, { phase: 'ended', end, facts: [] }));
    },
  });
  const known = yard.verifications.v;
  if (!known) throw new Error('no verification');
  const run = (signal = new AbortController().signal) =>
    runChecks(rt, known, room as Parameters<typeof runChecks>[2], extras, signal);
  return { rt, machine, run, most: () => most };
}

const failing: RunEnd = { ...aRunEnd, exitCode: 1 };
const all = { a: aRunEnd, b: aRunEnd, c: aRunEnd };

test('checks run one after the other unless more are asked for, and the results keep their order', async () => {
  const alone = underWay(all);
  expect(await alone.run()).toMatchObject([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  expect(alone.most()).toBe(1);
  const together = underWay(all, { parallel: 3 });
  expect(await together.run()).toMatchObject([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
});

test('side by side, none gets the port of another', async () => {
  const { run, machine } = underWay(all, { parallel: 3 });
  await run();
  const ports = [...machine.started.values()].map(({ env }) => env.PORT);
  expect(new Set(ports).size).toBe(3);
});

test('with fail-fast, a failure stops those beside it, which have no result', async () => {
  const { run, machine } = underWay({ b: failing }, { parallel: 3, failFast: true });
  expect(await run()).toMatchObject([{ name: 'b' }]);
  expect(machine.stopped.toSorted()).toEqual(['v-1', 'v-3']);
});

test('without fail-fast all are run', async () => {
  const { run } = underWay({ ...all, a: failing });
  expect(await run()).toHaveLength(3);
});

test('when nobody wants the verdict any more, every one of them is stopped', async () => {
  const { rt, run, machine } = underWay({}, { parallel: 2 });
  const result = run();
  await expect.poll(() => machine.started.size).toBe(2);
  await rt.store.transact(rt.actor, (tx) => {
    tx.record({ type: 'verification.cancelled', id: 'v', reason: 'gone' });
  });
  expect(await result).toBe('cancelled');
  expect(machine.stopped.toSorted()).toEqual(['v-1', 'v-2']);
});

test('when this keeper leaves, they go on, and the next one finds the same runs and ports', async () => {
  const { rt, run, machine } = underWay({}, { parallel: 2 });
  const leaving = new AbortController();
  const result = run(leaving.signal);
  await expect.poll(() => machine.started.size).toBe(2);
  const { ports } = (await rt.store.read()).verifications.v ?? {};
  leaving.abort();
  await expect(result).rejects.toThrow();
  expect(machine.stopped).toEqual([]);
  for (const id of ['v-1', 'v-2', 'v-3']) machine.runs.set(id, { phase: 'ended', end: aRunEnd, facts: [] });
  expect(await run()).toHaveLength(3);
  expect(machine.started.size).toBe(2);
  expect((await rt.store.read()).verifications.v?.ports).toBe(ports);
});

test('a check whose shim does not keep its time limit is ended by the keeper, and sleep is no delay', async () => {
  const { run, machine, rt } = underWay({ b: aRunEnd, c: aRunEnd });
  const observe = rt.processes.observe.bind(rt.processes);
  let looks = 0;
  Object.assign(rt.processes, {
    async observe(id: string) {
      looks += id === 'v-1' ? 1 : 0;
      // After a night's sleep, two seconds from look to look.
      machine.now += looks === 2 ? 36_000_000 : 2_000;
      return observe(id);
    },
  });
  expect(await run()).toMatchObject([{ end: { cause: 'timed_out' } }, { name: 'b' }, { name: 'c' }]);
  expect(looks).toBeGreaterThan(25);
});

test('who watches sees which of them run', async () => {
  const { rt, run } = underWay(all);
  await run();
  await expect
    .poll(async () => (await rt.store.read()).verifications.v?.progress)
    .toMatchObject({ checks: ['c'], before: 2 });
});

test('walls that are required and cannot be had are no verdict; where they may be missing, there is one', async () => {
  const { rt, run } = underWay(all);
  Object.assign(rt, { config: { ...rt.config, sandbox: 'required' } });
  await expect(run()).rejects.toMatchObject({ code: 'SANDBOX_MISSING', kind: 'environment' });
});

test('behind walls only the room is writable, and a failure for want of a network says so', async () => {
  const { rt, run, machine } = underWay({ a: failing, b: aRunEnd, c: failing });
  Object.assign(rt.processes, {
    sandbox: async () => 'works',
    output: async (id: string) => (id === 'v-1' ? 'getaddrinfo EAI_AGAIN example.org' : 'expected 1'),
  });
  const results = await run();
  expect(machine.started.get('v-1')?.sandbox).toMatchObject({
    writable: [room.path, room.home, room.temp],
    network: false,
  });
  expect(machine.started.get('v-1')?.env.TMPDIR).toBe('/tmp');
  expect(results).toMatchObject([{ note: expect.stringContaining('network: true') }, {}, {}]);
  expect(results === 'cancelled' ? [] : results.map(({ note }) => note !== undefined)).toEqual([
    true,
    false,
    false,
  ]);
});

test('a block of ports on which something listens is passed over, and one that is leased is nobody else’s', async () => {
  const { rt } = underWay({});
  const tried: number[] = [];
  Object.assign(rt.processes, {
    portsAreFree: async ([first = 0]: readonly number[]) => tried.push(first) > 1,
  });
  const block = await leasePorts(rt, { kind: 'verification', id: 'v' });
  expect(tried).toHaveLength(2);
  expect(block).toBe(tried[1]);
  expect(await leasePorts(rt, { kind: 'verification', id: 'v' })).toBe(block);
  Object.assign(rt, { config: { ...rt.config, ports: `${block}-${block + 9}` } });
  await expect(leasePorts(rt, { kind: 'worker', id: 'w' })).rejects.toMatchObject({ code: 'BUSY' });
});
