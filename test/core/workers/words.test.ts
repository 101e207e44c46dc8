import { describe, expect, test } from 'vitest';
import { attendWorker } from '../../../src/core/workers/supervisor.ts';
import { Vigil } from '../../../src/core/workers/vigil.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import type { Fact } from '../../../src/domain/worker/run.ts';
import { anIdentity, aScriptedRuntime, withListener } from '../../support/scripted-runtime.ts';
import { aRunEnd, aYard, loopIn, noon } from '../../support/yard-builder.ts';

const tells = (message: string, text = message): YardEvent => ({
  type: 'loop.told',
  id: 'l',
  message: { id: message, text, by: 'test' },
});
const word = (id: string, state: 'queued' | 'taken' = 'taken'): Fact => ({ type: 'word', id, state });
const usage = {};

/** A worker that began with the message `first` in its prompt. */
async function working(backend: string, ...events: readonly YardEvent[]) {
  const yard = aYard()
    .withLoop({ plan: { backend } })
    .record(
      tells('first'),
      { type: 'worker.starting', worker: { id: 'l-w', loop: 'l', iteration: 1, backend } },
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'l-w' },
      { type: 'worker.started', id: 'l-w' },
      ...events,
    )
    .build();
  const { rt, machine } = aScriptedRuntime(yard);
  withListener(rt, 'listener');
  const vigil = new Vigil();
  const facts: Fact[] = [];
  const activity = { startedAt: noon, lastOutputAt: noon, bytes: 10, facts };
  machine.runs.set('l-w', { phase: 'running', shim: anIdentity, activity });
  const attend = async () => {
    const now = await rt.store.read();
    const worker = now.workers['l-w'];
    if (!worker) throw new Error('no worker');
    await attendWorker(rt, loopIn(now), worker, vigil);
  };
  const record = (...more: readonly YardEvent[]) =>
    rt.store.transact(rt.actor, (tx) => {
      for (const event of more) tx.record(event);
    });
  const waiting = async () => {
    const { messages, delivered } = loopIn(await rt.store.read());
    return messages.slice(delivered).map(({ text }) => text);
  };
  return { rt, machine, facts, attend, record, waiting };
}

describe('a message to a loop whose worker works', () => {
  test('is told to it as data under its own id, and waits for the next until it was taken up', async () => {
    const { machine, facts, attend, record, waiting } = await working(
      'listener',
      tells('m', 'say ``` hello'),
    );
    await attend();
    expect([...machine.told.keys()]).toEqual(['m']);
    expect(machine.told.get('m')).toContain('````text\nsay ``` hello\n````');
    facts.push(word('m', 'queued'));
    await attend();
    expect(await waiting()).toEqual(['say ``` hello']);
    facts.push(word('m'));
    await attend();
    expect(await waiting()).toEqual([]);
    await record(tells('later'), { type: 'loop.nothing_changed', id: 'l', reason: 'x', usage });
    expect(await waiting()).toEqual(['later']);
  });

  test('waits for the next where it was opened without an id, or the program takes no words', async () => {
    const nameless: YardEvent = { type: 'loop.told', id: 'l', message: { text: 'an answer', by: 'test' } };
    const one = await working('listener', nameless);
    const other = await working('command', tells('m'));
    await one.attend();
    await other.attend();
    expect([one.machine.told.size, other.machine.told.size]).toEqual([0, 0]);
  });

  test('is not overtaken by a later one when no more is taken', async () => {
    const { rt, attend } = await working('listener', tells('a'), tells('b'));
    const asked: string[] = [];
    const tell = async (_run: string, { id }: { id: string }) => asked.push(id) > 1;
    Object.assign(rt.processes, { tell });
    await attend();
    expect(asked).toEqual(['a']);
  });

  test('is recorded as taken up also when that shows only at the end, and whoever was heard first counts first', async () => {
    const { rt, machine, attend } = await working('listener', tells('a'), tells('b'));
    machine.runs.set('l-w', { phase: 'ended', end: aRunEnd, facts: [word('b')] });
    await attend();
    const { messages, delivered } = loopIn(await rt.store.read());
    expect(messages.map(({ id }) => id)).toEqual(['first', 'b', 'a']);
    expect(delivered).toBe(2);
  });

  test.each<[string, YardEvent]>([
    ['was lost', { type: 'loop.worker_lost', id: 'l', reason: 'x', usage }],
    [
      'did not end by itself',
      { type: 'loop.nothing_changed', id: 'l', reason: 'x', usage, unfinished: true },
    ],
  ])('comes back with all others when the worker %s', async (_how, end) => {
    const { facts, attend, record, waiting } = await working('listener', tells('m'));
    facts.push(word('m'));
    await attend();
    await record(end);
    expect(await waiting()).toEqual(['first', 'm']);
  });
});

describe('a worker that is to end', () => {
  const asks = (graceMs: number): YardEvent => ({
    type: 'worker.stop_requested',
    id: 'l-w',
    request: { id: 'stop-1', reason: 'enough', by: 'test', graceMs },
  });

  test('hears the request, and nothing more to do', async () => {
    const { machine, attend } = await working('listener', tells('m'), asks(5_000));
    await attend();
    expect([...machine.told.keys()]).toEqual(['stop-1']);
    expect(machine.told.get('stop-1')).toContain('Request stop-1: finish your thought');
  });

  test('at once hears nothing', async () => {
    const { machine, attend } = await working('listener', asks(0));
    await attend();
    expect(machine.told.size).toBe(0);
  });
});
