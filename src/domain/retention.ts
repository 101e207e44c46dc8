import type { Config } from './settings/config.ts';
import type { Yard } from './yard.ts';

/**
 * What of a yard may go, and by which setting. Pure: what lies there, the yard and the time go in, a list comes out.
 *
 * Nothing goes that something in the live state refers to, whatever the settings say. Of the rest, output and evidence go
 * by age, and the oldest of them when all together are too large; what tells the story of the yard (records of loops, old
 * parts of the journal, which runs are known) is small, and goes by an age of its own.
 */

export const stockKinds = ['runs', 'evidence', 'known_runs', 'records', 'journal'] as const;
export type StockKind = (typeof stockKinds)[number];

/** One thing that lies in a folder of the yard. */
export interface Stocked {
  readonly kind: StockKind;
  readonly name: string;
  /** On disk. */
  readonly bytes: number;
  /** When it last changed, or its loop left the lists; milliseconds since 1970. */
  readonly at: number;
}

export const retentionRules = [
  'keep_days',
  'keep_gb',
  'keep_history_days',
  'keep_refs_days',
  'prune',
] as const;
export type RetentionRule = (typeof retentionRules)[number];

export interface Going extends Stocked {
  readonly by: RetentionRule;
}

/** Milliseconds and bytes. */
export interface Bounds {
  readonly outputMs: number;
  readonly historyMs: number;
  readonly bytes: number;
}

const day = 86_400_000;

export function boundsOf(config: Pick<Config, 'keep_days' | 'keep_gb' | 'keep_history_days'>): Bounds {
  const { keep_days, keep_history_days, keep_gb } = config;
  return { outputMs: keep_days * day, historyMs: keep_history_days * day, bytes: keep_gb * 1e9 };
}

/** Milliseconds between two looks beyond which nobody knows whether the keeper was away or the clock is wrong. */
const longestGapMs = 7 * day;

/** Milliseconds for which the clock must have gone on evenly before anything goes by its age. */
const settlingMs = 3 * day;

/**
 * Since when the clock has gone on evenly, as far as looks tell. After a leap, or when nobody looked before, from now
 * on: a machine that believes for a day that it is another year must not lose at once all that a yard has kept.
 */
export function evenSince(
  before: { at: number; evenSince?: number | undefined } | undefined,
  now: number,
): number {
  if (before === undefined || now < before.at || now - before.at > longestGapMs) return now;
  return before.evenSince ?? before.at;
}

/** Whether ages can be believed, for a clock that has gone on evenly since then. */
export const isSettled = (since: number, now: number) => now - since >= settlingMs;

/** Without ages: what is kept is still no more than there may be. */
export const bySizeOnly = (bounds: Bounds): Bounds => ({
  ...bounds,
  outputMs: Number.POSITIVE_INFINITY,
  historyMs: Number.POSITIVE_INFINITY,
});

/** Oldest first. What seems to come from the future stays. */
export function whatMayGo(
  stock: readonly Stocked[],
  bounds: Bounds,
  isNeeded: (item: Stocked) => boolean,
  now: number,
): readonly Going[] {
  const free = stock.filter((item) => item.at <= now && !isNeeded(item)).sort((a, b) => a.at - b.at);
  const going: Going[] = [];
  let left = stock.reduce((sum, { bytes }) => sum + bytes, 0);
  const late: Stocked[] = [];
  for (const item of free) {
    const isOutput = outputKinds.includes(item.kind);
    if (now - item.at < (isOutput ? bounds.outputMs : bounds.historyMs)) {
      if (isOutput) late.push(item);
      continue;
    }
    going.push({ ...item, by: isOutput ? 'keep_days' : 'keep_history_days' });
    left -= item.bytes;
  }
  for (const item of late) {
    if (left <= bounds.bytes) break;
    going.push({ ...item, by: 'keep_gb' });
    left -= item.bytes;
  }
  return going;
}

const outputKinds: readonly StockKind[] = ['runs', 'evidence'];

/** The preparation of dependencies has several runs, and whoever comes after a crash looks for them from the first on. */
const preparationMs = 3_600_000;

/**
 * What the yard still needs: everything that is in its lists, or that something there was compared with or taken from.
 * `withRefs`: loops of which a ref is kept; their records say what the ref is.
 */
export function neededBy(yard: Yard, withRefs: ReadonlySet<string>, now: number): (item: Stocked) => boolean {
  const verifications = new Set<string | undefined>();
  const runs = new Set(Object.keys(yard.workers));
  for (const { id, baseline, reused, results } of Object.values(yard.verifications)) {
    for (const one of [id, baseline, reused]) verifications.add(one);
    for (const { run } of results) runs.add(run);
  }
  for (const { baseline, verification, worker, outcomes } of Object.values(yard.loops)) {
    for (const one of [baseline?.verification, verification]) verifications.add(one);
    for (const outcome of outcomes) verifications.add(outcome.verification);
    for (const one of [worker, ...outcomes.map((outcome) => outcome.worker)]) if (one) runs.add(one);
  }
  return ({ kind, name, at }) => {
    switch (kind) {
      case 'runs':
        if (name.startsWith('deps-') && now - at < preparationMs) return true;
        return runs.has(name) || prefixesOf(name).some((prefix) => verifications.has(prefix));
      case 'evidence':
        return verifications.has(name);
      case 'records':
        return Object.hasOwn(yard.loops, name) || withRefs.has(name);
      case 'known_runs':
      case 'journal':
        return false;
    }
  };
}

/** The runs of a verification have its id in front: `verification-k3v9-1-again` belongs to `verification-k3v9`. */
function prefixesOf(name: string): readonly string[] {
  return [...name.matchAll(/-/g)].map(({ index }) => name.slice(0, index));
}

/** A ref of ours whose loop has left the lists. */
export interface KeptRef {
  /** A branch has its commit, so that removing it loses nothing. */
  readonly held: boolean;
  /** When its loop ended; undefined when there is no record of it. */
  readonly endedAt: number | undefined;
  /** Since when it is named as one that will go. */
  readonly namedAt: number | undefined;
}

/** Milliseconds for which a ref is named before it goes. */
export const noticeMs = 14 * day;

/** What becomes of a candidate or ready ref. Rescue refs are never asked about: they stay until a person removes them. */
export function fateOf(
  { held, endedAt, namedAt }: KeptRef,
  keepMs: number,
  now: number,
  settled: boolean,
): 'stays' | 'named' | 'goes' {
  if (held) return 'goes';
  if (endedAt === undefined || now - endedAt < keepMs) return 'stays';
  return !settled || namedAt === undefined || now - namedAt < noticeMs ? 'named' : 'goes';
}
