import type { Loop } from '../loop.ts';
import type { Yard } from '../yard.ts';
import type { InfrastructureClass } from './run.ts';
import type { Resumed, Worker } from './worker.ts';

/** Failures that say nothing about the session: whoever goes on with it once they are over finds it as it was. */
const outside: readonly InfrastructureClass[] = [
  'rate_limit',
  'quota',
  'overloaded',
  'network',
  'authentication',
];

/** An id becomes a word of a command line, and comes from what a program printed. */
const usable = /^[A-Za-z0-9][\w.:-]{0,199}$/;

/** A worker that was given back in the middle of its work, and what the next one needs to go on in its session. */
export interface Interrupted {
  readonly worker: Worker;
  readonly resumed: Resumed;
  /** When the first worker in that session began: nobody can tell which later message it holds. */
  readonly since: number;
}

/**
 * The session that the next worker of a loop can go on with: of the loop's last worker, when it had acted and was given
 * back through no fault of the work, and if nothing happened to the loop or its working tree since. A session that was
 * gone on with once and then hung or was lost is not tried again: something may be wrong with it. Pure.
 */
export function interrupted(yard: Pick<Yard, 'workers'>, loop: Loop): Interrupted | undefined {
  const last = loop.outcomes.at(-1);
  if (last?.result !== 'worker_lost' || last.worker === undefined) return undefined;
  const worker = yard.workers[last.worker];
  const failure = worker?.end?.infrastructure;
  if (!worker || !failure || worker.role || !inSameTree(worker, loop)) return undefined;
  const session = sessionOf(worker, failure.class);
  if (session === undefined || !usable.test(session)) return undefined;
  const since = firstOf(yard, worker).startedAt;
  return { worker, resumed: { session, of: worker.id, why: failure.class }, since };
}

/** The worker whose session it was at first. */
function firstOf(yard: Pick<Yard, 'workers'>, worker: Worker): Worker {
  const before = worker.resumed && yard.workers[worker.resumed.of];
  return before ? firstOf(yard, before) : worker;
}

function inSameTree({ tree }: Worker, { workspace }: Loop): boolean {
  return (
    tree !== undefined && tree.resource === workspace?.lease.resource && tree.epoch === workspace.lease.epoch
  );
}

function sessionOf({ end, resumed }: Worker, why: InfrastructureClass): string | undefined {
  const session = end?.acted ? end.session : undefined;
  if (outside.includes(why)) return session ?? resumed?.session;
  const isInterruption = why === 'hang' || end?.run.cause === 'lost';
  return isInterruption && resumed === undefined ? session : undefined;
}

/**
 * A worker that was to go on with a session and ended by itself without a deed: its program does not know the session
 * any more, or it is too long. Nothing was tried, so nothing failed: the next one starts afresh. Pure.
 */
export function couldNotResume({ resumed, stop, end }: Worker): boolean {
  if (!resumed || stop || !end || end.acted) return false;
  if (end.run.cause !== 'exited' && end.run.cause !== 'signalled') return false;
  const why = end.infrastructure?.class;
  return why === undefined || why === 'other' || why === 'context_too_long';
}
