import { expect, test } from 'vitest';
import { attendWorker } from '../../../src/core/workers/supervisor.ts';
import { Vigil } from '../../../src/core/workers/vigil.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import type { RunView } from '../../../src/ports/processes.ts';
import { anIdentity, aScriptedRuntime } from '../../support/scripted-runtime.ts';
import { aPlan, aRunEnd, aYard, loopIn, noon } from '../../support/yard-builder.ts';

const starting: readonly YardEvent[] = [
  { type: 'worker.starting', worker: { id: 'l-w', loop: 'l', iteration: 1, backend: 'command' } },
  { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'l-w' },
];
const takenOver: YardEvent = { type: 'loop.workspace_lost', id: 'l', reason: 'taken over' };
const stopNow: YardEvent = {
  type: 'worker.stop_requested',
  id: 'l-w',
  request: { id: 'stop-1', reason: 'enough', by: 'test', graceMs: 0 },
};
const running: RunView = {
  phase: 'running',
  shim: anIdentity,
  activity: { startedAt: noon, lastOutputAt: undefined, bytes: 0, facts: [] },
};

async function attended(view: RunView, ...events: readonly YardEvent[]) {
  const yard = aYard()
    .withLoop()
    .record(...starting, ...events)
    .build();
  const world = aScriptedRuntime(yard);
  const { rt, machine } = world;
  if (view.phase !== 'absent') machine.runs.set('l-w', view);
  const vigil = new Vigil();
  const attend = async () => {
    const now = await rt.store.read();
    const worker = now.workers['l-w'];
    if (!worker) throw new Error('no worker');
    await attendWorker(rt, loopIn(now), worker, vigil);
    return (await rt.store.read()).workers['l-w'];
  };
  return { ...world, attend };
}

test('a worker is launched in the tree of its loop', async () => {
  const { machine, attend } = await attended({ phase: 'absent' });
  await attend();
  expect(machine.started.get('l-w')).toMatchObject({ cwd: '/trees/l', keeper: { identity: anIdentity } });
});

test('a worker for whom no ports are free waits, and its backend is not blamed', async () => {
  const { rt, attend } = await attended({ phase: 'absent' });
  const portsAreFree = rt.processes.portsAreFree.bind(rt.processes);
  Object.assign(rt.processes, { portsAreFree: async () => false });
  await expect(attend()).rejects.toMatchObject({ code: 'BUSY' });
  Object.assign(rt.processes, { portsAreFree });
  expect(await attend()).toMatchObject({ state: 'starting' });
});

test('a worker whose loop has lost its tree is never launched, least of all in the checkout', async () => {
  const { machine, attend } = await attended({ phase: 'absent' }, takenOver);
  expect(await attend()).toMatchObject({ state: 'ended', end: { run: { cause: 'not_started' } } });
  expect(machine.started.size).toBe(0);
  expect(machine.runs.get('l-w')).toEqual({ phase: 'void' });
});

test('a worker whose shim comes no further than its claim is given up', async () => {
  const { machine, attend } = await attended({ phase: 'starting', shim: anIdentity });
  await attend();
  machine.now += 100_000;
  expect(await attend()).toMatchObject({ state: 'starting' });
  machine.now += 30_000;
  expect(await attend()).toMatchObject({ state: 'ended', end: { run: { cause: 'not_started' } } });
});

test('a worker that is asked again, with less patience, finds the newer request', async () => {
  const ask = (id: string, graceMs: number): YardEvent => ({
    type: 'worker.stop_requested',
    id: 'l-w',
    request: { id, reason: 'enough', by: 'test', graceMs },
  });
  const { rt, machine, attend } = await attended(running, ask('stop-1', 60_000));
  const told = () => machine.written.get('/place/loops/l/context/STOP.md');
  await attend();
  expect(told()).toContain('stop-1');
  await rt.store.transact(rt.actor, (tx) => tx.record(ask('stop-2', 5_000)));
  await attend();
  expect(told()).toContain('stop-2');
});

test('a worker that runs when its loop has lost its tree is stopped', async () => {
  const { machine, attend } = await attended(running, takenOver);
  expect(await attend()).toMatchObject({ state: 'ended', end: { run: { cause: 'stopped' } } });
  expect(machine.stopped).toEqual(['l-w']);
});

test('a worker that is stopped before it started leaves a void run, which no late shim can start', async () => {
  const { machine, attend } = await attended({ phase: 'absent' }, stopNow);
  expect(await attend()).toMatchObject({ state: 'ended', end: { run: { cause: 'stopped' } } });
  expect(machine.runs.get('l-w')).toEqual({ phase: 'void' });
});

test.each<[string, RunView]>([
  ['starts', { phase: 'starting' }],
  ['runs', running],
  ['is lost', { phase: 'lost' }],
])('who outlives the stop of a worker that %s is on record', async (_when, view) => {
  const { machine, attend } = await attended(view, stopNow);
  machine.survivors = [{ pid: 7, name: 'stubborn' }];
  expect(await attend()).toMatchObject({ state: 'ended', end: { survivors: ['7 stubborn'] } });
});

test('so is who outlived a run that ended by itself', async () => {
  const end = { ...aRunEnd, survivors: ['7 stubborn'] };
  const { attend } = await attended({ phase: 'ended', end, facts: [] });
  expect(await attend()).toMatchObject({ state: 'ended', end: { survivors: ['7 stubborn'] } });
});

test('a run that cannot be judged from here is not recorded as ended', async () => {
  const { rt, machine, attend } = await attended(running, stopNow);
  Object.assign(rt.processes, { stop: async () => [{ pid: 7, name: 'shim' }] });
  expect((await attend())?.state).toBe('stopping');
  expect(machine.runs.get('l-w')).toEqual(running);
});

test('a worker that has used up the budget of its loop is asked to end, and is told why', async () => {
  const limits: YardEvent = { type: 'loop.updated', id: 'l', changes: { limits: { tokens: 100 } } };
  const activity = { startedAt: noon, lastOutputAt: noon, bytes: 1 };
  const used = (inputTokens: number): RunView => ({
    phase: 'running',
    shim: anIdentity,
    activity: { ...activity, facts: [{ type: 'usage', usage: { inputTokens } }] },
  });
  const { machine, attend } = await attended(used(99), limits);
  expect(await attend()).toMatchObject({ state: 'running' });
  machine.runs.set('l-w', used(100));
  expect(await attend()).toMatchObject({
    state: 'stopping',
    stop: { reason: 'all 100 tokens are used', by: 'loopyard budget', graceMs: 10_000 },
  });
});

test('a worker is not started in another permission mode than the one its loop asks for', async () => {
  const { machine, attend, rt } = await attended({ phase: 'absent' });
  const command = rt.backends.get('command');
  if (!command) throw new Error('no backend');
  Object.assign(rt, {
    backends: new Map([['command', { ...command, permissions: { skip_all: 'anything' } }]]),
  });
  expect(await attend()).toMatchObject({
    end: { infrastructure: { text: 'The backend command has no permission mode work, only: skip_all.' } },
  });
  expect(machine.started.size).toBe(0);
});

test('a reviewer is given its time and its word when the budget of its loop is used up: what was paid for is judged', async () => {
  const yard = aYard()
    .withLoop({ state: 'reviewing', plan: { limits: { ...aPlan.limits, tokens: 100, loopMinutes: 60 } } })
    .build();
  const { rt, machine } = aScriptedRuntime(yard);
  const command = rt.backends.get('command');
  if (!command) throw new Error('no backend');
  const looks = { ...command, id: 'codex', permissions: { read_only: 'looks' } };
  Object.assign(rt, { backends: new Map([['codex', looks]]) });
  const attend = async () => {
    const now = await rt.store.read();
    const reviewer = now.workers['l-r'];
    if (!reviewer) throw new Error('no reviewer');
    await attendWorker(rt, loopIn(now), reviewer, new Vigil());
    return (await rt.store.read()).workers['l-r'];
  };
  machine.now += 2 * 60 * 60_000;
  await attend();
  expect(machine.started.get('l-r')?.timeoutMs).toBe(aPlan.limits.iterationMinutes * 60_000);
  const facts = [{ type: 'usage' as const, usage: { inputTokens: 100 } }];
  const activity = { startedAt: machine.now, lastOutputAt: machine.now, bytes: 1, facts };
  machine.runs.set('l-r', { phase: 'running', shim: anIdentity, activity });
  expect(await attend()).toMatchObject({ state: 'running' });
});
