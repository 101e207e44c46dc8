import type { Loop } from '../../domain/loop.ts';
import { admitted, type Caps, placeInQueue, usualWorkers, whyNoReviewer } from '../../domain/worker/queue.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'config' | 'host' | 'clock'>;

/** The ids of the loops whose next worker may start now, by the settings and the state of this machine. */
export function mayStart(rt: Rt, yard: Yard): ReadonlySet<string> {
  return new Set(admitted(yard, capsOf(rt), rt.host(), rt.clock.now()).map(({ id }) => id));
}

/** Why the machine and the settings do not allow a loop's reviewer now; undefined when they do. */
export function reviewerWaits(rt: Rt, yard: Yard, loop: Loop, backend?: string): string | undefined {
  return whyNoReviewer(yard, loop, capsOf(rt), rt.host(), { now: rt.clock.now(), backend });
}

/** Where a loop stands in the queue for workers, and why; undefined when nothing keeps it from starting. */
export function queued(rt: Rt, yard: Yard, loop: Loop): { place: number; why: string } | undefined {
  return placeInQueue(yard, loop, capsOf(rt), rt.host(), rt.clock.now());
}

function capsOf({ config, host }: Rt): Caps {
  const { cpus, memoryBytes } = host();
  return {
    workers: config.max_workers ?? usualWorkers(cpus, memoryBytes),
    backends: config.backend_limits,
    freeBytes: config.min_free_memory_mb * 2 ** 20,
    load: config.max_load,
    day: { tokens: config.max_tokens_a_day, costUsd: config.max_usd_a_day },
  };
}
