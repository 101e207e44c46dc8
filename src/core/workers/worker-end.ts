import { addUsage, type Fact, hasActed, type RunEnd, type Usage } from '../../domain/worker/run.ts';
import { retryOf } from '../../domain/worker/waiting.ts';
import type { WorkerEnd } from '../../domain/worker/worker.ts';
import type { Survivors } from '../../ports/processes.ts';
import { plain, shorten } from '../fence.ts';

/** A worker that is gone this soon and left nothing behind did not work: milliseconds. */
const rapidDeathMs = 15_000;

/** How a worker's turn went, from how its run ended and what its backend reported. Pure. */
export function workerEnd(run: RunEnd, facts: readonly Fact[], survivors: Survivors): WorkerEnd {
  const usage = usageIn(facts);
  const said = facts.findLast((fact) => fact.type === 'finished' || fact.type === 'said');
  const session = facts.find((fact) => fact.type === 'session');
  const infrastructure = infrastructureOf(run, facts);
  return {
    run,
    usage,
    ...(said ? { said: shorten(plain(said.text), 1_900, 'tail') } : {}),
    ...(session ? { session: session.id } : {}),
    ...(hasActed(facts) ? { acted: true as const } : {}),
    ...(infrastructure ? { infrastructure } : {}),
    denied: facts
      .flatMap((fact) => (fact.type === 'denied' ? [shorten(plain(fact.what), 150)] : []))
      .slice(0, 20),
    survivors: [
      ...new Set([...(run.survivors ?? []), ...survivors.map(({ pid, name }) => `${pid} ${name}`)]),
    ],
  };
}

/** What a backend told of what was used, so far. */
export function usageIn(facts: readonly Fact[]): Usage {
  return facts.reduce<Usage>((sum, fact) => (fact.type === 'usage' ? addUsage(sum, fact.usage) : sum), {});
}

/**
 * A worker that did nothing until its time was over, or was gone within 15 s, did not fail at the work. For one that
 * changed nothing; of a plain command, whose deeds nobody reports, only silence and a failing exit say as much. Pure.
 */
export function idleEnd(
  { run, acted, infrastructure }: WorkerEnd,
  tellsFacts: boolean,
): WorkerEnd['infrastructure'] {
  if (infrastructure || acted) return undefined;
  const seconds = Math.ceil((run.endedAt - run.startedAt) / 1_000);
  if (tellsFacts && run.cause === 'timed_out')
    return { class: 'hang', text: `Its time was over after ${seconds} s, and it had done nothing.` };
  if (run.endedAt - run.startedAt >= rapidDeathMs) return undefined;
  if (run.cause !== 'exited' && run.cause !== 'signalled') return undefined;
  if (!tellsFacts && (run.bytes > 0 || run.exitCode === 0)) return undefined;
  const how =
    run.exitCode === undefined ? `by ${run.signal ?? 'a signal'}` : `with exit code ${run.exitCode}`;
  return { class: 'other', text: `It was gone after ${seconds} s, ${how}, and had done nothing.` };
}

/** Of one that is ended for what it does not do, its own tries tell why better than its silence. */
const endedByUs: readonly RunEnd['cause'][] = ['stalled', 'kept_waiting', 'timed_out'];

function infrastructureOf(run: RunEnd, facts: readonly Fact[]): WorkerEnd['infrastructure'] {
  const fatals = facts.filter((fact) => fact.type === 'fatal');
  const last = fatals.at(-1);
  if (last) {
    // A backend may say in one line when the limit ends, and give up in the next.
    const resetAt = fatals.findLast((fatal) => fatal.resetAt !== undefined)?.resetAt;
    const text = shorten(plain(last.text), 450);
    return { class: last.class, text, ...(resetAt === undefined ? {} : { resetAt }) };
  }
  const retry = endedByUs.includes(run.cause) ? retryOf(facts) : undefined;
  if (retry) {
    const detail = run.detail ?? 'It tried again until it was ended.';
    return { class: retry.class, text: shorten(`${detail} It said: ${plain(retry.text)}`, 450) };
  }
  if (run.cause === 'not_started') return { class: 'other', text: run.detail ?? 'It could not be started.' };
  if (run.cause === 'kept_waiting') return { class: 'other', text: run.detail ?? 'It was kept waiting.' };
  if (run.cause === 'stalled') return { class: 'hang', text: run.detail ?? 'It gave no sign of life.' };
  if (run.cause === 'lost') return { class: 'other', text: run.detail ?? 'It was lost.' };
  if (
    run.cause === 'exited' &&
    (run.exitCode === 126 || run.exitCode === 127) &&
    run.endedAt - run.startedAt < rapidDeathMs
  ) {
    return {
      class: 'other',
      text: `It ended at once with exit code ${run.exitCode}: its program was not found.`,
    };
  }
  return undefined;
}
