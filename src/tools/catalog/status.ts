import * as z from 'zod';
import { findLoop } from '../../core/registry.ts';
import type { YardEvent } from '../../domain/events.ts';
import { isEnded, type Loop } from '../../domain/loop.ts';
import { liveLoops, type Yard } from '../../domain/yard.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { briefly, compact, LoopView, nextFor, renderLoop, viewLoop } from '../views.ts';
import { waitFor, waitSeconds } from '../waiting.ts';

export const status = defineTool({
  name: 'status',
  title: 'Status',
  description: 'How loops stand. With a cursor it waits for the next change.',
  effect: 'read',
  idempotent: true,
  roles: ['strategist', 'person'],
  input: z.strictObject({
    loop: field.loopId.optional(),
    cursor: field.cursor.optional().describe('from an earlier answer'),
    wait_s: waitSeconds.describe('at most 50'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    workspace: z.string().optional().describe('the checkout this is about'),
    unchanged: z.boolean().optional().describe('nothing new since the cursor'),
    events: z.array(z.string()).optional().describe('what happened since the cursor, newest last'),
    loops: z.array(LoopView).optional().describe('the loop asked for, or all live ones and those just ended'),
    totals: z.string().optional().describe('loops ever opened, and how they ended'),
    cursor: field.cursor.describe('for the next call'),
    next: field.nextStep,
  }),
  cli: { path: 'status', positional: ['loop'], examples: ['status', 'status fix-date-parser-7k2m --json'] },
  async run(args, rt, call) {
    const named = args.loop === undefined ? undefined : await findLoop(rt, args.loop);
    const since = args.cursor;
    const end = rt.clock.now() + (args.wait_s ?? 25) * 1_000;
    let { yard } = await waitFor(rt, call, 0, () => undefined);
    let events: readonly string[] = [];
    while (since !== undefined) {
      events = await eventsSince(rt, since, args.loop, yard);
      const left = (end - rt.clock.now()) / 1_000;
      if (events.length > 0 || left <= 0 || call.signal.aborted) break;
      // Other loops and leases wake us too; what was asked about is looked for again after each change.
      const { seq } = yard;
      ({ yard } = await waitFor(rt, call, left, (now) => (now.seq > seq ? true : undefined)));
    }
    if (since !== undefined && events.length === 0) {
      return { unchanged: true, cursor: yard.seq, next: 'Call status again with this cursor.' };
    }
    const chosen = named ? [yard.loops[named.id] ?? named] : newest(yard);
    const full = await Promise.all(chosen.map((loop) => viewLoop(rt, yard, loop)));
    const views = full.length > fullViews ? full.map(briefly) : full;
    return compact({
      workspace: call.checkout.path,
      events: events.length > 0 ? events.slice(-30) : undefined,
      loops: views,
      totals: named ? undefined : totals(yard),
      cursor: yard.seq,
      next: advice(views, yard),
    });
  },
  render: (output, paint) => {
    if (output.unchanged) return paint.dim('nothing new');
    const loops = output.loops ?? [];
    const body =
      loops.length > 0 ? loops.map((loop) => renderLoop(loop, paint)).join('\n\n') : 'No loop is open here.';
    return [body, paint.dim([output.totals, output.next].filter(Boolean).join('\n'))].join('\n\n');
  },
});

/** So many loops are shown with everything, so many at all: an answer must stay a small part of a context window. */
const fullViews = 5;
const mostViews = 20;

function newest(yard: Yard): readonly Loop[] {
  const all = Object.values(yard.loops);
  return all
    .sort((a, b) => Number(isEnded(a)) - Number(isEnded(b)) || b.updatedAt - a.updatedAt)
    .slice(0, mostViews);
}

async function eventsSince(
  rt: Pick<ToolRuntime, 'store'>,
  since: number,
  loop: string | undefined,
  yard: Yard,
): Promise<readonly string[]> {
  const recorded = await rt.store.history(since, 500);
  return recorded.flatMap(({ events }) =>
    events.filter((event) => concerns(event, loop, yard)).map(described),
  );
}

/** Leases and bookkeeping concern nobody; with a loop named, only what is about it does. */
function concerns(event: YardEvent, loop: string | undefined, yard: Yard): boolean {
  if (/^(lease|request|note)\./.test(event.type) || event.type.endsWith('archived')) return false;
  return loop === undefined || loopOf(event, yard) === loop;
}

function loopOf(event: YardEvent, yard: Yard): string | undefined {
  if (event.type.startsWith('loop.') && 'id' in event) return event.id;
  if (event.type === 'worker.starting') return event.worker.loop;
  if (event.type === 'verification.requested') return event.verification.loop;
  if (event.type === 'merge.queued') return event.entry.loop;
  if (event.type === 'question.asked') return event.question.loop;
  if (!('id' in event)) return undefined;
  const { workers, verifications, merges, questions } = yard;
  return (workers[event.id] ?? verifications[event.id] ?? merges[event.id] ?? questions[event.id])?.loop;
}

function described(event: YardEvent): string {
  const id = 'id' in event ? event.id : undefined;
  const reason =
    'reason' in event && typeof event.reason === 'string' ? `: ${event.reason.slice(0, 200)}` : '';
  return `${event.type}${id === undefined ? '' : ` ${id}`}${reason}`;
}

function totals(yard: Yard): string {
  const { opened, landed, closed, cancelled } = yard.totals;
  return `${liveLoops(yard).length} live; ${opened} opened, ${landed} landed, ${closed} closed, ${cancelled} cancelled`;
}

function advice(views: readonly LoopView[], yard: Yard): string {
  if (views.length === 0) return 'No loop is open: start_loop opens one.';
  const asking = views.find((view) => view.question || view.hold || view.doing.startsWith('waits for'));
  const live = views.find((view) => !isEnded({ state: yard.loops[view.id]?.state ?? 'closed' }));
  const first = asking ?? live ?? views[0];
  return first ? nextFor(first) : 'Nothing to do.';
}
