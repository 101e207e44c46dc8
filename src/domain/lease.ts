import * as z from 'zod';

/**
 * Who a process is, beyond its pid: a pid is reused, a start time within one boot is not. Recorded for every process
 * that holds a lease or is to be signalled. (Design: `kill(pid, 0)` alone took strangers for owners and owners of
 * another user for dead.)
 */
export const Identity = z.strictObject({
  /** Hash of the machine id: says whether pid and boot can be compared at all. */
  host: z.string(),
  boot: z.string(),
  /** Inode of the pid namespace, or `none` where there are none. */
  namespace: z.string(),
  pid: z.number().int(),
  /** In the unit of the platform; only compared for equality. */
  startTime: z.string(),
});
export type Identity = z.infer<typeof Identity>;

/** What looking at a process tells. `unknown`: another host or pid namespace, where absence proves nothing. */
export type Liveness = 'alive' | 'dead' | 'unknown';

export const Holder = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('process'), identity: Identity, role: z.string() }),
  /** A loop holds its workspace for its whole life, whichever keeper acts for it. */
  z.strictObject({ kind: z.literal('loop'), loop: z.string() }),
]);
export type Holder = z.infer<typeof Holder>;

/** An exclusive claim on a resource. The epoch only grows and is the fencing token of everything done under it. */
export const Lease = z.strictObject({
  resource: z.string(),
  epoch: z.number().int().positive(),
  /** Absent: released. The row stays, because the epoch must never start again. */
  holder: Holder.optional(),
  /** For people: what the holder uses it for. */
  purpose: z.string(),
  since: z.number().int(),
  /** Set when it was taken from somebody, with the proof. */
  takenFrom: z.string().optional(),
});
export type Lease = z.infer<typeof Lease>;

export const leaseEvents = [
  z.strictObject({
    type: z.literal('lease.taken'),
    resource: z.string(),
    epoch: z.number().int().positive(),
    holder: Holder,
    purpose: z.string(),
    takenFrom: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('lease.released'),
    resource: z.string(),
    epoch: z.number().int().positive(),
    /** The resource itself is gone, such as a removed worktree: its row need not be kept for the sake of its epoch. */
    gone: z.boolean().optional(),
  }),
] as const;
export type LeaseEvent = z.infer<(typeof leaseEvents)[number]>;

/** A release of an old epoch does nothing: somebody else holds the lease by now. */
export function applyToLease(lease: Lease | undefined, event: LeaseEvent, at: number): Lease | undefined {
  switch (event.type) {
    case 'lease.taken': {
      if (event.epoch <= (lease?.epoch ?? 0)) return lease;
      const { resource, epoch, holder, purpose, takenFrom } = event;
      return {
        resource,
        epoch,
        holder,
        purpose,
        since: at,
        ...(takenFrom === undefined ? {} : { takenFrom }),
      };
    }
    case 'lease.released': {
      if (!lease || lease.epoch !== event.epoch) return lease;
      if (event.gone) return undefined;
      return { resource: lease.resource, epoch: lease.epoch, purpose: lease.purpose, since: at };
    }
  }
}

export type Claim =
  | { outcome: 'free' | 'dead_holder'; epoch: number; takenFrom?: string }
  | { outcome: 'held'; holder: Holder };

/**
 * May this lease be taken? A live or unjudgeable holder is never robbed, however long it was silent: a sleeping laptop
 * steals nothing. A holder that is proven dead is replaced at once.
 */
export function claim(lease: Lease | undefined, liveness: (holder: Holder) => Liveness): Claim {
  const epoch = (lease?.epoch ?? 0) + 1;
  if (!lease?.holder) return { outcome: 'free', epoch };
  if (liveness(lease.holder) !== 'dead') return { outcome: 'held', holder: lease.holder };
  return { outcome: 'dead_holder', epoch, takenFrom: describeHolder(lease.holder) };
}

export function describeHolder(holder: Holder): string {
  return holder.kind === 'loop' ? `loop ${holder.loop}` : `${holder.role} (process ${holder.identity.pid})`;
}
