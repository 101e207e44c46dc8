import * as z from 'zod';
import { addUsage, Usage } from './run.ts';

const minutes = (max: number) => z.number().positive().max(max);

/** What a loop may spend. Every loop has an end: each limit has a default, none can be switched off. */
export const Limits = z.strictObject({
  /** Iterations in all. */
  iterations: z.number().int().min(1).max(500),
  /** Wall clock of one worker, minutes. */
  iterationMinutes: minutes(24 * 60),
  /** Wall clock of the loop from opening to end, minutes. */
  loopMinutes: minutes(30 * 24 * 60),
  /** Failures in a row that are not the work's fault: a worker that cannot start, a check that cannot run. */
  infrastructureFailures: z.number().int().min(1).max(100),
  /** Tokens in and out, where the backend reports them. */
  tokens: z.number().int().positive().optional(),
  /** US dollars, where the backend reports them. */
  costUsd: z.number().positive().optional(),
});
export type Limits = z.infer<typeof Limits>;

export const defaultLimits: Limits = {
  iterations: 10,
  iterationMinutes: 30,
  loopMinutes: 240,
  infrastructureFailures: 3,
};

/** What a loop has spent. Absent usage is unknown, never zero. */
export const Spent = z.strictObject({
  iterations: z.number().int().nonnegative(),
  infrastructureFailures: z.number().int().nonnegative(),
  usage: Usage,
});
export type Spent = z.infer<typeof Spent>;

export const nothingSpent: Spent = { iterations: 0, infrastructureFailures: 0, usage: {} };

export function charge(spent: Spent, usage: Usage): Spent {
  return { ...spent, usage: addUsage(spent.usage, usage) };
}

/** Which limit forbids another iteration, in words, or undefined. */
export function exhausted(limits: Limits, spent: Spent, openedAt: number, now: number): string | undefined {
  if (spent.infrastructureFailures >= limits.infrastructureFailures) {
    return `${spent.infrastructureFailures} failures in a row that are not the work's fault`;
  }
  if (spent.iterations >= limits.iterations) return `all ${limits.iterations} iterations are used`;
  if (now - openedAt >= limits.loopMinutes * 60_000)
    return `the loop's ${limits.loopMinutes} minutes are over`;
  return usedUp(limits, spent.usage);
}

/** Which limit of what a backend reports is reached, in words, or undefined. What nobody reports is never reached. */
export function usedUp(limits: Limits, usage: Usage): string | undefined {
  const { inputTokens = 0, outputTokens = 0, costUsd = 0 } = usage;
  if (limits.tokens !== undefined && inputTokens + outputTokens >= limits.tokens) {
    return `all ${limits.tokens} tokens are used`;
  }
  if (limits.costUsd !== undefined && costUsd >= limits.costUsd)
    return `all ${limits.costUsd} US dollars are spent`;
  return undefined;
}
