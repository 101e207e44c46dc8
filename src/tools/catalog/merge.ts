import * as z from 'zod';
import { liveLoop } from '../../core/registry.ts';
import { once } from '../../core/requests.ts';
import { queueMerge } from '../../core/steps.ts';
import { LoopyardError } from '../../domain/errors.ts';
import type { Loop } from '../../domain/loop.ts';
import type { MergeEntry } from '../../domain/merge.ts';
import { brief } from '../../domain/text.ts';
import { awaitsReview } from '../../domain/worker/review.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Tx } from '../../ports/store.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { targetNamed } from '../target.ts';
import { compact } from '../views.ts';
import { waitFor, waitSeconds } from '../waiting.ts';

export const merge = defineTool({
  name: 'merge',
  title: 'Merge a loop',
  description: 'Land a verified loop: merge with the target, check the result, move the branch.',
  effect: 'write',
  idempotent: true,
  roles: ['strategist', 'person'],
  input: z.strictObject({
    loop: field.loopId,
    target: z.string().max(250).optional().describe('default the loop’s').meta(field.rare),
    withdraw: z.boolean().default(false).describe('leave the queue'),
    wait_s: waitSeconds.describe('at most 50'),
    idempotency_key: field.key.meta(field.rare),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    loop: z.string().describe('loop id'),
    entry: z.string().optional().describe('merge entry'),
    state: z.string().describe('landed, bounced, waiting, queued, executing or withdrawn'),
    target: z.string().optional().describe('branch'),
    result: z.string().optional().describe('commit the target stands on'),
    before: z.string().optional().describe('where the target stood before'),
    reason: z.string().optional().describe('why it did not land'),
    protected: z
      .array(z.string())
      .optional()
      .describe('protected files it changes, which were judged as on the base'),
    cursor: field.cursor.describe('for status'),
    next: field.nextStep,
  }),
  cli: {
    path: 'merge',
    positional: ['loop'],
    examples: ['merge fix-date-parser-7k2m', 'merge fix-date-parser-7k2m --withdraw'],
  },
  exitCode: (output) => (output.state === 'bounced' || output.state === 'waiting' ? 1 : 0),
  async run(args, rt, call) {
    const target = args.target === undefined ? undefined : await targetNamed(rt, args.target);
    const entry = await rt.store.transact(rt.actor, (tx) =>
      once(tx, args.idempotency_key, 'merge', () => {
        const known = own(tx.yard.loops, args.loop);
        if (known?.state === 'landed' && known.entry) return known.entry;
        const loop = liveLoop(tx.yard, args.loop);
        return args.withdraw ? withdraw(tx, loop, call.client) : enqueue(rt, tx, loop, target);
      }),
    );
    await rt.wakeKeeper();
    const { yard } = await waitFor(
      rt,
      call,
      args.withdraw ? 0 : (args.wait_s ?? 25),
      ({ merges }) => (['queued', 'executing'].includes(own(merges, entry)?.state ?? '') ? undefined : true),
      ({ merges }) => `merge ${entry} is ${own(merges, entry)?.state ?? 'over'}`,
    );
    const now = own(yard.merges, entry);
    const { state = 'landed', result, before, reason } = now ?? {};
    return compact({
      loop: args.loop,
      entry,
      state,
      target: now?.target,
      result,
      before,
      reason: reason === undefined ? undefined : brief(reason, 2_000),
      protected: overruledIn(yard, args.loop),
      cursor: yard.seq,
      next: advice(state, args.loop, now),
    });
  },
  render: (output, paint) => {
    const colour =
      output.state === 'landed' ? paint.good : output.state === 'bounced' ? paint.bad : paint.warn;
    return [
      `${colour(output.state)} ${paint.bold(output.loop)}${output.target ? ` → ${output.target}` : ''} ${output.result?.slice(0, 12) ?? ''}`,
      ...(output.reason ? [`  ${output.reason}`] : []),
      ...(output.protected ? [paint.warn(`  changes protected files: ${output.protected.join(', ')}`)] : []),
      ...(output.state === 'landed' && output.before ? [paint.dim(`  before: ${output.before}`)] : []),
      paint.dim(`  ${output.next}`),
    ].join('\n');
  },
});

/** Whoever lands them by hand accepts them, and is told what they are. */
function overruledIn(yard: Yard, id: string): string[] | undefined {
  const found = own(yard.verifications, own(yard.loops, id)?.verification)?.overruled;
  if (!found) return undefined;
  const more = found.count - found.paths.length;
  return more > 0 ? [...found.paths, `and ${more} more`] : [...found.paths];
}

function enqueue(
  rt: Parameters<typeof queueMerge>[0],
  tx: Tx,
  loop: Loop,
  named: string | undefined,
): string {
  const entry = loop.entry === undefined ? undefined : tx.yard.merges[loop.entry];
  if (loop.state === 'merging' && entry) {
    if (entry.state === 'waiting') tx.record({ type: 'merge.retried', id: entry.id });
    return entry.id;
  }
  if (loop.state !== 'verified' || awaitsReview(loop)) {
    throw new LoopyardError(
      'WRONG_STATE',
      `The loop ${loop.id} is ${loop.state}; only a verified one can be merged.`,
      { state: loop.state },
    );
  }
  const target = named ?? loop.target;
  if (target === undefined) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `"target": name the branch to land on; the loop ${loop.id} has none.`,
    );
  }
  queueMerge(rt, tx, loop, target);
  return tx.yard.loops[loop.id]?.entry ?? '';
}

function withdraw(tx: Tx, loop: Loop, by: string): string {
  const entry = loop.entry === undefined ? undefined : tx.yard.merges[loop.entry];
  if (loop.state !== 'merging' || !entry || entry.state === 'executing') {
    const why =
      entry?.state === 'executing' ? 'its landing is being executed right now' : 'it is not in the queue';
    throw new LoopyardError('WRONG_STATE', `The loop ${loop.id} cannot be withdrawn: ${why}.`, {
      state: loop.state,
    });
  }
  const reason = `withdrawn by ${by}`;
  tx.record({ type: 'merge.withdrawn', id: entry.id, reason });
  tx.record({ type: 'loop.withdrawn', id: loop.id, reason });
  return entry.id;
}

function advice(state: string, loop: string, entry: MergeEntry | undefined): string {
  switch (state) {
    case 'landed':
      return entry?.before !== undefined && entry.before !== entry.result
        ? `It landed. To undo while nothing followed: git reset --keep ${entry.before} where ${entry.target} is checked out, or git branch -f ${entry.target} ${entry.before}.`
        : 'It landed.';
    case 'bounced':
      return `It goes back to work: spawn_worker {loop: "${loop}"} (guided), or wait with status (auto).`;
    case 'waiting':
      return `Do what reason says, then merge {loop: "${loop}"} again.`;
    case 'withdrawn':
      return `It is verified still: merge {loop: "${loop}"} queues it again.`;
    default:
      return `It is being landed: merge {loop: "${loop}"} again goes on waiting.`;
  }
}
