import type { InfrastructureClass } from './run.ts';
import type { QuietLevel } from './stall.ts';
import type { Worker } from './worker.ts';

/** What is observed of a worker's run, by whoever asks. */
export interface Observed {
  /** The run exists and its command was seen. */
  readonly running: boolean;
  readonly startedAt?: number | undefined;
  /** When it last said something. */
  readonly heardAt?: number | undefined;
  /** The answer it waits for, in words. */
  readonly waitingFor?: string | undefined;
  /** Its program does nothing but ask its service again, which fails so. */
  readonly retrying?: InfrastructureClass | undefined;
  /** A command it started after its last word still runs, since then. */
  readonly toolSince?: number | undefined;
  /** All its processes are stopped (SIGSTOP). */
  readonly suspended?: boolean | undefined;
}

/** The rung of the stall ladder that was reached; `nudged`: the first one, and it was asked whether it is there. */
type Level = QuietLevel | 'nudged' | undefined;

/** How a worker is, computed whenever somebody asks and never stored. */
export type Health =
  | { readonly is: 'starting' | 'working' | 'suspended' }
  | { readonly is: 'silent'; readonly since: number; readonly level?: Level }
  | {
      readonly is: 'waiting';
      readonly for: string;
      readonly since?: number;
      readonly level?: Level;
    }
  | { readonly is: 'stopping'; readonly acknowledged: boolean }
  | { readonly is: 'ended'; readonly cause: string; readonly left: readonly string[] };

/** Shorter than this, silence is how everybody works, milliseconds. */
const silenceMs = 30_000;

export function healthOfWorker(worker: Worker, seen: Observed, now: number): Health {
  if (worker.state === 'ended')
    return { is: 'ended', cause: causeOf(worker), left: worker.end?.survivors.slice(0, 3) ?? [] };
  if (worker.stop) return { is: 'stopping', acknowledged: worker.stop.acknowledgedAt !== undefined };
  if (!seen.running) return { is: 'starting' };
  if (seen.suspended) return { is: 'suspended' };
  if (seen.waitingFor !== undefined) return { is: 'waiting', for: seen.waitingFor };
  const since = Math.max(seen.heardAt ?? 0, seen.startedAt ?? worker.startedAt);
  const level = levelOf(worker, since);
  if (seen.retrying) return { is: 'waiting', for: `its service (${seen.retrying})`, since, level };
  if (now - since < silenceMs) return { is: 'working' };
  if (seen.toolSince !== undefined)
    return { is: 'waiting', for: `a command it runs since ${time(seen.toolSince)}` };
  return { is: 'silent', since, level };
}

function levelOf({ quiet }: Worker, since: number): Level {
  if (!quiet || since > quiet.at) return undefined;
  return quiet.level === 'noted' && quiet.nudged ? 'nudged' : quiet.level;
}

/** One line of it, for people and models. */
export function healthLine(health: Health, now: number): string {
  switch (health.is) {
    case 'silent':
      return `silent${since(health, now)}`;
    case 'waiting':
      return `waiting for ${health.for}${since(health, now)}`;
    case 'stopping':
      return health.acknowledged ? 'stopping, it knows' : 'stopping';
    case 'ended':
      return `ended: ${health.cause}${health.left.length > 0 ? `; still there: ${health.left.join(', ')}` : ''}`;
    default:
      return health.is;
  }
}

function causeOf({ end }: Worker): string {
  if (!end) return 'unknown';
  const { cause, exitCode, signal } = end.run;
  if (end.infrastructure) return end.infrastructure.class;
  if (cause === 'exited') return `exit code ${exitCode ?? 'unknown'}`;
  return cause === 'signalled' ? `signal ${signal ?? 'unknown'}` : cause.replace('_', ' ');
}

function since(spell: { since?: number; level?: Level }, now: number): string {
  if (spell.since === undefined) return '';
  const level = spell.level === undefined ? '' : `, ${spell.level.replace('_', ' ')}`;
  return ` since ${time(spell.since)} (${Math.round((now - spell.since) / 1_000)} s)${level}`;
}

/** Of the day, in UTC: `14:03:22Z`. */
const time = (at: number) => `${new Date(at).toISOString().slice(11, 19)}Z`;
