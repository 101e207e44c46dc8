import type { Worker, WorkerEnd } from './worker.ts';

/** Milliseconds between asking a process tree to end and ending it, after the worker's own grace is over. */
export const termGraceMs = 5_000;

/** Where the end of a worker stands, in words: a request it can see, its grace, SIGTERM, SIGKILL, the proof. Pure. */
export function stopPhase({ state, stop, end }: Worker, now: number): string {
  if (state === 'ended') return end ? proof(end) : 'ended';
  if (!stop) return 'works';
  const graceMs = stop.at + stop.graceMs - now;
  if (graceMs > 0) {
    const heard = stop.acknowledgedAt === undefined ? 'asked' : 'acknowledged';
    return `${heard}, ${seconds(graceMs)} of grace left`;
  }
  const termMs = stop.graceMs === 0 ? 0 : graceMs + termGraceMs;
  return termMs > 0 ? `SIGTERM, ${seconds(termMs)} until SIGKILL` : 'SIGKILL';
}

/** What of its process tree is left, as far as anybody can find. */
export function proof({ survivors }: Pick<WorkerEnd, 'survivors'>): string {
  const names = survivors.length > 0 ? `: ${survivors.slice(0, 5).join(', ')}` : '';
  return `${survivors.length} ${survivors.length === 1 ? 'process' : 'processes'} left${names}`;
}

const seconds = (ms: number) => `${Math.ceil(ms / 1_000)} s`;
