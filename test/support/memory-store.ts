import { decide } from '../../src/adapters/journal/transaction.ts';
import type { Recorded, Seq } from '../../src/domain/journal/journal.ts';
import { applyRecorded } from '../../src/domain/journal/journal-snapshot.ts';
import { emptyYard, type Yard } from '../../src/domain/yard.ts';
import type { Actor, Store, Work } from '../../src/ports/store.ts';

/**
 * The store of tests: the same contract, in one process and in memory. Yards are deeply frozen, so that code which
 * changes what it read fails here and not in front of a user.
 */
export function memoryStore(clock: { now(): number }, start: Yard = emptyYard): Store {
  let yard = freeze(structuredClone(start));
  const recorded: Recorded[] = [];
  const waiting = new Set<() => void>();
  let closed = false;

  return {
    async transact<T>(by: Actor, work: Work<T>): Promise<T> {
      if (closed) throw new Error('The memory store was used after it was closed.');
      const { result, events, now } = decide(yard, clock.now(), by, work);
      if (events.length === 0) return result;
      const record = freeze({ seq: yard.seq + 1, at: now, by: by.name, events });
      yard = freeze(applyRecorded(yard, record));
      recorded.push(record);
      for (const wake of waiting) wake();
      return result;
    },
    async read() {
      if (closed) throw new Error('The memory store was used after it was closed.');
      return yard;
    },
    async history(after, limit) {
      return recorded.filter(({ seq }) => seq > after).slice(0, limit);
    },
    async *watch(after, signal) {
      let last: Seq = after;
      while (!signal.aborted && !closed) {
        if (yard.seq > last) {
          last = yard.seq;
          yield last;
        } else await woken(signal);
      }
    },
    async close() {
      closed = true;
      for (const wake of waiting) wake();
    },
  };

  function woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}
