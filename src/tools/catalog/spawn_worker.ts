import * as z from 'zod';
import { liveLoop } from '../../core/registry.ts';
import { once } from '../../core/requests.ts';
import { queued } from '../../core/workers/scaling.ts';
import { LoopyardError } from '../../domain/errors.ts';
import type { Loop } from '../../domain/loop.ts';
import { brief } from '../../domain/text.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { nextFor, viewLoop } from '../views.ts';
import { waitFor, waitSeconds } from '../waiting.ts';

export const spawnWorker = defineTool({
  name: 'spawn_worker',
  title: 'Spawn a worker',
  description: 'Ask for the next iteration of a guided loop, or reopen a verified one.',
  effect: 'write',
  idempotent: false,
  roles: ['strategist', 'person'],
  input: z.strictObject({
    loop: field.loopId,
    message: z.string().min(1).max(8_000).optional().describe('advice for the worker'),
    wait_s: waitSeconds.describe('at most 50').meta(field.rare),
    idempotency_key: field.key.meta(field.rare),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    loop: z.string().describe('loop id'),
    iteration: z.number().int().describe('number of the iteration asked for'),
    worker: z.string().optional().describe('its worker, once started'),
    queued: z.number().int().optional().describe('place in the queue for workers'),
    doing: z.string().describe('what happens now'),
    cursor: field.cursor.describe('for status'),
    next: field.nextStep,
  }),
  cli: {
    path: 'spawn',
    positional: ['loop'],
    examples: ['spawn fix-date-parser-7k2m --message "look at leap years"'],
  },
  async run(args, rt, call) {
    const asked = await rt.store.transact(rt.actor, (tx) =>
      once(tx, args.idempotency_key, 'spawn_worker', () => {
        const loop = liveLoop(tx.yard, args.loop);
        refuseUnlessReady(loop);
        if (args.message) {
          tx.record({ type: 'loop.told', id: loop.id, message: { text: args.message, by: call.client } });
        }
        if (loop.state === 'verified')
          tx.record({ type: 'loop.reopened', id: loop.id, reason: `asked by ${call.client}` });
        else if (!loop.wanted) tx.record({ type: 'loop.iteration_wanted', id: loop.id });
        return String(loop.iteration + 1);
      }),
    );
    const iteration = Number(asked);
    await rt.wakeKeeper();
    const { yard, value } = await waitFor(rt, call, args.wait_s ?? 5, ({ loops }) => {
      const loop = own(loops, args.loop);
      return loop === undefined || loop.iteration >= iteration || loop.hold ? (loop ?? 'gone') : undefined;
    });
    const loop = own(yard.loops, args.loop);
    const view = loop && (await viewLoop(rt, yard, loop));
    const worker =
      value !== undefined && loop?.iteration === iteration && loop.worker ? { worker: loop.worker } : {};
    const place = loop && loop.iteration < iteration ? queued(rt, yard, loop)?.place : undefined;
    return {
      loop: args.loop,
      iteration,
      ...worker,
      ...(place === undefined ? {} : { queued: place }),
      doing: view?.doing ?? 'it has ended',
      cursor: yard.seq,
      next: loop ? nextFor(rt, yard, loop) : 'It has ended; nothing to do.',
    };
  },
  render: (output, paint) =>
    `${paint.good('asked for')} iteration ${output.iteration} of ${paint.bold(output.loop)}: ${output.doing}`,
});

function refuseUnlessReady(loop: Loop): void {
  const problem = loop.cancel
    ? 'is being stopped'
    : loop.hold
      ? `is held (${loop.hold.kind}); resume it with steer first`
      : loop.state !== 'ready' && loop.state !== 'verified'
        ? `is ${loop.state}; wait for that with status`
        : undefined;
  if (problem === undefined) return;
  // The reason may be a worker's own text, and a message is ours.
  const held = loop.hold ? { hold: brief(loop.hold.reason, 300) } : {};
  throw new LoopyardError('WRONG_STATE', `The loop ${loop.id} ${problem}.`, { state: loop.state, ...held });
}
