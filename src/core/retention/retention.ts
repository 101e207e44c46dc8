import * as z from 'zod';
import {
  boundsOf,
  bySizeOnly,
  evenSince,
  type Going,
  isSettled,
  neededBy,
  type Stocked,
  type StockKind,
  stockKinds,
  whatMayGo,
} from '../../domain/retention.ts';
import type { Runtime } from '../runtime.ts';
import { fatesOf, type LoopRef, loopRefs, loopsWithRefs, removeRefs } from './kept-refs.ts';
import { removeAll } from './removal.ts';

type Rt = Pick<Runtime, 'stock' | 'files' | 'git' | 'store' | 'processes' | 'log' | 'clock' | 'config'>;

/** Milliseconds between two looks at everything a yard has kept. */
export const lookEveryMs = 3_600_000;

/** Removed between two looks at the yard, and in one round; what is left over goes in the next. */
const slice = 50;
const mostInARound = 2_000;

/** What the keeper found when it last looked: for whoever asks how the yard is. */
const Look = z.object({
  at: z.number(),
  /** Since when the clock has gone on evenly (domain/retention.ts). */
  evenSince: z.number().optional(),
  /** What was left, and what it took on disk. */
  things: z.number(),
  bytes: z.number(),
  /** The last time that something went. */
  removed: z.object({ at: z.number(), things: z.number(), bytes: z.number() }).optional(),
  /** Refs that go when they have been named for long enough. */
  named: z.array(z.object({ ref: z.string(), commit: z.string(), since: z.number() })),
});
export type Look = z.infer<typeof Look>;

/**
 * Keeps a yard within its bounds: looks at everything that is kept, decides (domain/retention.ts), removes.
 *
 * What lies there is listed before the yard is read, and the yard is read again before every few removals, so that
 * nothing goes that somebody has begun to refer to. Each thing goes whole or not at all and is noted before, so this can
 * be cut off anywhere, and done by two at once. Answers when to look again, milliseconds since 1970.
 */
export async function keepWithin(rt: Rt, signal: AbortSignal): Promise<number> {
  const before = await lastLook(rt);
  const stock = await takeStock(rt);
  const refs = await loopRefs(rt);
  const isNeeded = await needs(rt, refs);
  const began = rt.clock.now();
  const since = evenSince(before, began);
  const settled = isSettled(since, began);
  const bounds = boundsOf(rt.config);
  const going = whatMayGo(stock, settled ? bounds : bySizeOnly(bounds), isNeeded, began);
  const fates = await fatesOf(rt, refs, before?.named ?? [], settled);
  const round = going.slice(0, mostInARound);
  const gone = await removeWithCare(rt, round, refs, signal);
  const goneRefs = signal.aborted ? [] : await removeRefs(rt, fates.going, 'keep_refs_days');
  const now = rt.clock.now();
  const removed = { at: now, things: gone.length + goneRefs.length, bytes: sum(gone) };
  if (removed.things > 0)
    rt.log('info', 'removed what was kept long enough', {
      ...removed,
      refs: goneRefs.map(({ name }) => name),
    });
  // Known runs go with their evidence, beside what was counted.
  const left = gone.length > 0 ? await takeStock(rt) : stock;
  const last = removed.things > 0 ? removed : before?.removed;
  await writeLook(rt, {
    at: now,
    evenSince: since,
    things: left.length,
    bytes: sum(left),
    ...(last ? { removed: last } : {}),
    named: fates.named.slice(0, mostNamed),
  });
  return gone.length > 0 && going.length > round.length ? now : now + lookEveryMs;
}

/** Looks at the yard again before every few: somebody may have begun to refer to what may go. Answers what went. */
export async function removeWithCare(
  rt: Rt,
  going: readonly Going[],
  refs: readonly LoopRef[],
  signal: AbortSignal,
): Promise<readonly Going[]> {
  const gone: Going[] = [];
  for (let from = 0; from < going.length && !signal.aborted; from += slice) {
    const isNeeded = await needs(rt, refs);
    gone.push(
      ...(await removeAll(
        rt,
        going.slice(from, from + slice).filter((item) => !isNeeded(item)),
      )),
    );
  }
  return gone;
}

/** Named refs that one look remembers; others are named later, and so go later. */
const mostNamed = 2_000;

export async function takeStock({ stock }: Pick<Rt, 'stock'>): Promise<readonly Stocked[]> {
  const lists = [];
  for (const kind of stockKinds) lists.push(await stock.list(kind));
  return lists.flat();
}

/** What the yard needs at this moment. */
export async function needs(rt: Pick<Rt, 'git' | 'store' | 'clock'>, refs: readonly LoopRef[]) {
  const withRefs = await loopsWithRefs(rt, refs);
  return neededBy(await rt.store.read(), withRefs, rt.clock.now());
}

/** The last look; undefined when there was none, or what it left is not to be read. */
export async function lastLook({ files }: Pick<Rt, 'files'>): Promise<Look | undefined> {
  const text = await files.read(lookFile({ files }));
  try {
    return text === undefined ? undefined : Look.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const writeLook = (rt: Pick<Rt, 'files'>, look: Look) => rt.files.write(lookFile(rt), JSON.stringify(look));
const lookFile = ({ files }: Pick<Rt, 'files'>) => files.join(files.home, 'retention.json');

export const sum = (items: readonly { readonly bytes: number }[]) =>
  items.reduce((all, { bytes }) => all + bytes, 0);

/** What there is of each kind, for people. */
export const stockWords: Readonly<Record<StockKind, string>> = {
  runs: 'output of workers and checks',
  evidence: 'evidence of verifications',
  known_runs: 'which runs are known',
  records: 'records of loops',
  journal: 'old parts of the journal',
};
