import { statSync } from 'node:fs';
import path from 'node:path';
import type { Identity } from '../../domain/lease.ts';
import type { Fact } from '../../domain/worker/run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunActivity, RunView } from '../../ports/processes.ts';
import { liveness } from '../identity.ts';
import { readRecord } from './run-directory.ts';
import { measureOutput } from './run-output.ts';

/** A shim claims its run within a second, also on a busy machine. One that has not by then never will. */
export const claimPatienceMs = 5_000;

/** How far a run has come. Reads a few small files and looks at one process. */
export function viewRun(directory: string, self: Identity, clock: Clock): RunView {
  const end = readRecord(directory, 'status.json');
  if (end) return { phase: 'ended', end, facts: factsOf(directory) };
  const claimed = ageOf(directory, 'claim.json', clock) !== undefined;
  if (!claimed) {
    const age = ageOf(directory, 'spec.json', clock);
    // Older than that, its shim never came: to whoever asks it is as if it had not been started, and may be again.
    return { phase: age !== undefined && age < claimPatienceMs ? 'starting' : 'absent' };
  }
  const claim = readRecord(directory, 'claim.json');
  if (claim?.by === 'keeper') return { phase: 'void' };
  if (!claim || liveness(self, claim.identity) === 'dead') {
    // It may have written the end and left between the two looks.
    const late = readRecord(directory, 'status.json');
    return late ? { phase: 'ended', end: late, facts: factsOf(directory) } : { phase: 'lost' };
  }
  const activity = activityOf(directory);
  const shim = claim.identity;
  return activity ? { phase: 'running', shim, activity } : { phase: 'starting', shim };
}

function activityOf(directory: string): RunActivity | undefined {
  const shim = readRecord(directory, 'shim.json');
  if (!shim) return undefined;
  const { bytes, lastAt } = measureOutput(directory);
  const { facts = [], heardAt } = readRecord(directory, 'facts.json') ?? {};
  const heard = heardAt === undefined ? {} : { heardAt };
  return { startedAt: shim.startedAt, lastOutputAt: lastAt, bytes, facts, ...heard };
}

function factsOf(directory: string): readonly Fact[] {
  return readRecord(directory, 'facts.json')?.facts ?? [];
}

/**
 * Milliseconds since a file was written; undefined when there is none. A file from the future, because the clock was
 * set back, is as old as it is far away: otherwise its run would be about to start until the clock has caught up.
 */
export function ageOf(directory: string, name: string, clock: Clock): number | undefined {
  const stats = statSync(path.join(directory, name), { throwIfNoEntry: false });
  return stats && Math.abs(clock.now() - stats.mtimeMs);
}
