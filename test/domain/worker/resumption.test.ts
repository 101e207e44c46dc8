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
  workers: readonly { readonly end: WorkerEnd; readonly resumed?: Worker['resumed'] }[],
  ...events: readonly YardEvent[]
) {
  const yard = aYard().withLoop();
  workers.forEach(({ end, resumed }, index) => {
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
      { type: 'worker.ended', id, end },
      { type: 'loop.worker_lost', id: 'l', reason: 'gone', usage: {} },
    );
  });
  const built = yard.record(...events).build();
  return interrupted(built, loopIn(built))?.resumed;
}

test('a worker that had acted when its service failed is gone on with', () => {
  expect(after([{ end: acted }])).toEqual({ session: 's-1', of: 'w-1', why: 'overloaded' });
});

test('also one that hung, or was lost with its shim', () => {
  expect(after([{ end: { ...acted, infrastructure: { class: 'hang', text: '' } } }])).toMatchObject({
    why: 'hang',
  });
  const lost = { ...aRunEnd, cause: 'lost' as const };
  expect(
    after([{ end: { ...acted, run: lost, infrastructure: { class: 'other', text: '' } } }]),
  ).toMatchObject({
    why: 'other',
  });
});

const { acted: _acted, ...idle } = acted;
const { session: _session, ...untold } = acted;
test.each<[string, WorkerEnd]>([
  ['had not acted', idle],
  ['told no session', untold],
  ['has a full memory', { ...acted, infrastructure: { class: 'context_too_long', text: '' } }],
  ['failed for a reason nobody knows', { ...acted, infrastructure: { class: 'other', text: '' } }],
  ['says that its session is an option of its program', { ...acted, session: '--dangerously' }],
])('a worker that %s is not gone on with', (_what, end) => {
  expect(after([{ end }])).toBeUndefined();
});

test('nor is one whose loop has another working tree by now, or has gone on without it', () => {
  const lost: YardEvent = { type: 'loop.workspace_lost', id: 'l', reason: 'taken over' };
  const again: YardEvent = {
    type: 'loop.workspace_prepared',
    id: 'l',
    workspace: { kind: 'worktree', path: '/trees/l', lease: { ...tree, epoch: 2 } },
  };
  expect(after([{ end: acted }], lost)).toBeUndefined();
  expect(after([{ end: acted }], lost, again)).toBeUndefined();
  expect(
    after(
      [{ end: acted }],
      { type: 'worker.starting', worker: { id: 'w-2', loop: 'l', iteration: 2, backend: 'claude', tree } },
      { type: 'loop.iteration_started', id: 'l', iteration: 2, worker: 'w-2' },
      { type: 'loop.nothing_changed', id: 'l', reason: 'nothing', usage: {} },
    ),
  ).toBeUndefined();
});

test('a service that fails again, before anything was done, leaves the session as good as it was', () => {
  const resumed = { session: 's-1', of: 'w-0', why: 'overloaded' as const };
  const { session: _, ...silent } = idle;
  expect(after([{ end: silent, resumed }])).toEqual({ session: 's-1', of: 'w-1', why: 'overloaded' });
});

test('a session that hung once, was gone on with and hung again is left', () => {
  const resumed = { session: 's-1', of: 'w-1', why: 'hang' as const };
  expect(
    after([{ end: { ...acted, infrastructure: { class: 'hang', text: '' } }, resumed }]),
  ).toBeUndefined();
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
