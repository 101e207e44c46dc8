import * as z from 'zod';
import { liveLoop } from '../../core/registry.ts';
import { tellMessage } from '../../core/workers/words.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { type Loop, modes, priorities } from '../../domain/loop.ts';
import { headOf, shorten } from '../../domain/text.ts';
import type { Tx } from '../../ports/store.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { compact, LoopView, nextFor, renderLoop, viewLoop } from '../views.ts';

const actions = ['message', 'answer', 'pause', 'resume', 'update', 'close'] as const;

const input = z.strictObject({
  loop: field.loopId,
  action: z.enum(actions).describe('close: end it unmerged'),
  text: z.string().min(1).max(8_000).optional().describe('message, answer or reason'),
  question: z.string().max(60).optional().describe('default the open one').meta(field.rare),
  max_iterations: z.number().int().min(1).max(500).optional().describe('with update'),
  loop_minutes: z.number().positive().max(43_200).optional().describe('with update').meta(field.rare),
  max_tokens: z.number().int().positive().optional().describe('with update').meta(field.rare),
  max_cost_usd: z.number().positive().optional().describe('with update').meta(field.rare),
  mode: z.enum(modes).optional().describe('with update').meta(field.rare),
  priority: z.enum(priorities).optional().describe('with update').meta(field.rare),
  tags: z.array(z.string().min(1).max(40)).max(20).optional().describe('with update').meta(field.rare),
  auto_merge: z.boolean().optional().describe('with update').meta(field.rare),
  workspace: field.workspace,
});

export const steer = defineTool({
  name: 'steer',
  title: 'Steer a loop',
  description: 'Advise its worker, answer its question, pause, resume, raise limits, close.',
  effect: 'write',
  idempotent: false,
  roles: ['strategist', 'person'],
  input,
  output: z.strictObject({
    told: z.string().optional().describe('who gets the message'),
    loop: LoopView.describe('the loop afterwards'),
    cursor: field.cursor.describe('for status'),
    next: field.nextStep,
  }),
  cli: {
    path: 'steer',
    positional: ['loop', 'action', 'text'],
    examples: [
      'steer my-loop-7k2m pause',
      'steer my-loop-7k2m message "keep the public API"',
      'steer my-loop-7k2m update --max-iterations 20',
    ],
  },
  async run(args, rt, call) {
    const message = rt.ids.next('message');
    await rt.store.transact(rt.actor, (tx) =>
      steerIn(tx, liveLoop(tx.yard, args.loop), args, { by: call.client, message }),
    );
    const told = args.action === 'message' ? await hearer(rt, args.loop, message) : undefined;
    await rt.wakeKeeper();
    const yard = await rt.store.read();
    const loop = own(yard.loops, args.loop);
    if (!loop) throw new LoopyardError('UNKNOWN_ID', `The loop ${args.loop} was archived meanwhile.`);
    const view = await viewLoop(rt, yard, loop);
    return compact({ told, loop: view, cursor: yard.seq, next: nextFor(rt, yard, loop) });
  },
  render: (output, paint) =>
    [output.told && `told to ${output.told}`, renderLoop(output.loop, paint)].filter(Boolean).join('\n'),
});

type Input = z.infer<typeof input>;

/** Tells the running worker at once, if it can be told; the keeper would, a moment later. */
async function hearer(rt: ToolRuntime, id: string, message: string): Promise<string> {
  const { loops, workers } = await rt.store.read();
  const loop = own(loops, id);
  const worker = own(workers, loop?.worker);
  const said = loop?.messages.find((one) => one.id === message);
  if (!loop || !worker || !said) return 'the next worker';
  // A worker that began between our two looks has it in its prompt.
  const hasIt = loop.messages.indexOf(said) < loop.delivered || (await tellMessage(rt, loop, worker, said));
  if (!hasIt) return 'the next worker';
  return `the running worker ${worker.name ?? worker.id}, or the next if it ends before it takes it up`;
}

function steerIn(tx: Tx, loop: Loop, args: Input, { by, message }: { by: string; message: string }): void {
  const { id } = loop;
  switch (args.action) {
    case 'message':
      return tx.record({ type: 'loop.told', id, message: { id: message, text: needed(args, 'text'), by } });
    case 'answer':
      return answerIn(tx, loop, args, by);
    case 'pause':
      if (loop.hold?.kind === 'paused') return;
      return tx.record({
        type: 'loop.held',
        id,
        hold: { kind: 'paused', reason: reasonOf(args, by) },
      });
    case 'resume':
      if (loop.hold) tx.record({ type: 'loop.released', id, reason: reasonOf(args, by) });
      return;
    case 'update':
      return updateIn(tx, loop, args);
    case 'close':
      if (loop.state !== 'verified') {
        throw new LoopyardError(
          'WRONG_STATE',
          `The loop ${id} is ${loop.state}; only a verified one can be closed. shutdown stops any.`,
          { state: loop.state },
        );
      }
      return tx.record({ type: 'loop.closed', id, reason: reasonOf(args, by) });
  }
}

function answerIn(tx: Tx, loop: Loop, args: Input, by: string): void {
  const open = Object.values(tx.yard.questions).filter((q) => q.loop === loop.id && q.state === 'open');
  const question = args.question === undefined ? open[0] : open.find(({ id }) => id === args.question);
  if (!question || (args.question === undefined && open.length > 1)) {
    const ids = open.map(({ id }) => id).join(', ') || 'none';
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `"question": name one of the open questions of ${loop.id}: ${ids}.`,
    );
  }
  const answer = needed(args, 'text');
  tx.record({ type: 'question.answered', id: question.id, answer, by });
  const text = `Your question: ${shorten(question.text, 2_000)}\n\nThe answer: ${shorten(answer, 5_000)}`;
  tx.record({ type: 'loop.told', id: loop.id, message: { text, by } });
  if (loop.hold?.kind === 'question')
    tx.record({ type: 'loop.released', id: loop.id, reason: 'the question was answered' });
}

function updateIn(tx: Tx, loop: Loop, args: Input): void {
  const limits = compact({
    iterations: args.max_iterations,
    loopMinutes: args.loop_minutes,
    tokens: args.max_tokens,
    costUsd: args.max_cost_usd,
  });
  const { mode, priority, tags } = args;
  const changes = compact({ mode, priority, tags, autoMerge: args.auto_merge });
  if (Object.keys({ ...limits, ...changes }).length === 0) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      '"action": update needs at least one field to change, such as max_iterations.',
    );
  }
  tx.record({ type: 'loop.updated', id: loop.id, changes: { ...changes, limits } });
  const isRaised = (Object.keys(limits) as (keyof typeof limits)[]).some(
    (name) => (limits[name] ?? 0) > (loop.limits[name] ?? Number.POSITIVE_INFINITY),
  );
  if (loop.hold?.kind === 'budget' && isRaised)
    tx.record({ type: 'loop.released', id: loop.id, reason: 'a limit was raised' });
}

const reasonOf = (args: Input, by: string) =>
  args.text === undefined ? `asked by ${by}` : headOf(args.text, 1_900);

function needed(args: Input, name: 'text'): string {
  const value = args[name];
  if (value === undefined) throw new LoopyardError('INVALID_ARGUMENT', `"${name}": ${args.action} needs it.`);
  return value;
}
