import { isIdle } from '../domain/next.ts';
import type { Yard } from '../domain/yard.ts';
import type { RunSpec } from '../ports/processes.ts';
import { holderLiveness } from './leases.ts';
import type { Runtime } from './runtime.ts';

/** What the keeper holds while it acts for the yard. */
export const keeperResource = 'keeper';

/** Whether a keeper is at work for this yard, as far as the yard and the process table tell. */
export function hasKeeper(yard: Yard, rt: Pick<Runtime, 'processes'>): boolean {
  const holder = yard.leases[keeperResource]?.holder;
  return holder !== undefined && holderLiveness(yard, holder, rt.processes) !== 'dead';
}

/** What to say when work waits and nobody acts for the yard; undefined when all is well, or nothing is to be done. */
export function missingKeeper(
  yard: Yard,
  rt: Pick<Runtime, 'processes' | 'clock' | 'config'>,
): string | undefined {
  if (hasKeeper(yard, rt) || isIdle(yard, rt.clock.now(), rt.config.archive_after_minutes * 60_000)) {
    return undefined;
  }
  return 'Work waits and no keeper is at work. One starts by itself; if none stays, loopyard keeper --log says why.';
}

/** For every run: its shim starts a keeper when this one is dead by the end of it. */
export function keeperOf(rt: Pick<Runtime, 'processes' | 'self' | 'git'>): NonNullable<RunSpec['keeper']> {
  const { command, args } = rt.self;
  return {
    identity: rt.processes.self,
    argv: [command, ...args, 'keeper', '--yard', rt.git.commonDir],
  };
}

/** Milliseconds a keeper that was started is given to take its lease, and the most between two starts. */
const patienceMs = 2_000;
const mostPatienceMs = 60_000;

/**
 * Makes the function that starts a keeper when there is none. One that never took its lease (a broken configuration, a
 * full process table) is given more time before the next each time: 2 s, 4 s … 60 s. That it could not even be started
 * is logged and not thrown: whoever asked has his own work recorded already, and asks again. `monotonic` is a clock in
 * milliseconds that no change of the wall clock moves.
 */
export function keeperStarter(
  rt: Pick<Runtime, 'store' | 'processes' | 'log'>,
  monotonic: () => number,
): () => Promise<void> {
  let starts = 0;
  let lastEpoch = -1;
  let notBefore = Number.NEGATIVE_INFINITY;
  return async () => {
    const yard = await rt.store.read();
    if (monotonic() < notBefore || hasKeeper(yard, rt)) return;
    const epoch = yard.leases[keeperResource]?.epoch ?? 0;
    starts = epoch === lastEpoch ? starts + 1 : 1;
    lastEpoch = epoch;
    notBefore = monotonic() + Math.min(patienceMs * 2 ** (starts - 1), mostPatienceMs);
    try {
      await rt.processes.startKeeper();
    } catch (thrown) {
      rt.log('error', 'a keeper could not be started', { error: String(thrown) });
    }
  };
}
