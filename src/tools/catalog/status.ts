import * as z from 'zod';
import { missingKeeper } from '../../core/keeper-presence.ts';
import { findLoop } from '../../core/registry.ts';
import { lastLook } from '../../core/retention/retention.ts';
import { locateBackends } from '../../core/workers/backend-discovery.ts';
import { queued } from '../../core/workers/scaling.ts';
import type { YardEvent } from '../../domain/events.ts';
import { isEnded, type Loop } from '../../domain/loop.ts';
import { brief, jsonBytes } from '../../domain/text.ts';
import { healthWords } from '../../domain/worker/backend-health.ts';
import { busyWorkers } from '../../domain/worker/choice.ts';
import { startQueue } from '../../domain/worker/queue.ts';
import { usageWords } from '../../domain/worker/spending.ts';
import { liveLoops, type Yard } from '../../domain/yard.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { asks, briefly, compact, few, LoopView, nextFor, renderLoop, viewLoop } from '../views.ts';
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
    workers: z.string().optional().describe('how many live, and who waits for one'),
    backends: z.array(z.string()).optional().describe('backends that failed lately or rest'),
    installed: z.array(z.string()).optional().describe('programs that can be workers here, and their logins'),
    spent: z.string().optional().describe('what all loops used, where reported'),
    keeper: z.string().optional().describe('said when work waits and no keeper acts'),
    cursor: field.cursor.describe('for the next call'),
    next: field.nextStep,
  }),
  cli: { path: 'status', positional: ['loop'], examples: ['status', 'status fix-date-parser-7k2m --json'] },
  async run(args, rt, call) {
    const named = args.loop === undefined ? undefined : await findLoop(rt, args.loop);
    const since = args.cursor;
    const end = rt.clock.now() + (args.wait_s ?? 25) * 1_000;
    let { yard } = await waitFor(rt, call, 0, () => undefined);
    let news: News = { events: [], upTo: since ?? 0, isNews: false };
    while (since !== undefined) {
      news = await newsSince(rt, news.upTo, args.loop, yard);
      const left = (end - rt.clock.now()) / 1_000;
      if (news.isNews || left <= 0 || call.signal.aborted) break;
      // Other loops and leases wake us too; what was asked about is looked for again after each change.
      const { seq } = yard;
      ({ yard } = await waitFor(rt, call, left, (now) => (now.seq > seq ? true : undefined)));
    }
    if (since !== undefined && !news.isNews) {
      return { unchanged: true, cursor: yard.seq, next: 'Call status again with this cursor.' };
    }
    const chosen = named ? [own(yard.loops, named.id) ?? named] : newest(yard);
    const views = fitting(await Promise.all(chosen.map((loop) => viewLoop(rt, yard, loop))));
    return compact({
      workspace: call.checkout.path,
      events: news.events.length > 0 ? news.events : undefined,
      loops: views,
      totals: named ? undefined : `${totals(yard, views.length)}${await leaving(rt)}`,
      workers: named ? undefined : workers(rt, yard),
      spent: named ? undefined : spent(yard, rt.clock.now()),
      backends: troubled(yard, rt.clock.now()),
      // Programs come and go between looks, not while somebody waits for the next change.
      installed: named || since !== undefined ? undefined : await installed(rt),
      keeper: missingKeeper(yard, rt),
      cursor: yard.seq,
      next: advice(rt, yard, chosen),
    });
  },
  render: (output, paint) => {
    if (output.unchanged) return paint.dim('nothing new');
    const loops = output.loops ?? [];
    const body =
      loops.length > 0 ? loops.map((loop) => renderLoop(loop, paint)).join('\n\n') : 'No loop is open here.';
    const { keeper, backends = [], workers, spent, totals, next } = output;
    const here = output.installed && `workers can be: ${output.installed.join(', ')}`;
    const lines = [keeper, ...backends, workers, spent, totals, here, next].filter(Boolean);
    return [body, paint.dim(lines.join('\n'))].join('\n\n');
  },
});

/** An answer must stay a small part of a context window: everything about few loops, little about many, 8 KB in all. */
const fullViews = 5;
const mostViews = 20;
const viewBytes = 5_000;
const mostEvents = 30;
const eventBytes = 2_000;

function newest(yard: Yard): readonly Loop[] {
  const all = Object.values(yard.loops);
  return all
    .sort((a, b) => Number(isEnded(a)) - Number(isEnded(b)) || b.updatedAt - a.updatedAt)
    .slice(0, mostViews);
}

function fitting(views: readonly LoopView[]): LoopView[] {
  if (views.length === 1 || (views.length <= fullViews && jsonBytes(views) <= viewBytes)) return [...views];
  const shown = views.map(briefly);
  while (jsonBytes(shown) > viewBytes) shown.pop();
  return shown;
}

interface News {
  /** The newest of what happened, oldest first. */
  readonly events: string[];
  /** Everything up to there was looked at. */
  readonly upTo: number;
  readonly isNews: boolean;
}

/** Looks at every record between a cursor and the yard, however many there are. */
async function newsSince(
  rt: Pick<ToolRuntime, 'store'>,
  since: number,
  loop: string | undefined,
  yard: Yard,
): Promise<News> {
  let upTo = since;
  let events: string[] = [];
  while (upTo < yard.seq) {
    const page = await rt.store.history(upTo, 500);
    const [first] = page;
    // What is older than the store keeps may have been about anything.
    if (first?.seq !== upTo + 1) return { events: [], upTo: yard.seq, isNews: true };
    const found = page
      .filter(({ seq }) => seq <= yard.seq)
      .flatMap((record) => record.events.filter((event) => concerns(event, loop, yard)).map(described));
    events = [...events, ...found].slice(-mostEvents);
    upTo = Math.min(page.at(-1)?.seq ?? yard.seq, yard.seq);
  }
  const isNews = events.length > 0;
  while (jsonBytes(events) > eventBytes) events.shift();
  return { events, upTo, isNews };
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
  const found = [workers, verifications, merges, questions].map((records) =>
    own<{ loop?: string | undefined }>(records, event.id),
  );
  return found.find((record) => record !== undefined)?.loop;
}

function described(event: YardEvent): string {
  if (event.type === 'worker.starting') {
    const { id, resumed } = event.worker;
    return `${event.type} ${id}${resumed ? `: resumed session of ${resumed.of}` : ''}`;
  }
  const id = 'id' in event ? event.id : undefined;
  const reason = 'reason' in event && typeof event.reason === 'string' ? `: ${event.reason}` : '';
  return brief(`${event.type}${id === undefined ? '' : ` ${id}`}${reason}`, 120);
}

function totals(yard: Yard, shown: number): string {
  const { opened, landed, closed, cancelled } = yard.totals;
  const more = Object.keys(yard.loops).length - shown;
  const rest = more > 0 ? `; ${more} more not shown here` : '';
  return `${liveLoops(yard).length} live; ${opened} opened, ${landed} landed, ${closed} closed, ${cancelled} cancelled${rest}`;
}

/** Refs that will go by themselves are named here, where somebody looks, and not in the log alone. */
async function leaving(rt: Pick<ToolRuntime, 'files'>): Promise<string> {
  const count = (await lastLook(rt))?.named.length ?? 0;
  return count === 0 ? '' : `; ${count} kept refs of ended loops will go: loopyard prune names them`;
}

/** Undefined while nobody works or waits for a worker. */
function workers(rt: ToolRuntime, yard: Yard): string | undefined {
  const live = busyWorkers(yard);
  const waiting = startQueue(yard, rt.clock.now()).filter((loop) => queued(rt, yard, loop) !== undefined);
  if (live + waiting.length === 0) return undefined;
  const names = few(
    waiting.map(({ id }) => id),
    5,
  );
  return `workers live: ${live}${names.length > 0 ? `; queued: ${names.join(', ')}` : ''}`;
}

function spent({ spending }: Yard, now: number): string | undefined {
  if (!spending) return undefined;
  const today = spending.day === Math.floor(now / 86_400_000) ? usageWords(spending.today) : undefined;
  return `today (UTC) ${today ?? 'nothing'}; ever ${usageWords(spending.ever) ?? 'nothing'}`;
}

function troubled(yard: Yard, now: number): string[] | undefined {
  const lines = Object.entries(yard.backends).map(([id, health]) => `${id}: ${healthWords(health, now)}`);
  return lines.length > 0 ? few(lines, 10) : undefined;
}

/** Seen without starting any of them, so without their versions: doctor asks for those. */
async function installed(rt: ToolRuntime): Promise<string[]> {
  const found = (await locateBackends(rt)).filter(({ program }) => program !== undefined);
  const words = { yes: ' (logged in)', no: ' (shows no login)', perhaps: '', unknown: '' } as const;
  return found.length > 0
    ? found.map(({ id, login }) => `${id}${words[login]}`)
    : ['any command; none of the known programs is on PATH'];
}

function advice(rt: ToolRuntime, yard: Yard, loops: readonly Loop[]): string {
  const wanting = loops.find((loop) => asks(rt, yard, loop) !== undefined);
  const first = wanting ?? loops.find((loop) => !isEnded(loop)) ?? loops[0];
  return first ? nextFor(rt, yard, first) : 'No loop is open: start_loop opens one.';
}
