import type { Loop, Message } from '../../domain/loop.ts';
import type { Fact } from '../../domain/worker/run.ts';
import type { Worker } from '../../domain/worker/worker.ts';
import type { Tx } from '../../ports/store.ts';
import { fence } from '../fence.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'processes' | 'backends'>;

/**
 * Words to a worker while it works: what the strategist or a person says to its loop, the request to end, and the
 * question whether it is still there.
 *
 * What is to be said is on record before it is said, and is said again, under the same id, until it was taken up or the
 * worker has ended; so neither the death of a keeper nor that of a session loses it. A message counts as given to the
 * worker only when its program says that it took it up. Until then it waits for the next worker as well.
 */
export async function tellWorker(rt: Rt, loop: Loop, worker: Worker): Promise<void> {
  if (worker.stop && worker.stop.graceMs > 0) await tell(rt, worker, worker.stop.id, stopText(worker.stop));
  for (const message of loop.messages.slice(loop.delivered)) {
    // What was opened without an id is for the next. Once one is refused, so are those after it.
    if (message.id !== undefined && !(await tellMessage(rt, loop, worker, message))) return;
  }
}

/** True when the message is on its way into the running worker; otherwise it waits for the next. */
export async function tellMessage(rt: Rt, loop: Loop, worker: Worker, message: Message): Promise<boolean> {
  if (message.id === undefined || !mayHear(loop, worker)) return false;
  const head = `A message from the strategist of the loop ${loop.id}, sent while you work:`;
  return tell(
    rt,
    worker,
    message.id,
    `${head}\n\n${fence(message.text, 'text')}\n\nGo on with your iteration.`,
  );
}

/** Asks a quiet worker whether it is there; false when it cannot be asked. */
export function nudge(rt: Rt, worker: Worker, since: number, minutes: number): Promise<boolean> {
  const text =
    `loopyard has seen no sign of life of you for ${minutes} min. If you wait for something, say for what; ` +
    'otherwise go on with your iteration.';
  return tell(rt, worker, `nudge-${since}`, text);
}

/** Records which messages a worker took up, as far as its backend told by now. */
export function noteTaken(tx: Tx, { loop: id, id: worker }: Worker, facts: readonly Fact[]): void {
  const loop = tx.yard.loops[id];
  if (loop?.worker !== worker) return;
  for (const { id: message } of taken(loop, facts))
    if (message !== undefined) tx.record({ type: 'loop.message_taken', id, message });
}

/** The messages that were taken up and are not on record as such. */
export function taken({ messages, delivered }: Loop, facts: readonly Fact[]): readonly Message[] {
  const heard = new Set(
    facts.flatMap((fact) => (fact.type === 'word' && fact.state === 'taken' ? fact.id : [])),
  );
  return messages.slice(delivered).filter(({ id }) => id !== undefined && heard.has(id));
}

/** The request to end, for the worker's eyes. */
export function stopText(request: NonNullable<Worker['stop']>): string {
  return (
    `# Please stop\n\nRequest ${request.id}: finish your thought, write STATE.md, and end within ` +
    `${Math.round(request.graceMs / 1_000)} seconds of ${new Date(request.at).toISOString()}.\n\n` +
    'Acknowledge with the report tool (acknowledge: the id above) if you have it. Your work is kept.\n'
  );
}

/** One that is to end gets nothing more to do. */
function mayHear(loop: Loop, worker: Worker): boolean {
  return loop.state === 'working' && loop.worker === worker.id && !worker.stop && worker.state !== 'ended';
}

async function tell(rt: Rt, worker: Worker, id: string, text: string): Promise<boolean> {
  const put = rt.backends.get(worker.backend)?.nudges;
  return put ? rt.processes.tell(worker.id, { id, line: put(text, id) }) : false;
}
