import { healthOf, restAfter } from '../../domain/worker/backend-health.ts';
import { commandBackend } from '../../domain/worker/choice.ts';
import { turnsAway } from '../../domain/worker/reaction.ts';
import { hasActed, type InfrastructureClass, type RunEnd } from '../../domain/worker/run.ts';
import {
  type QuietLevel,
  quietLevels,
  quietSince,
  rungDue,
  rungMs,
  type Signs,
} from '../../domain/worker/stall.ts';
import { answerAwaited, patienceMs, retryOf } from '../../domain/worker/waiting.ts';
import type { Worker } from '../../domain/worker/worker.ts';
import type { Yard } from '../../domain/yard.ts';
import type { RunActivity } from '../../ports/processes.ts';
import type { Runtime } from '../runtime.ts';
import { nudge } from './words.ts';

type Rt = Pick<Runtime, 'store' | 'actor' | 'processes' | 'clock' | 'config' | 'backends' | 'log'>;

/** A tree that uses this share of one processor works; a program that waits for an answer uses less. */
const busyShare = 0.05;
/** A worker that has printed nothing at all after so long counts against its backend, milliseconds. */
const unheardMs = 30_000;
/** What a worker started so shortly before its last word was started by that word, milliseconds: lines come late. */
const slackMs = 2_000;

interface Watched {
  /** Looked at since then, without a gap. */
  readonly since: number;
  cpu?: { readonly ms: number; readonly at: number };
  busyAt?: number;
  changedAt?: number;
  toolSince?: number | undefined;
  /** Its service has sent it away since then, and it asks again. */
  refusedSince?: number | undefined;
}

/** A worker is to be ended: as what, and why in words. */
export type Verdict = Pick<RunEnd, 'cause' | 'detail'>;

/**
 * Watches over the workers of a yard: who is quiet or sent away by its service, for how long, and what follows from it
 * (domain/worker/stall.ts, waiting.ts).
 *
 * What was seen of a worker's processes is kept in memory only. A keeper that starts, or wakes up from sleep, begins
 * anew, so it judges nobody by what happened while it did not look. What was *done* about a quiet worker is recorded.
 */
export class Vigil {
  readonly #watched = new Map<string, Watched>();

  /** Time has passed in which nobody looked. */
  startAnew(): void {
    this.#watched.clear();
  }

  /** Looks at a running worker once. Answers only if it is to be ended for its silence, or for its vain tries. */
  async look(rt: Rt, worker: Worker, activity: RunActivity): Promise<Verdict | undefined> {
    const now = rt.clock.now();
    const periodMs = rt.config.stall_minutes * 60_000;
    const heardAt = activity.heardAt ?? activity.lastOutputAt;
    const { quiet } = worker;
    // Decided, and the keeper that decided it came no further.
    if (quiet?.level === 'given_up' && (heardAt ?? 0) <= quiet.at)
      return stalled(activity, now - quiet.since);
    const watched = this.#watchedFor(worker, now);
    const yard = await rt.store.read();
    await this.#noteUnheard(rt, yard, worker, activity, now);
    if (answerAwaited(yard, worker.id) !== undefined) {
      this.#watched.set(worker.id, { since: now });
      return undefined;
    }
    const retry = retryOf(activity.facts);
    const patience = retry && patienceMs(retry.class, periodMs, mayTurnAway(yard, worker, retry.class, now));
    if (patience !== undefined) {
      const refusedSince = Math.max(watched.refusedSince ?? now, heardAt ?? 0);
      this.#watched.set(worker.id, { since: now, refusedSince });
      const waitedMs = now - refusedSince;
      // The newest try may have gone through, and its answer take long: within a period only a later try tells.
      const triedMs = waitedMs >= periodMs ? waitedMs : (activity.lastOutputAt ?? now) - refusedSince;
      return triedMs >= patience ? { cause: 'kept_waiting', detail: triedFor(waitedMs) } : undefined;
    }
    watched.refusedSince = undefined;
    const signs = (): Signs => ({
      startedAt: activity.startedAt,
      watchedSince: watched.since,
      heardAt,
      busyAt: watched.busyAt,
      changedAt: watched.changedAt,
      toolSince: watched.toolSince,
    });
    const due = () => {
      const since = quietSince(signs(), now, periodMs);
      const mayEnd = worker.backend !== commandBackend || activity.bytes > 0;
      const everyMs = rungMs(periodMs, !isIdle(rt, worker, activity, watched));
      return { since, level: rungDue(quiet, since, now, { everyMs, mayEnd }) };
    };
    if (now - quietSince(signs(), now, periodMs) >= periodMs / 5)
      await feelPulse(rt, worker, activity, watched, now, periodMs);
    if (due().level === undefined) return undefined;
    // Before anything follows from it, the costly look as well.
    const changed = await rt.processes.lastChange(worker.id);
    if (changed !== undefined && changed <= now) watched.changedAt = changed;
    const { since, level } = due();
    if (level === undefined) return undefined;
    await noteQuiet(rt, worker, level, since, now);
    return level === 'given_up' ? stalled(activity, now - since) : undefined;
  }

  /** For how long this one has been looked at without a gap, milliseconds. */
  watchedMs(rt: Pick<Rt, 'clock'>, worker: Worker): number {
    const now = rt.clock.now();
    return now - this.#watchedFor(worker, now).since;
  }

  #watchedFor({ id }: Worker, now: number): Watched {
    const known = this.#watched.get(id);
    if (known) return known;
    // Those that are gone need no memory.
    if (this.#watched.size > 1_000) this.#watched.clear();
    const fresh = { since: now };
    this.#watched.set(id, fresh);
    return fresh;
  }

  /** Nothing at all within 30 s is no reason to end it, and says something about its backend. */
  async #noteUnheard(rt: Rt, yard: Yard, worker: Worker, activity: RunActivity, now: number): Promise<void> {
    if (rt.backends.get(worker.backend)?.tellsAtEnd || worker.unheard || activity.bytes > 0) return;
    if (now - activity.startedAt < unheardMs) return;
    const text = 'It printed nothing at all within 30 s.';
    const until = restAfter(healthOf(yard, worker.backend), 'hang', now);
    await rt.store.transact(rt.actor, (tx) => {
      const current = tx.yard.workers[worker.id];
      if (!current || current.state === 'ended' || current.unheard) return;
      tx.record({ type: 'worker.unheard', id: worker.id });
      tx.record({ type: 'backend.failed', backend: worker.backend, class: 'hang', text });
      if (until !== undefined)
        tx.record({ type: 'backend.rested', backend: worker.backend, until, reason: text });
    });
  }
}

/** A reviewer is no part of what its loop turns away from. */
function mayTurnAway(yard: Yard, worker: Worker, kind: InfrastructureClass, now: number): boolean {
  const loop = yard.loops[worker.loop];
  return loop !== undefined && !worker.role && turnsAway(yard, loop, worker.backend, kind, now);
}

function stalled({ facts }: RunActivity, quietMs: number): Verdict {
  const detail = retryOf(facts)
    ? triedFor(quietMs)
    : `It gave no sign of life for ${seconds(quietMs)} and was ended.`;
  return { cause: 'stalled', detail };
}

const triedFor = (ms: number) => `It did nothing but try again for ${seconds(ms)} and was ended.`;
const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;

/** It has certainly done nothing yet: its backend would have told, and its processes are seen and run no command. */
function isIdle(rt: Rt, { backend }: Worker, { facts }: RunActivity, { cpu, toolSince }: Watched): boolean {
  if (cpu === undefined || toolSince !== undefined) return false;
  return !rt.backends.get(backend)?.tellsAtEnd && !hasActed(facts);
}

/**
 * Is a process a command that the worker's last word was about? Not what a program that has done nothing yet brought up
 * with itself, however soon after that it spoke.
 */
export function startedByWord(
  youngestAt: number | undefined,
  { heardAt, facts }: Pick<RunActivity, 'heardAt' | 'facts'>,
): boolean {
  if (youngestAt === undefined || heardAt === undefined) return false;
  return youngestAt >= heardAt - (hasActed(facts) ? slackMs : 0);
}

async function feelPulse(
  rt: Rt,
  worker: Worker,
  activity: RunActivity,
  watched: Watched,
  now: number,
  periodMs: number,
): Promise<void> {
  const isFresh = watched.cpu !== undefined && now - watched.cpu.at < Math.min(5_000, periodMs / 5);
  if (isFresh) return;
  const vitals = await rt.processes.vitals(worker.id);
  if (!vitals) return;
  const { cpu } = watched;
  if (cpu && vitals.cpuMs - cpu.ms >= busyShare * (now - cpu.at)) watched.busyAt = now;
  watched.cpu = { ms: vitals.cpuMs, at: now };
  const isTool = startedByWord(vitals.youngestAt, activity) && !vitals.suspended;
  watched.toolSince = isTool ? vitals.youngestAt : undefined;
}

/** The first rung asks, where that can be done; otherwise it is noted all the same, so that it shows. */
async function noteQuiet(
  rt: Rt,
  quiet: Worker,
  level: QuietLevel,
  since: number,
  now: number,
): Promise<void> {
  const minutes = Math.max(1, Math.round((now - since) / 60_000));
  const { id } = quiet;
  // The question first: should we die now, whoever comes next watches for a whole period before it asks anew.
  const nudged = level === 'noted' && (await nudge(rt, quiet, since, minutes));
  const reason = `no sign of life for ${minutes} min${nudged ? '; it was asked whether it is there' : ''}`;
  if (level !== 'noted') rt.log('warn', 'a worker is quiet', { worker: id, level, reason });
  await rt.store.transact(rt.actor, (tx) => {
    const worker = tx.yard.workers[id];
    if (!worker || worker.state === 'ended') return;
    const reached = worker.quiet && since <= worker.quiet.at ? quietLevels.indexOf(worker.quiet.level) : -1;
    if (quietLevels.indexOf(level) > reached)
      tx.record({ type: 'worker.quiet', id, level, since, ...(nudged ? { nudged } : {}), reason });
  });
}
