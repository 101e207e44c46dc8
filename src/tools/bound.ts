import { LoopyardError } from '../domain/errors.ts';
import { isEnded, type Loop } from '../domain/loop.ts';
import { brief } from '../domain/text.ts';
import type { Worker } from '../domain/worker/worker.ts';
import type { Yard } from '../domain/yard.ts';
import type { Call, ToolRuntime } from './define.ts';
import { own } from './own.ts';

interface Bound {
  readonly loop: Loop;
  readonly worker: Worker;
}

/** The loop and worker this process is bound to by its environment; a worker's tools can name no other. */
export async function boundTo(rt: Pick<ToolRuntime, 'store'>, call: Pick<Call, 'bound'>): Promise<Bound> {
  return boundIn(await rt.store.read(), call);
}

/** The same inside a transaction. A worker that outlived its turn may not act for the one that came after it. */
export function boundIn(yard: Yard, { bound }: Pick<Call, 'bound'>): Bound {
  const loop = own(yard.loops, bound?.loop);
  const worker = own(yard.workers, bound?.worker);
  const isAtWork =
    loop &&
    worker &&
    !isEnded(loop) &&
    worker.state !== 'ended' &&
    worker.loop === loop.id &&
    loop.worker === worker.id;
  if (!isAtWork) {
    throw new LoopyardError(
      'NOT_ALLOWED_HERE',
      'This server is not bound to a loop and its present worker: either it was not started by a worker, or that one has ended.',
    );
  }
  return { loop, worker };
}

/** What a worker that is asked to end is told with every answer. */
export function stopNote(rt: Pick<ToolRuntime, 'clock'>, worker: Worker): string | undefined {
  const { stop } = worker;
  if (!stop) return undefined;
  const left = Math.max(0, Math.round((stop.at + stop.graceMs - rt.clock.now()) / 1_000));
  return `${stop.id}: ${brief(stop.reason, 500)} (${left} s left; acknowledge with report)`;
}
