import { type Loop, preferences } from '../loop.ts';
import type { Yard } from '../yard.ts';
import { fitness, healthOf } from './backend-health.ts';
import type { InfrastructureClass } from './run.ts';

/** The backend that is the user's own command line: two loops that use it have nothing in common. */
export const commandBackend = 'command';

/** Which backend the next worker of a loop gets, or why none now. */
export type Choice =
  | { readonly use: string }
  | { readonly until: number; readonly why: string }
  /** None, until a person has mended something. */
  | { readonly none: string };

/** The first backend of the loop's list that may work now. Pure. */
export function chooseBackend(yard: Yard, loop: Loop, now: number): Choice {
  let soonest: { until: number; why: string } | undefined;
  const reasons: string[] = [];
  for (const backend of preferences(loop)) {
    const later = whyNotNow(yard, loop, backend, now);
    if (later === undefined) return { use: backend };
    if ('for' in later) reasons.push(remedy(later.for, backend));
    else if (!soonest || later.until < soonest.until) {
      soonest = { until: later.until, why: `the backend ${backend} rests: ${later.why}` };
    }
  }
  return soonest ?? { none: reasons.join(' ') };
}

function whyNotNow(
  yard: Yard,
  loop: Loop,
  backend: string,
  now: number,
): { until: number; why: string } | { for: InfrastructureClass } | undefined {
  const bar = loop.barred?.find((one) => one.backend === backend);
  if (bar && bar.until === undefined) return { for: bar.class };
  if (bar?.until !== undefined && now < bar.until) return { until: bar.until, why: bar.class };
  if (backend === commandBackend) return undefined;
  const fit = fitness(healthOf(yard, backend), busyWorkers(yard, backend), now);
  return fit.is === 'later' ? fit : undefined;
}

/** Workers of a backend that have not ended. */
export function busyWorkers(yard: Yard, backend?: string): number {
  return Object.values(yard.workers).filter(
    (worker) => worker.state !== 'ended' && (backend === undefined || worker.backend === backend),
  ).length;
}

/** What is wrong with a backend and what a person has to do about it. */
export function remedy(kind: InfrastructureClass, backend: string): string {
  return sentences[kind].replaceAll('<backend>', backend);
}

const sentences: Record<InfrastructureClass, string> = {
  authentication:
    'The backend <backend> is not logged in, or its credentials were refused: log in with it, then resume.',
  quota: 'The account of the backend <backend> is used up: top it up or wait for its renewal, then resume.',
  rate_limit: 'The backend <backend> is rate limited: resume later, when the limit is over.',
  overloaded: 'The service of the backend <backend> is overloaded: resume later.',
  context_too_long: 'The task does not fit into the model of the backend <backend>: cut it, then resume.',
  model_unknown:
    'The backend <backend> does not know the model, or may not use it: open the loop with another one.',
  network: 'The backend <backend> cannot reach its service: mend the network, then resume.',
  hang: 'The backend <backend> gave no sign of life: see its log, try it by hand, then resume; for a model that is only slow, raise stall_minutes.',
  other: 'The backend <backend> cannot be started, or failed: see its log, mend that, then resume.',
};
