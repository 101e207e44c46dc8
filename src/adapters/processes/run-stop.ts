import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Identity } from '../../domain/lease.ts';
import type { RunEnd } from '../../domain/worker/run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Survivors } from '../../ports/processes.ts';
import { liveness } from '../identity.ts';
import { killTree, namesOf, signal, type Tree } from './process-tree.ts';
import { announceChange } from './run-changes.ts';
import { forgetSecrets, markOf, publishRecord, readRecord, releaseReserve } from './run-directory.ts';
import { measureOutput } from './run-output.ts';
import { findStrays } from './strays.ts';

/** Killing, looking three times and writing the end takes the shim this long at most, beyond the grace. */
const shimMarginMs = 3_000;

/**
 * Ends a run and proves it.
 *
 * First the request is written down, so that the shim also finds it where a signal cannot reach it. A run nobody has
 * claimed is claimed here, and so can never start. Otherwise the shim does the work; a shim that is dead, or does not
 * manage within the grace and a little, is killed, and what it had started is found and killed from here. The end is
 * written unless there is one: the first cause stays. A crash at any point leaves a run that can be stopped again.
 */
export async function stopRun(
  directory: string,
  options: { readonly graceMs: number; readonly cause: RunEnd['cause'] },
  self: Identity,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Survivors> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const voided = publishRecord(directory, 'claim.json', { by: 'keeper', identity: self, at: clock.now() });
  if (voided) announceChange(path.dirname(directory));
  // Whoever won: a shim has read what it needs before it claims.
  forgetSecrets(directory);
  const claim = readRecord(directory, 'claim.json');
  if (voided || claim?.by === 'keeper') return [];

  let cause: RunEnd['cause'] = 'lost';
  if (claim && !readRecord(directory, 'status.json')) {
    publishRecord(directory, 'stop.json', { cause: options.cause, graceMs: options.graceMs });
    if (liveness(self, claim.identity) === 'alive') signal(claim.identity, 'SIGTERM');
    await untilShimIsGone(directory, claim.identity, self, options.graceMs + shimMarginMs, clock);
    switch (liveness(self, claim.identity)) {
      case 'unknown':
        // From another host or namespace nothing more can be done, and nothing be proven.
        return readRecord(directory, 'status.json') ? [] : [{ pid: claim.identity.pid, name: 'shim' }];
      case 'alive':
        if (!readRecord(directory, 'status.json')) {
          log('warn', 'A shim did not stop its run in time and is killed.', {
            directory,
            pid: claim.identity.pid,
          });
          signal(claim.identity, 'SIGKILL');
          cause = options.cause;
        }
        break;
      case 'dead':
        break;
    }
  }
  const tree = treeOf(directory, self);
  const cwd = readRecord(directory, 'spec.json')?.cwd;
  const killed = tree ? await killTree(tree, clock) : [];
  const survivors = tree && cwd !== undefined ? [...killed, ...findStrays(tree, cwd)] : killed;
  if (survivors.length > 0) log('warn', 'Processes outlived the end of their run.', { directory, survivors });
  const startedAt = readRecord(directory, 'shim.json')?.startedAt ?? claim?.at ?? clock.now();
  const bytes = measureOutput(directory).bytes;
  const end = { cause, startedAt, endedAt: clock.now(), bytes, ...namesOf(survivors) };
  if (publishRecord(directory, 'status.json', end)) {
    releaseReserve(directory);
    announceChange(path.dirname(directory));
  }
  return survivors;
}

async function untilShimIsGone(
  directory: string,
  shim: Identity,
  self: Identity,
  patienceMs: number,
  clock: Clock,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    if (readRecord(directory, 'status.json') || liveness(self, shim) === 'dead') return;
    await clock.sleep(20);
  }
}

/** The processes of a run, as its directory tells. The leader is compared by boot as well: after a restart of the machine its number means somebody else. */
export function treeOf(directory: string, self: Identity): Tree | undefined {
  const spec = readRecord(directory, 'spec.json');
  if (!spec) return undefined;
  const child = readRecord(directory, 'shim.json')?.child;
  const leader = child?.boot === self.boot && child.namespace === self.namespace ? child : undefined;
  return { leader, mark: markOf(spec), walled: spec.bubblewrap !== undefined };
}
