import { LoopyardError } from '../domain/errors.ts';
import { claim, describeHolder, type Holder, type Lease, type Liveness } from '../domain/lease.ts';
import { isEnded } from '../domain/loop.ts';
import type { Yard } from '../domain/yard.ts';
import type { Tx } from '../ports/store.ts';
import type { Runtime } from './runtime.ts';

/** A loop lives until it has ended, whichever process acts for it; a process lives as its identity says. */
export function holderLiveness(
  yard: Yard,
  holder: Holder,
  processes: Pick<Runtime['processes'], 'liveness'>,
): Liveness {
  if (holder.kind === 'process') return processes.liveness(holder.identity);
  const loop = yard.loops[holder.loop];
  return loop && !isEnded(loop) ? 'alive' : 'dead';
}

/** Takes a lease inside a transaction; throws LEASE_HELD with who holds it, for what and since when. */
export function takeLease(
  tx: Tx,
  rt: Pick<Runtime, 'processes'>,
  wish: { resource: string; holder: Holder; purpose: string; label: string },
): { resource: string; epoch: number } {
  const { resource, holder, purpose, label } = wish;
  const lease = Object.hasOwn(tx.yard.leases, resource) ? tx.yard.leases[resource] : undefined;
  const answer = claim(lease, (other) => holderLiveness(tx.yard, other, rt.processes));
  if (answer.outcome === 'held') throw leaseHeld(label, answer.holder, lease);
  const takenFrom = answer.takenFrom === undefined ? {} : { takenFrom: answer.takenFrom };
  tx.record({ type: 'lease.taken', resource, epoch: answer.epoch, holder, purpose, ...takenFrom });
  return { resource, epoch: answer.epoch };
}

function leaseHeld(label: string, holder: Holder, lease: Lease | undefined): LoopyardError {
  const since = lease ? new Date(lease.since).toISOString() : 'now';
  const purpose = lease?.purpose ?? 'its work';
  return new LoopyardError(
    'LEASE_HELD',
    `${label} is held by ${describeHolder(holder)} since ${since}, for: ${purpose}.`,
    {
      holder: describeHolder(holder),
      since,
      purpose,
    },
  );
}
