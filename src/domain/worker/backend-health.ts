import * as z from 'zod';
import { type InfrastructureClass, infrastructureClasses } from './run.ts';

const minute = 60_000;

/** So many failures within the window, and a backend rests. */
export const mostFailures = 3;
const windowMs = 10 * minute;
/** The first rest; each one after a trial that failed is twice as long, up to the longest. */
const firstRestMs = 5 * minute;
const longestRestMs = 60 * minute;
/** Nobody starts a backend this soon after it failed somebody. */
const coolDownMs = 2_000;

const Failure = z.strictObject({
  at: z.number().int(),
  class: z.enum(infrastructureClasses),
  /** Foreign text. */
  text: z.string().max(500),
});

/** How a kind of worker CLI has done lately, for all loops of the yard. One without a record is well. */
export const BackendHealth = z.strictObject({
  /** The newest failures since it last worked, oldest first. */
  failures: z.array(Failure).max(mostFailures),
  /** It is skipped until then; afterwards one worker may try it (half-open) before all may. */
  restsUntil: z.number().int().optional(),
  /** Why it rests, in our words. */
  reason: z.string().max(500).optional(),
  /** Rests in a row. */
  rests: z.number().int().nonnegative(),
});
export type BackendHealth = z.infer<typeof BackendHealth>;

/** What is known of a backend, or nothing. */
export function healthOf(
  yard: { readonly backends: Readonly<Record<string, BackendHealth>> },
  backend: string,
): BackendHealth | undefined {
  return Object.hasOwn(yard.backends, backend) ? yard.backends[backend] : undefined;
}

const backend = z.string().max(60);

export const backendEvents = [
  z.strictObject({ type: z.literal('backend.failed'), backend, ...Failure.omit({ at: true }).shape }),
  /** It is left alone until then. */
  z.strictObject({
    type: z.literal('backend.rested'),
    backend,
    until: z.number().int(),
    reason: z.string().max(500),
  }),
  /** It did what it is for, or a person says that it will. */
  z.strictObject({ type: z.literal('backend.recovered'), backend }),
] as const;
export type BackendEvent = z.infer<(typeof backendEvents)[number]>;

export function applyToBackend(
  health: BackendHealth | undefined,
  event: BackendEvent,
  at: number,
): BackendHealth | undefined {
  const before = health ?? { failures: [], rests: 0 };
  switch (event.type) {
    case 'backend.failed': {
      const failure = { at, class: event.class, text: event.text };
      return { ...before, failures: [...before.failures, failure].slice(-mostFailures) };
    }
    case 'backend.rested':
      return { ...before, restsUntil: event.until, reason: event.reason, rests: before.rests + 1 };
    case 'backend.recovered':
      return undefined;
  }
}

/** May a worker be started on it now? `later`: not before then. `trial`: one alone, to see whether it works again. */
export type Fitness =
  | { readonly is: 'well' }
  | { readonly is: 'trial' }
  | { readonly is: 'later'; readonly until: number; readonly why: string };

/** `busy`: workers of this backend that have not ended. */
export function fitness(health: BackendHealth | undefined, busy: number, now: number): Fitness {
  if (!health) return { is: 'well' };
  const { restsUntil, reason = '' } = health;
  if (restsUntil !== undefined) {
    if (now < restsUntil) return { is: 'later', until: restsUntil, why: reason };
    if (busy > 0) return { is: 'later', until: now + coolDownMs, why: 'another worker tries it first' };
    return { is: 'trial' };
  }
  const lastFailure = health.failures.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  if (now < lastFailure + coolDownMs)
    return { is: 'later', until: lastFailure + coolDownMs, why: 'it has just failed' };
  return { is: 'well' };
}

/** One line about a backend that is not simply well. */
export function healthWords({ failures, restsUntil, reason = '' }: BackendHealth, now: number): string {
  const last = failures.at(-1);
  const times = `${failures.length} ${failures.length === 1 ? 'failure' : 'failures'} lately`;
  if (restsUntil === undefined) return last ? `${times}, last with ${last.class}` : 'well';
  if (now >= restsUntil) return `rested, the next worker tries it: ${reason}`;
  return `rests until ${new Date(restsUntil).toISOString()}: ${reason}`;
}

/** Until when a backend that has just failed once more rests, or undefined while it need not. */
export function restAfter(
  health: BackendHealth | undefined,
  kind: InfrastructureClass,
  now: number,
): number | undefined {
  const { failures = [], rests = 0, restsUntil } = health ?? {};
  const recent = failures.filter(({ at }) => now - at < windowMs).length + 1;
  const wasTrial = restsUntil !== undefined;
  if (!wasTrial && kind !== 'authentication' && recent < mostFailures) return undefined;
  return now + Math.min(firstRestMs * 2 ** rests, longestRestMs);
}
