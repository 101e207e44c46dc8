import { existsSync } from 'node:fs';
import path from 'node:path';
import { redact, secretValues } from '../../domain/redaction.ts';
import type { RunEnd } from '../../domain/worker/run.ts';
import type { Reader } from '../../ports/backend.ts';
import type { Clock } from '../../ports/clock.ts';
import { liveness, selfIdentity } from '../identity.ts';
import { startDetached } from './detached-process.ts';
import { memoryKills } from './memory.ts';
import { killTree, namesOf, stopTree } from './process-tree.ts';
import { announceChange } from './run-changes.ts';
import {
  forgetSecrets,
  publishRecord,
  type RunRecord,
  readRecord,
  releaseReserve,
  replaceRecord,
  reserveForEnd,
} from './run-directory.ts';
import { type Started, startCommand } from './shim-command.ts';
import { findStrays } from './strays.ts';

export interface ShimOptions {
  /** Gives a backend's fresh reader, which turns what one run prints into facts. */
  readonly reader: (backend: string) => Reader | undefined;
  readonly clock: Clock;
}

/** The grace of an end that nobody asked for with a grace of his own. */
const defaultGraceMs = 10_000;
/** What is left when the leader is gone was told nothing yet, but has no reason to live either. */
const leftoverGraceMs = 1_000;
/** Seconds, so to speak: one between two tries to write the end. */
const mostTries = 30;

/**
 * The process between us and one command. It outlives whoever started it, and promises: the command runs at most once,
 * its output is bounded, its tree is gone when the run has ended, and the end is in a file.
 *
 * Order: claim, start, record who it is, pump until the first reason to end, stop the tree, drain, write the end, and
 * last make sure that a keeper is there to read it. Killed before the claim: anybody may start another shim. Killed
 * after it: the run is lost, and what it had started is found by the recorded child or by its mark. Killed after the
 * end was written: nothing is missing but perhaps the keeper, whom the next loopyard process starts.
 */
export async function runShim(directory: string, { reader, clock }: ShimOptions): Promise<void> {
  const spec = readRecord(directory, 'spec.json');
  if (!spec) return;
  const asked = whenAsked(directory);
  const shim = selfIdentity();
  const startedAt = clock.now();
  if (!publishRecord(directory, 'claim.json', { by: 'shim', identity: shim, at: startedAt })) {
    return forgetSecrets(directory);
  }
  reserveForEnd(directory);
  const reading = spec.backend === undefined ? undefined : reader(spec.backend);
  const secrets = secretValues({ ...process.env, ...spec.env });
  const killsBefore = memoryKills();
  const started = await startCommand(directory, spec, reading, secrets, clock);
  forgetSecrets(directory);
  if ('failure' in started) {
    const detail = redact(started.failure, secrets).slice(0, 500);
    const end = { cause: 'not_started', detail, startedAt, endedAt: clock.now(), bytes: 0 } as const;
    return finish(directory, spec, end, clock);
  }

  let end: HowItEnded;
  try {
    const child = started.child ? { child: started.child } : {};
    replaceRecord(directory, 'shim.json', { shim, startedAt, ...child });
    announceChange(path.dirname(directory));
    end = await supervise(directory, spec, started, asked, clock);
  } catch (error) {
    const detail = `The shim failed: ${String(error)}`.slice(0, 500);
    end = { cause: 'lost', detail, ...namesOf(await killTree(started.tree, clock)) };
  }
  await within(1_000, started.drained, clock);
  started.close(end.cause === 'exited' ? end.exitCode : undefined);
  const memory = memoryFacts(end, started.peakRssBytes(), killsBefore);
  const whole = { ...end, ...memory, startedAt, endedAt: clock.now(), bytes: started.bytes() };
  return finish(directory, spec, whole, clock);
}

type HowItEnded = Omit<RunEnd, 'startedAt' | 'endedAt' | 'bytes'>;

/**
 * A kill that we did not send, while the system was ending processes for lack of memory, is taken for one of those. It
 * counts for the whole machine, so a command that kills itself in that moment is believed to have been out of memory.
 */
function memoryFacts(
  end: HowItEnded,
  peakRssBytes: number | undefined,
  killsBefore: number | undefined,
): Pick<RunEnd, 'peakRssBytes' | 'outOfMemory'> {
  const killed = end.signal === 'SIGKILL' && (end.cause === 'signalled' || end.cause === 'exited');
  const ranOut = killed && killsBefore !== undefined && (memoryKills() ?? 0) > killsBefore;
  return {
    ...(peakRssBytes === undefined ? {} : { peakRssBytes }),
    ...(ranOut ? { outOfMemory: true as const } : {}),
  };
}

/** The first of exit, stop, time limit and lost directory is the cause; whatever it was, the tree is gone afterwards. */
async function supervise(
  directory: string,
  spec: RunRecord<'spec.json'>,
  { tree, exited }: Started,
  asked: Promise<StopRequest>,
  clock: Clock,
): Promise<HowItEnded> {
  const over = new AbortController();
  const limit = Math.min(spec.timeoutMs, 2 ** 31 - 1);
  const first = await Promise.race([
    exited,
    asked,
    clock.sleep(limit, over.signal).then(() => ({ cause: 'timed_out', graceMs: defaultGraceMs }) as const),
    watchDirectory(directory, clock, over.signal),
  ]);
  over.abort();
  if ('failure' in first) {
    const survivors = await stopTree(tree, leftoverGraceMs, clock);
    const detail = first.detail.slice(0, 500);
    return { cause: first.failure === 'walls' ? 'lost' : 'not_started', detail, ...namesOf(survivors) };
  }
  if (!('graceMs' in first)) {
    const survivors = [...(await stopTree(tree, leftoverGraceMs, clock)), ...findStrays(tree, spec.cwd)];
    return { cause: first.signal === undefined ? 'exited' : 'signalled', ...first, ...namesOf(survivors) };
  }
  const survivors = [...(await stopTree(tree, first.graceMs, clock)), ...findStrays(tree, spec.cwd)];
  const exit = await within(1_000, exited, clock);
  const how = exit && 'failure' in exit ? {} : exit;
  return { ...how, cause: first.cause, ...namesOf(survivors) };
}

/** What is awaited, or nothing when it takes too long; either way no timer is left that would keep the shim alive. */
async function within<T>(ms: number, awaited: Promise<T>, clock: Clock): Promise<T | undefined> {
  const over = new AbortController();
  const late = clock.sleep(ms, over.signal).then(() => undefined);
  return Promise.race([awaited, late]).finally(() => over.abort());
}

type StopRequest = RunRecord<'stop.json'>;

/** A signal is only the bell; what is wanted is in the directory. From now on no signal ends the shim by itself. */
function whenAsked(directory: string): Promise<StopRequest> {
  return new Promise((resolve) => {
    const answer = () =>
      resolve(readRecord(directory, 'stop.json') ?? { cause: 'stopped', graceMs: defaultGraceMs });
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, answer);
  });
}

/** Finds a request to stop where no signal can bring it, and notices when the run was removed under our feet. */
async function watchDirectory(directory: string, clock: Clock, over: AbortSignal): Promise<StopRequest> {
  for (;;) {
    await clock.sleep(1_000, over);
    const asked = readRecord(directory, 'stop.json');
    if (asked) return asked;
    if (!existsSync(path.join(directory, 'claim.json'))) return { cause: 'stopped', graceMs: 0 };
    if (over.aborted) return new Promise(() => undefined);
  }
}

/** Whether or not the end could be written, a keeper must be there: without one, nobody finds the run lost either. */
async function finish(
  directory: string,
  spec: RunRecord<'spec.json'>,
  end: RunEnd,
  clock: Clock,
): Promise<void> {
  if (!existsSync(directory)) return;
  try {
    await publishEnd(directory, end, clock);
  } finally {
    announceChange(path.dirname(directory));
    if (spec.keeper && liveness(selfIdentity(), spec.keeper.identity) !== 'alive')
      await startDetached(spec.keeper.argv, { env: process.env, cwd: process.cwd() });
  }
}

/** Tries for a while: what is in the way (no space, no descriptors) often passes, and this is all that is known. */
async function publishEnd(directory: string, end: RunEnd, clock: Clock): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      publishRecord(directory, 'status.json', end);
      return releaseReserve(directory);
    } catch (error) {
      if (tries === mostTries || !existsSync(directory)) throw error;
      await clock.sleep(1_000);
    }
  }
}
