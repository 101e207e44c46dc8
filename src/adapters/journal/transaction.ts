import { LoopyardError } from '../../domain/errors.ts';
import { YardEvent } from '../../domain/events.ts';
import { apply, type Yard } from '../../domain/yard.ts';
import type { Actor, Work } from '../../ports/store.ts';

export interface Decision<T> {
  readonly result: T;
  readonly events: readonly YardEvent[];
  readonly now: number;
}

/**
 * Runs the work on this yard and collects what it records. Pure but for the work: the caller appends the events to
 * exactly this yard or runs it again on another.
 *
 * Each event is applied as a reader will see it, after a round trip through JSON and the schema. What could not be
 * read back is refused here, before it is in a journal that all processes must read.
 */
export function decide<T>(yard: Yard, clockNow: number, by: Actor, work: Work<T>): Decision<T> {
  refuseOldEpoch(yard, by);
  const now = Math.max(Math.trunc(clockNow), yard.at);
  const events: YardEvent[] = [];
  let current = yard;
  let open = true;
  const result = work({
    get yard() {
      return current;
    },
    now,
    record(event) {
      if (!open)
        throw new LoopyardError('INTERNAL', 'An event was recorded after its transaction had ended.');
      const asRead = readable(event);
      current = apply(current, asRead, now);
      events.push(asRead);
    },
  });
  open = false;
  return { result, events, now };
}

/** An actor under a lease acts only while it holds it: same epoch, and not released. */
function refuseOldEpoch(yard: Yard, { name, lease }: Actor): void {
  if (!lease) return;
  const held = Object.hasOwn(yard.leases, lease.resource) ? yard.leases[lease.resource] : undefined;
  if (held?.holder && held.epoch === lease.epoch) return;
  const now = held ? `epoch ${held.epoch}${held.holder ? '' : ', released'}` : 'free';
  throw new LoopyardError(
    'FENCED',
    `${name} acts under epoch ${lease.epoch} of "${lease.resource}", which is now ${now}.`,
    { resource: lease.resource, epoch: lease.epoch, current: held?.epoch },
  );
}

function readable(event: YardEvent): YardEvent {
  const parsed = YardEvent.safeParse(JSON.parse(JSON.stringify(event)));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  const message = `The event ${event.type} is not one that could be read back (at "${where}").`;
  throw new LoopyardError('INTERNAL', message, { type: event.type, where }, { cause: parsed.error });
}
