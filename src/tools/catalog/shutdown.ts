import * as z from 'zod';
import { liveLoop } from '../../core/registry.ts';
import { once } from '../../core/requests.ts';
import { type Asked, askToEnd, askWorkerToEnd, type StopRequest } from '../../core/workers/stopping.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { isEnded, type Loop } from '../../domain/loop.ts';
import { shown } from '../../domain/text.ts';
import { liveLoops, type Yard } from '../../domain/yard.ts';
import type { Tx } from '../../ports/store.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { few } from '../views.ts';
import { waitFor, waitSeconds } from '../waiting.ts';

const input = z.strictObject({
  loop: field.loopId.optional(),
  worker: z.string().max(60).optional().describe('only this one; its loop pauses'),
  all: z.boolean().default(false).describe('every live loop'),
  reason: field.reason.optional().describe('shown to the worker'),
  now: z.boolean().default(false).describe('skip the grace'),
  grace_s: z.number().min(0).max(600).optional().describe('default 10').meta(field.rare),
  wait_s: waitSeconds.describe('at most 50'),
  idempotency_key: field.key.meta(field.rare),
  workspace: field.workspace,
});

export const shutdown = defineTool({
  name: 'shutdown',
  title: 'Shut down',
  description: 'Stop a loop, one worker or all; work is kept.',
  effect: 'destroy',
  idempotent: true,
  roles: ['strategist', 'person'],
  input,
  output: z.strictObject({
    stopped: z
      .array(
        z.strictObject({
          loop: z.string().describe('loop id'),
          worker: z.string().optional().describe('the worker that was asked'),
          request: z.string().describe('id the worker can acknowledge'),
          state: z.string().describe('state now'),
          kept: z.array(z.string()).optional().describe('refs that keep its work'),
        }),
      )
      .describe('what was asked to end'),
    cursor: field.cursor.describe('for status'),
    next: field.nextStep,
  }),
  cli: {
    path: 'stop',
    positional: ['loop'],
    examples: ['stop fix-date-parser-7k2m', 'stop --all --now --reason "wrong approach"'],
  },
  async run(args, rt, call) {
    const request = {
      id: rt.ids.next('stop'),
      reason: args.reason ?? `asked by ${call.client}`,
      by: call.client,
    };
    const graceMs = args.now ? 0 : Math.round((args.grace_s ?? rt.config.stop_grace_seconds) * 1_000);
    const answered = await rt.store.transact(rt.actor, (tx) =>
      once(tx, args.idempotency_key, 'shutdown', () =>
        JSON.stringify(stopIn(tx, args, { ...request, graceMs })),
      ),
    );
    const asked = z
      .array(z.strictObject({ loop: z.string(), worker: z.string().optional(), request: z.string() }))
      .parse(JSON.parse(answered));
    if (asked.length > 0) await rt.wakeKeeper();
    const { yard } = await waitFor(
      rt,
      call,
      asked.length === 0 ? 0 : (args.wait_s ?? 25),
      (now) => (asked.every((one) => isOver(now, one, args.worker !== undefined)) ? true : undefined),
      (now) => `${asked.filter((one) => !isOver(now, one, args.worker !== undefined)).length} still ending`,
    );
    const stopped = asked.map((one) => {
      const loop = own(yard.loops, one.loop);
      const kept = few(loop?.tidied?.kept ?? [], Math.max(1, Math.floor(30 / asked.length)));
      const worker = own(yard.workers, one.worker);
      const state = args.worker === undefined ? (loop?.state ?? 'archived') : (worker?.state ?? 'ended');
      return { ...one, state, ...(kept.length > 0 ? { kept } : {}) };
    });
    const next = advice(stopped, args.worker === undefined ? undefined : own(yard.loops, stopped[0]?.loop));
    return { stopped, cursor: yard.seq, next };
  },
  render: (output, paint) => {
    if (output.stopped.length === 0) return paint.dim('Nothing was running.');
    const rows = output.stopped.map(
      ({ loop, worker, state, kept }) =>
        `${paint.bold(loop)}${worker ? ` ${worker}` : ''}: ${state}${kept ? `, kept: ${kept.join(', ')}` : ''}`,
    );
    return [...rows, paint.dim(output.next)].join('\n');
  },
});

type Input = z.infer<typeof input>;

function stopIn(tx: Tx, args: Input, request: StopRequest): Asked[] {
  if ([args.loop !== undefined, args.worker !== undefined, args.all].filter(Boolean).length !== 1) {
    throw new LoopyardError('INVALID_ARGUMENT', 'Name exactly one of "loop", "worker" and "all".');
  }
  if (args.worker !== undefined) return [stopWorker(tx, args.worker, request)];
  if (args.all) return liveLoops(tx.yard).map((loop) => askToEnd(tx, loop, request));
  const ended = own(tx.yard.loops, args.loop);
  if (ended && isEnded(ended)) return [{ loop: ended.id, request: ended.cancel?.id ?? request.id }];
  return [askToEnd(tx, liveLoop(tx.yard, args.loop ?? ''), request)];
}

function stopWorker(tx: Tx, id: string, request: StopRequest): Asked {
  const worker = own(tx.yard.workers, id);
  if (!worker) throw new LoopyardError('UNKNOWN_ID', `There is no worker "${shown(id)}".`);
  return { loop: worker.loop, worker: id, request: askWorkerToEnd(tx, worker, request) };
}

function isOver(yard: Yard, { loop, worker }: Asked, onlyWorker: boolean): boolean {
  if (onlyWorker) return (own(yard.workers, worker)?.state ?? 'ended') === 'ended';
  const now = own(yard.loops, loop);
  return !now || (isEnded(now) && now.tidied !== undefined);
}

/** `loop`: of the one worker that was asked to end. */
function advice(stopped: readonly { state: string; loop: string }[], loop: Loop | undefined): string {
  if (stopped.length === 0) return 'Nothing was running.';
  const open = stopped.filter(
    ({ state }) => !['ended', 'archived', 'cancelled', 'closed', 'landed'].includes(state),
  );
  if (open.length > 0)
    return 'Still ending: call shutdown again to go on waiting, or with now: true to end it at once.';
  if (!loop || isEnded(loop)) return 'All ended. Work that did not land is under the kept refs.';
  const resume = `steer {loop: "${loop.id}", action: "resume"}`;
  const goOn = loop.mode === 'auto' ? resume : `${resume}, then spawn_worker {loop: "${loop.id}"},`;
  return `Its work is kept in the working tree and its loop pauses. ${goOn} goes on.`;
}
