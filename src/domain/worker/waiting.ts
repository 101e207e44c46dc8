import type { Yard } from '../yard.ts';
import type { Fact, InfrastructureClass } from './run.ts';

type Retrying = Extract<Fact, { type: 'retrying' }>;

/** Whom a worker has asked and waits for, in words. */
export function answerAwaited(yard: Yard, worker: string): string | undefined {
  const open = Object.values(yard.questions).find((one) => one.worker === worker && one.state === 'open');
  return open && `an answer to ${open.id}`;
}

/**
 * Facts that leave it open whether a program got further: echoes of what it was told, and what some tell in their last
 * line when they are ended in the middle of their tries.
 */
const beside: readonly Fact['type'][] = ['session', 'word', 'usage', 'denied'];

/** What a program tries again by itself, or undefined when it has said or done something since. */
export function retryOf(facts: readonly Fact[]): Retrying | undefined {
  const newest = facts.findLast(({ type }) => !beside.includes(type));
  return newest?.type === 'retrying' ? newest : undefined;
}

/** What no further try can mend. A login that is being renewed gets so long, milliseconds. */
const hopeless: readonly InfrastructureClass[] = ['authentication', 'model_unknown'];
const renewalMs = 30_000;

/** The service answers and sends it away: to wait for that is no silence. */
const refusals: readonly InfrastructureClass[] = ['rate_limit', 'quota', 'overloaded'];
/** Stall periods that a program may try again after refusals. */
const refusedPeriods = { elsewhere: 1, nowhereElse: 3 };

/**
 * For how long a program may ask its service again and again, milliseconds; shorter when its loop would go on
 * `elsewhere`. Undefined where nobody answers it: that is silence like any other.
 */
export function patienceMs(
  kind: InfrastructureClass,
  periodMs: number,
  elsewhere: boolean,
): number | undefined {
  if (hopeless.includes(kind)) return Math.min(renewalMs, periodMs);
  if (!refusals.includes(kind)) return undefined;
  return periodMs * (elsewhere ? refusedPeriods.elsewhere : refusedPeriods.nowhereElse);
}
