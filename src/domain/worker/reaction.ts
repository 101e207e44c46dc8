import type { YardEvent } from '../events.ts';
import type { Bar, Hold, Loop } from '../loop.ts';
import type { Yard } from '../yard.ts';
import { healthOf, restAfter } from './backend-health.ts';
import { chooseBackend, commandBackend, remedy } from './choice.ts';
import type { InfrastructureClass } from './run.ts';
import type { WorkerEnd } from './worker.ts';

const minute = 60_000;
/** A backend that did not work is left alone by its loop for so long, milliseconds. */
const whileMs = 30 * minute;
/** All loops that wait for one limit must not come back in the same second: milliseconds at most. */
const jitterMs = 30_000;
/** No back-off is longer, milliseconds. */
const longestBackOffMs = 5 * minute;

interface Rule {
  /** After so many failures in a row of the loop, its next backend is tried. */
  readonly leaveAfter: number;
  /** For how long the loop leaves the backend alone then. `for_good`: until a person lets it go on. */
  readonly bar: 'for_good' | 'until_reset' | 'for_a_while';
  /** Another loop would meet the same: it counts against the backend. */
  readonly counts: boolean;
  /** Times the usual back-off: most limits are counted by the minute, and a service that is down is so for a while. */
  readonly slower?: number;
}

/** What each class of failure that is not the work's fault leads to. */
export const rules: Record<InfrastructureClass, Rule> = {
  authentication: { leaveAfter: 1, bar: 'for_good', counts: true },
  model_unknown: { leaveAfter: 1, bar: 'for_good', counts: false },
  quota: { leaveAfter: 1, bar: 'until_reset', counts: true },
  rate_limit: { leaveAfter: 1, bar: 'until_reset', counts: true, slower: 30 },
  overloaded: { leaveAfter: 2, bar: 'for_a_while', counts: true, slower: 5 },
  network: { leaveAfter: 2, bar: 'for_a_while', counts: true, slower: 5 },
  hang: { leaveAfter: 1, bar: 'for_a_while', counts: true },
  other: { leaveAfter: 1, bar: 'for_a_while', counts: true },
  // The next worker starts with an empty memory anyway.
  context_too_long: { leaveAfter: 2, bar: 'for_a_while', counts: false },
};

export interface Reaction {
  /** The loop leaves this backend alone. */
  readonly bar?: Bar;
  /** Milliseconds since 1970: back-off before the same is tried again. */
  readonly notBefore?: number;
  readonly hold?: Omit<Hold, 'since'>;
  /** What all loops of the yard learn about the backend. */
  readonly news: readonly YardEvent[];
}

/**
 * What follows from a failure that is not the work's fault: another backend at once, or a wait until the limit is over,
 * or a back-off, or, after too many in a row, a hold that says what a person must mend. Pure: `chance` is a number from
 * 0 to 1.
 */
export function reactionTo(
  yard: Yard,
  loop: Loop,
  backend: string,
  failure: NonNullable<WorkerEnd['infrastructure']>,
  { now, chance, backOffMs }: { now: number; chance: number; backOffMs: number },
): Reaction {
  const rule = rules[failure.class];
  const resetAt =
    failure.resetAt === undefined
      ? undefined
      : Math.max(now, failure.resetAt) + Math.round(chance * jitterMs);
  const news = newsOf(yard, backend, failure, resetAt, now);
  const waitMs = Math.min(backOffMs * (rule.slower ?? 1), longestBackOffMs);
  const bar = barOf(rule, backend, failure, resetAt, { now, waitMs });
  const failures = loop.spent.infrastructureFailures + 1;
  if (failures >= loop.limits.infrastructureFailures) {
    return { bar, news, hold: { kind: 'backend', reason: lastStraw(loop, failures, bar, now) } };
  }
  if (turnsAway(yard, loop, backend, failure.class, now)) return { bar, news };
  if (rule.bar === 'for_good') return { bar, news };
  if (resetAt !== undefined && rule.bar === 'until_reset') {
    const hold = { kind: 'rate_limited' as const, reason: failure.text, until: resetAt };
    return { news, hold };
  }
  // Nobody said that it ends by itself: somebody has to top it up.
  if (failure.class === 'quota') {
    const reason = `${remedy('quota', backend)} It said: ${failure.text}`;
    return { bar, news, hold: { kind: 'backend', reason } };
  }
  return { news, notBefore: now + waitMs };
}

/** Would a loop whose worker fails so now go on with another backend, because there is one that may work? */
export function turnsAway(
  yard: Yard,
  loop: Loop,
  backend: string,
  kind: InfrastructureClass,
  now: number,
): boolean {
  if (loop.spent.infrastructureFailures + 1 < rules[kind].leaveAfter) return false;
  // In front of an older bar of the same backend, which may be over.
  const barred = [{ backend, class: kind, text: '' }, ...(loop.barred ?? [])];
  return 'use' in chooseBackend(yard, { ...loop, barred }, now);
}

/** It gives up, and says of each backend that it leaves alone now what a person can do. */
function lastStraw({ barred = [] }: Loop, failures: number, last: Bar, now: number): string {
  const others = barred.filter(
    ({ backend, until }) => backend !== last.backend && (until === undefined || now < until),
  );
  const remedies = [last, ...others].map((bar) => remedy(bar.class, bar.backend)).join(' ');
  const count = `${failures} failures in a row that are not the work's fault.`;
  return `${count} ${remedies} The last: ${last.text}`.slice(0, 2_000);
}

function barOf(
  { bar }: Rule,
  backend: string,
  { class: kind, text }: NonNullable<WorkerEnd['infrastructure']>,
  resetAt: number | undefined,
  { now, waitMs }: { now: number; waitMs: number },
): Bar {
  const about = { backend, class: kind, text };
  if (bar === 'for_good') return about;
  const untilReset = resetAt ?? now + (kind === 'quota' ? whileMs : waitMs);
  return { ...about, until: bar === 'until_reset' ? untilReset : now + whileMs };
}

/** One's own command line failing says nothing about another loop's. */
function newsOf(
  yard: Yard,
  backend: string,
  { class: kind, text }: NonNullable<WorkerEnd['infrastructure']>,
  resetAt: number | undefined,
  now: number,
): readonly YardEvent[] {
  if (backend === commandBackend || !rules[kind].counts) return [];
  const failed = { type: 'backend.failed' as const, backend, class: kind, text };
  const until = resetAt ?? restAfter(healthOf(yard, backend), kind, now);
  if (until === undefined) return [failed];
  const reason = resetAt === undefined ? `it failed, last with ${kind}` : `its limit (${kind}) is reached`;
  return [failed, { type: 'backend.rested', backend, until, reason }];
}
