import type { Loop } from '../../domain/loop.ts';
import type { Worker } from '../../domain/worker/worker.ts';
import type { Tx } from '../../ports/store.ts';
import { withdraw } from '../landing/merge-queue.ts';

/** Who asks when a budget is used up; the loop is then held for its budget and not paused. */
export const budgetActor = 'loopyard budget';

/** Who wants something to end, why, and how long it may take. */
export interface StopRequest {
  readonly id: string;
  readonly reason: string;
  readonly by: string;
  readonly graceMs: number;
}

export interface Asked {
  readonly loop: string;
  readonly worker?: string | undefined;
  readonly request: string;
}

/**
 * Asks a loop to end, with its worker, and takes it out of the merge queue while that is still possible. A second
 * request changes nothing but the patience, which it may shorten and never lengthen, and whether the work is wanted.
 */
export function askToEnd(tx: Tx, loop: Loop, request: StopRequest, discard = false): Asked {
  const { cancel } = loop;
  const isNews = !cancel || request.graceMs < cancel.graceMs || (discard && !cancel.discard);
  if (isNews) {
    const graceMs = Math.min(request.graceMs, cancel?.graceMs ?? request.graceMs);
    const wish = { ...request, graceMs, discard: discard || (cancel?.discard ?? false) };
    tx.record({ type: 'loop.cancel_requested', id: loop.id, request: wish });
  }
  const entry = loop.entry === undefined ? undefined : tx.yard.merges[loop.entry];
  if (entry && loop.state === 'merging' && entry.state !== 'executing') withdraw(tx, entry, request.reason);
  const worker = loop.worker === undefined ? undefined : tx.yard.workers[loop.worker];
  if (!worker || worker.state === 'ended') return { loop: loop.id, request: isNews ? request.id : cancel.id };
  return { loop: loop.id, worker: worker.id, request: askWorkerToEnd(tx, worker, request) };
}

/** The id of the request that counts: this one, or an earlier one that is at least as impatient. */
export function askWorkerToEnd(tx: Tx, { id, state, stop }: Worker, request: StopRequest): string {
  if (state === 'ended') return stop?.id ?? request.id;
  if (stop && request.graceMs >= stop.graceMs) return stop.id;
  tx.record({ type: 'worker.stop_requested', id, request });
  return request.id;
}
