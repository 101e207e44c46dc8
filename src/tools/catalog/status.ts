import * as z from 'zod';
import { findLoop } from '../../core/registry.ts';
import type { YardEvent } from '../../domain/events.ts';
import { isEnded } from '../../domain/loop.ts';
import { liveLoops, type Yard } from '../../domain/yard.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { compact, LoopView, nextFor, renderLoop, viewLoop } from '../views.ts';
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
    const seconds = args.wait_s ?? (since === undefined ? 0 : 25);
    let events: string[] = [];
    const { yard } = await waitFor(rt, call, since === undefined ? 0 : seconds, ({ seq }) =>
      since === undefined || seq > since ? true : undefined,
    );
    let seen = yard;
    if (since !== undefined) {
      const end = rt.clock.now() + seconds * 1_000;
      events = await eventsSince(rt, since, args.loop, seen);
      // Other loops' changes wake us too; wait on until something concerns the loop that was asked about.
      while (events.length === 0 && rt.clock.now() < end && !call.signal.aborted) {
        const { seq } = seen;
        const left = (end - rt.clock.now()) / 1_000;
        ({ yard: seen } = await waitFor(rt, call, left, (now) => (now.seq > seq ? true : undefined)));
        events = await eventsSince(rt, since, args.loop, seen);
      }
      if (events.length === 0)
        return { unchanged: true, cursor: seen.seq, next: 'Call status again with this cursor.' };
    }
    const chosen = named ? [seen.loops[named.id] ?? named] : Object.values(seen.loops);
    const views = await Promise.all(chosen.slice(-20).map((loop) => viewLoop(rt, seen, loop)));
    return compact({
      workspace: call.checkout.path,
      events: events.length > 0 ? events.slice(-12) : undefined,
      loops: views,
      totals: named ? undefined : totals(seen),
      cursor: seen.seq,
      next: advice(views, seen),
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

async function eventsSince(
  rt: Parameters<typeof viewLoop>[0] & {
    store: { history(after: number, limit: number): Promise<readonly { events: readonly YardEvent[] }[]> };
  },
  since: number,
  loop: string | undefined,
  yard: Yard,
): Promise<string[]> {
  const recorded = await rt.store.history(since, 500);
  return recorded.flatMap(({ events }) =>
    events.filter((event) => concerns(event, loop, yard)).map((event) => described(event)),
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
