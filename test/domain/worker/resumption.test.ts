import { expect, test } from 'vitest';
import type { YardEvent } from '../../../src/domain/events.ts';
import { couldNotResume, interrupted } from '../../../src/domain/worker/resumption.ts';
import type { Worker, WorkerEnd } from '../../../src/domain/worker/worker.ts';
import { aRunEnd, aWorkerEnd, aYard, loopIn, noon } from '../../support/yard-builder.ts';

const tree = { resource: 'checkout/l-tree', epoch: 1 };
const overloaded = { class: 'overloaded' as const, text: 'Overloaded' };
const acted: WorkerEnd = { ...aWorkerEnd, session: 's-1', acted: true, infrastructure: overloaded };

/** What the next worker could go on with, after workers that ended like this. */
function after(
  ends: readonly (Partial<WorkerEnd> & { resumed?: Worker['resumed'] })[],
  ...events: readonly YardEvent[]
) {
  const yard = aYard().withLoop();
  ends.forEach(({ resumed, ...end }, index) => {
    const id = `w-${index + 1}`;
    const worker = {
      id,
      loop: 'l',
      iteration: index + 1,
      backend: 'claude',
      tree,
      ...(resumed && { resumed }),
    };
    yard.record(
      { type: 'worker.starting', worker },
      { type: 'loop.iteration_started', id: 'l', iteration: index + 1, worker: id },
      { type: 'worker.ended', id, end: { ...acted, ...end } },
      { type: 'loop.worker_lost', id: 'l', reason: 'gone', usage: {} },
    );
  });
  const built = yard.record(...events).build();
  return interrupted(built, loopIn(built))?.resumed;
}

test('a worker that had acted when its service failed is gone on with', () => {
  expect(after([{}])).toEqual({ session: 's-1', of: 'w-1', why: 'overloaded' });
});

test('also one that hung, or was lost with its shim', () => {
  expect(after([{ infrastructure: { class: 'hang', text: '' } }])).toMatchObject({ why: 'hang' });
  const lost = { ...aRunEnd, cause: 'lost' as const };
  expect(after([{ run: lost, infrastructure: { class: 'other', text: '' } }])).toMatchObject({
    why: 'other',
  });
});

test.each<[string, Partial<Record<keyof WorkerEnd, unknown>>]>([
  ['had not acted', { acted: undefined }],
  ['told no session', { session: undefined }],
  ['has a full memory', { infrastructure: { class: 'context_too_long', text: '' } }],
  ['failed for a reason nobody knows', { infrastructure: { class: 'other', text: '' } }],
  ['says that its session is an option of its program', { session: '--dangerously' }],
])('a worker that %s is not gone on with', (_what, end) => {
  const defined = Object.fromEntries(Object.entries(end).filter(([, value]) => value !== undefined));
  const cut = Object.keys(end).filter((key) => end[key as keyof WorkerEnd] === undefined);
  const whole: Record<string, unknown> = { ...acted, ...defined };
  for (const key of cut) delete whole[key];
  const yard = aYard()
    .withLoop()
    .record(
      { type: 'worker.starting', worker: { id: 'w-1', loop: 'l', iteration: 1, backend: 'claude', tree } },
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'w-1' },
      { type: 'worker.ended', id: 'w-1', end: whole as WorkerEnd },
      { type: 'loop.worker_lost', id: 'l', reason: 'gone', usage: {} },
    )
    .build();
  expect(interrupted(yard, loopIn(yard))).toBeUndefined();
});

test('nor is one whose loop has another working tree by now, or has gone on without it', () => {
  const lost: YardEvent = { type: 'loop.workspace_lost', id: 'l', reason: 'taken over' };
  const again: YardEvent = {
    type: 'loop.workspace_prepared',
    id: 'l',
    workspace: { kind: 'worktree', path: '/trees/l', lease: { ...tree, epoch: 2 } },
  };
  expect(after([{}], lost)).toBeUndefined();
  expect(after([{}], lost, again)).toBeUndefined();
  expect(
    after(
      [{}],
      { type: 'worker.starting', worker: { id: 'w-2', loop: 'l', iteration: 2, backend: 'claude', tree } },
      { type: 'loop.iteration_started', id: 'l', iteration: 2, worker: 'w-2' },
      { type: 'loop.nothing_changed', id: 'l', reason: 'nothing', usage: {} },
    ),
  ).toBeUndefined();
});

test('a service that fails again, before anything was done, leaves the session as good as it was', () => {
  const resumed = { session: 's-1', of: 'w-1', why: 'overloaded' as const };
  const { acted: _, session: _s, ...idle } = acted;
  const yard = aYard().withLoop();
  const worker = { id: 'w-2', loop: 'l', iteration: 1, backend: 'claude', tree, resumed };
  const built = yard
    .record(
      { type: 'worker.starting', worker },
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'w-2' },
      { type: 'worker.ended', id: 'w-2', end: idle },
      { type: 'loop.worker_lost', id: 'l', reason: 'gone', usage: {} },
    )
    .build();
  expect(interrupted(built, loopIn(built))?.resumed).toEqual({
    session: 's-1',
    of: 'w-2',
    why: 'overloaded',
  });
});

test('a session that hung once, was gone on with and hung again is left', () => {
  const resumed = { session: 's-1', of: 'w-1', why: 'hang' as const };
  expect(after([{ infrastructure: { class: 'hang', text: '' }, resumed }])).toBeUndefined();
});

test('a worker that ends without a deed could not go on; one that was stopped, or hung, is another matter', () => {
  const resumed = { session: 's-1', of: 'w-1', why: 'overloaded' as const };
  const worker: Worker = {
    id: 'w-2',
    state: 'ended',
    loop: 'l',
    iteration: 2,
    backend: 'claude',
    startedAt: noon,
    resumed,
    end: aWorkerEnd,
  };
  expect(couldNotResume(worker)).toBe(true);
  expect(couldNotResume({ ...worker, end: acted })).toBe(false);
  expect(couldNotResume({ ...worker, end: { ...aWorkerEnd, infrastructure: overloaded } })).toBe(false);
  const stopped = { ...aRunEnd, cause: 'stopped' as const };
  expect(couldNotResume({ ...worker, end: { ...aWorkerEnd, run: stopped } })).toBe(false);
  const { resumed: _, ...fresh } = worker;
  expect(couldNotResume(fresh)).toBe(false);
});
