import * as z from 'zod';
import type { Loop } from '../loop.ts';
import { addUsage, Usage } from './run.ts';
import type { Worker } from './worker.ts';

const dayMs = 86_400_000;

/** What all loops of a yard spent, as far as their backends tell. */
export const Spending = z.strictObject({
  /** Days since 1970, UTC. */
  day: z.number().int(),
  today: Usage,
  ever: Usage,
});
export type Spending = z.infer<typeof Spending>;

export function spend(before: Spending | undefined, usage: Usage, at: number): Spending | undefined {
  if (Object.keys(usage).length === 0) return before;
  const day = Math.floor(at / dayMs);
  const today = before?.day === day ? before.today : {};
  return { day, today: addUsage(today, usage), ever: addUsage(before?.ever ?? {}, usage) };
}

/** What one day may cost. Absent: no limit. */
export interface DayLimits {
  readonly tokens?: number | undefined;
  readonly costUsd?: number | undefined;
}

/**
 * What the next worker of a loop will probably use: as much as its iterations did on average, or its share of the
 * loop's own limit. Nothing where neither is known.
 */
export function reservation({ spent, limits }: Pick<Loop, 'spent' | 'limits'>): Usage {
  const { usage, iterations } = spent;
  const used = tokensOf(usage);
  const share = <T>(limit: T | undefined, part: (limit: T) => number) =>
    limit === undefined ? undefined : part(limit);
  const average = (figure: number | undefined) =>
    figure === undefined || iterations === 0 ? undefined : figure / iterations;
  const tokens = average(used) ?? share(limits.tokens, (limit) => limit / limits.iterations);
  const costUsd = average(usage.costUsd) ?? share(limits.costUsd, (limit) => limit / limits.iterations);
  return {
    ...(tokens === undefined ? {} : { inputTokens: Math.ceil(tokens) }),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}

/** What of a yard tells how much it spent and promised. */
interface Spender {
  readonly spending?: Spending | undefined;
  readonly workers: Readonly<Record<string, Pick<Worker, 'state' | 'reserved'>>>;
}

/** Why a worker that will probably use so much cannot be started today, in words and until when, or undefined. */
export function overDay(yard: Spender, limits: DayLimits, wish: Usage, now: number): string | undefined {
  const why = tooMuchToday(yard, limits, wish, now);
  return why && `${why}; a new day begins at ${nextDay(now)}`;
}

/** `2026-11-22 00:00 UTC`. */
const nextDay = (now: number) =>
  `${new Date((Math.floor(now / dayMs) + 1) * dayMs).toISOString().slice(0, 10)} 00:00 UTC`;

function tooMuchToday(yard: Spender, limits: DayLimits, wish: Usage, now: number): string | undefined {
  const today = yard.spending?.day === Math.floor(now / dayMs) ? yard.spending.today : {};
  const reserved = Object.values(yard.workers)
    .filter(({ state }) => state !== 'ended')
    .reduce<Usage>((sum, worker) => addUsage(sum, worker.reserved ?? {}), {});
  const tooMuch = (limit: number | undefined, spent = 0, promised = 0, more = 0) =>
    // With nothing promised to anybody, whatever is left may be used.
    limit !== undefined && (spent >= limit || (promised > 0 && spent + promised + more > limit));
  if (tooMuch(limits.costUsd, today.costUsd, reserved.costUsd, wish.costUsd)) {
    const rest = [money(today.costUsd), money(reserved.costUsd)];
    return `of ${limits.costUsd} US dollars a day ${rest[0]} are spent and ${rest[1]} reserved`;
  }
  if (tooMuch(limits.tokens, tokensOf(today), tokensOf(reserved), tokensOf(wish))) {
    return `of ${limits.tokens} tokens a day ${tokensOf(today) ?? 0} are used and ${tokensOf(reserved) ?? 0} reserved`;
  }
  return undefined;
}

/** Tokens in and out; undefined when neither is known. */
export function tokensOf({ inputTokens, outputTokens }: Usage): number | undefined {
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return (inputTokens ?? 0) + (outputTokens ?? 0);
}

/** In words; undefined when nothing is known. */
export function usageWords(usage: Usage): string | undefined {
  const tokens = tokensOf(usage);
  const parts = [
    ...(tokens === undefined ? [] : [`${tokens} tokens`]),
    ...(usage.costUsd === undefined ? [] : [`${usage.costUsd.toFixed(4)} USD`]),
  ];
  return parts.length > 0 ? parts.join(', ') : undefined;
}

const money = (dollars: number | undefined) => (dollars ?? 0).toFixed(2);
