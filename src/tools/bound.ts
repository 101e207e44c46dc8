import { LoopyardError } from '../domain/errors.ts';
import type { Loop } from '../domain/loop.ts';
import type { Worker } from '../domain/worker.ts';
import type { Call, ToolRuntime } from './define.ts';

/** The loop and worker this process is bound to by its environment; a worker's tools can name no other. */
export async function boundTo(
  rt: Pick<ToolRuntime, 'store'>,
  call: Pick<Call, 'bound'>,
): Promise<{ loop: Loop; worker: Worker }> {
  const yard = await rt.store.read();
  const { bound } = call;
  const loop = bound && Object.hasOwn(yard.loops, bound.loop) ? yard.loops[bound.loop] : undefined;
  const worker = bound && Object.hasOwn(yard.workers, bound.worker) ? yard.workers[bound.worker] : undefined;
  if (!loop || worker?.loop !== loop.id) {
    throw new LoopyardError(
      'NOT_ALLOWED_HERE',
      'This server is not bound to a live loop: it was not started by a worker of one.',
    );
  }
  return { loop, worker };
}

/** What a worker that is asked to end is told with every answer. */
export function stopNote(rt: Pick<ToolRuntime, 'clock'>, worker: Worker): string | undefined {
  const { stop } = worker;
  if (!stop) return undefined;
  const left = Math.max(0, Math.round((stop.at + stop.graceMs - rt.clock.now()) / 1_000));
  return `${stop.id}: ${stop.reason.slice(0, 500)} (${left} s left; acknowledge with report)`;
}
