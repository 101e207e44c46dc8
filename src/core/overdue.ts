import type { Clock } from '../ports/clock.ts';

/** The longest time between two looks that counts, milliseconds: more is sleep, in which nothing ran. */
const mostStepMs = 2_000;
/** What a shim may take beyond the time limit to start, to end what it runs, and to say so, milliseconds. */
const marginMs = 60_000;

/**
 * Tells at each look whether a run should have ended long ago. Its shim keeps the time limit; this is for a shim that
 * cannot, because it was stopped (SIGSTOP) or hangs on a broken disk: otherwise its keeper would wait for ever. Only time
 * in which somebody looked counts.
 */
export function overdue(clock: Pick<Clock, 'now'>, timeoutMs: number): () => boolean {
  let last = clock.now();
  let looked = 0;
  return () => {
    const now = clock.now();
    looked += Math.max(0, Math.min(now - last, mostStepMs));
    last = now;
    return looked > timeoutMs + marginMs;
  };
}
