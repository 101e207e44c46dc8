import * as z from 'zod';
import { liveLoop } from '../../core/registry.ts';
import { once } from '../../core/requests.ts';
import { type Asked, askToEnd, askWorkerToEnd, type StopRequest } from '../../core/workers/stopping.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { isEnded, type Loop } from '../../domain/loop.ts';
import { shown } from '../../domain/text.ts';
import { proof, stopPhase } from '../../domain/worker/stop-phase.ts';
import { liveLoops, type Yard } from '../../domain/yard.ts';
import type { Tx } from '../../ports/store.ts';
import { type Call, defineTool, type ToolRuntime } from '../define.ts';
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
          left: z.string().optional().describe('what is left of the worker’s processes, once it has ended'),
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
    hurries: true,
  },
  exitCode: ({ stopped }) => (stopped.every(({ state, left }) => hasEnded(state) && !isAlive(left)) ? 0 : 1),
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
    const onlyWorker = args.worker !== undefined;
    const hurried = hurry(rt, call, asked, { ...request, graceMs: 0 }, onlyWorker);
    const { yard } = await waitFor(
      rt,
      call,
      asked.length === 0 ? 0 : (args.wait_s ?? usualWait(graceMs)),
      (now) => (asked.every((one) => isOver(now, one, onlyWorker)) ? true : undefined),
      (now) =>
        phases(
          now,
          asked.filter((one) => !isOver(now, one, onlyWorker)),
          call,
          rt.clock.now(),
        ),
    ).finally(hurried.over);
    const stopped = asked.map((one) => {
      const loop = own(yard.loops, one.loop);
      const kept = few(loop?.tidied?.kept ?? [], Math.max(1, Math.floor(30 / asked.length)));
      const worker = own(yard.workers, one.worker);
      const state = args.worker === undefined ? (loop?.state ?? 'archived') : (worker?.state ?? 'ended');
      const left = worker?.end ? { left: proof(worker.end) } : {};
      return { ...one, state, ...left, ...(kept.length > 0 ? { kept } : {}) };
    });
    const next = advice(stopped, args.worker === undefined ? undefined : own(yard.loops, stopped[0]?.loop));
    return { stopped, cursor: yard.seq, next };
  },
  render: (output, paint) => {
    if (output.stopped.length === 0) return paint.dim('Nothing was running.');
    const rows = output.stopped.map(
      ({ loop, worker, state, left, kept }) =>
        `${paint.bold(loop)}${worker ? ` ${worker}` : ''}: ${state}${left ? `, ${left}` : ''}${kept ? `, kept: ${kept.join(', ')}` : ''}`,
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

/** Long enough to see the end, within what every client waits. */
const usualWait = (graceMs: number) => Math.min(50, Math.max(25, graceMs / 1_000 + 15));

/** The first Ctrl-C while somebody waits at a terminal: whoever was asked to end is not waited for any longer. */
function hurry(
  rt: Pick<ToolRuntime, 'store' | 'actor'>,
  call: Call,
  asked: readonly Asked[],
  request: StopRequest,
  onlyWorker: boolean,
) {
  let recorded: Promise<unknown> = Promise.resolve();
  const skip = () => {
    recorded = rt.store
      .transact(rt.actor, (tx) => {
        for (const { loop, worker } of asked) {
          const found = own(tx.yard.loops, loop);
          const its = own(tx.yard.workers, worker);
          if (onlyWorker && its) askWorkerToEnd(tx, its, request);
          if (!onlyWorker && found && !isEnded(found)) askToEnd(tx, found, request);
        }
      })
      // When it cannot be recorded the wait simply goes on; a second press ends it.
      .catch(() => undefined);
  };
  if (call.hurry?.aborted) skip();
  else call.hurry?.addEventListener('abort', skip, { once: true });
  return {
    over: async () => {
      call.hurry?.removeEventListener('abort', skip);
      await recorded;
    },
  };
}

/** How far those have come that have not ended, for somebody who watches. */
function phases(yard: Yard, open: readonly Asked[], { hurry: signal }: Call, now: number): string {
  const lines = open.map(({ loop, worker }) => {
    const found = own(yard.workers, worker);
    const phase = found && found.state !== 'ended' ? stopPhase(found, now) : 'its work is kept';
    return `${found?.name ?? loop}: ${phase}`;
  });
  const graced = lines.some((line) => line.includes('of grace left'));
  const hint = signal && !signal.aborted && graced ? ['Ctrl-C skips the grace'] : [];
  return [...few(lines, 3), ...hint].join('; ');
}

const hasEnded = (state: string) => ['ended', 'archived', 'cancelled', 'closed', 'landed'].includes(state);

const isAlive = (left: string | undefined) => left !== undefined && !left.startsWith('0 ');

function isOver(yard: Yard, { loop, worker }: Asked, onlyWorker: boolean): boolean {
  if (onlyWorker) return (own(yard.workers, worker)?.state ?? 'ended') === 'ended';
  const now = own(yard.loops, loop);
  return !now || (isEnded(now) && now.tidied !== undefined);
}

/** `loop`: of the one worker that was asked to end. */
function advice(stopped: readonly { state: string; loop: string }[], loop: Loop | undefined): string {
  if (stopped.length === 0) return 'Nothing was running.';
  const open = stopped.filter(({ state }) => !hasEnded(state));
  if (open.length > 0)
    return 'Still ending: call shutdown again to go on waiting, or with now: true to end it at once.';
  if (!loop || isEnded(loop)) return 'All ended. Work that did not land is under the kept refs.';
  const resume = `steer {loop: "${loop.id}", action: "resume"}`;
  const goOn = loop.mode === 'auto' ? resume : `${resume}, then spawn_worker {loop: "${loop.id}"},`;
  return `Its work is kept in the working tree and its loop pauses. ${goOn} goes on.`;
}
