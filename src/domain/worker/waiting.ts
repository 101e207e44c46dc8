import type { Yard } from '../yard.ts';
import type { Fact, InfrastructureClass } from './run.ts';

type Retrying = Extract<Fact, { type: 'retrying' }>;

/** Whom a worker has asked and waits for, in words. */
export function answerAwaited(yard: Yard, worker: string): string | undefined {
  const open = Object.values(yard.questions).find((one) => one.worker === worker && one.state === 'open');
  return open && `an answer to ${open.id}`;
}

/**
 * What a program tries again by itself, or undefined when it has said or done something since. What it used and what it
 * was refused does not count: some tell that in their last line, when they are ended in the middle of their tries.
 */
export function retryOf(facts: readonly Fact[]): Retrying | undefined {
  const newest = facts.findLast(({ type }) => type !== 'session' && type !== 'usage' && type !== 'denied');
  return newest?.type === 'retrying' ? newest : undefined;
}

/** The service answers and sends it away: to wait for that is no silence. */
export function isRefusal(kind: InfrastructureClass): boolean {
  return kind === 'rate_limit' || kind === 'quota' || kind === 'overloaded';
}

/** Periods that a program may try again after refusals before it is ended. */
const refusedPeriods = { elsewhere: 1, nowhereElse: 3 };

/** For how long a program may wait for its service; shorter when its loop would go on `elsewhere`. Milliseconds. */
export function patienceMs(periodMs: number, elsewhere: boolean): number {
  return periodMs * (elsewhere ? refusedPeriods.elsewhere : refusedPeriods.nowhereElse);
}
