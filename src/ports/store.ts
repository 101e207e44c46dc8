import type { YardEvent } from '../domain/events.ts';
import type { Recorded, Seq } from '../domain/journal/journal.ts';
import type { Yard } from '../domain/yard.ts';

/**
 * Who writes. An actor that acts under a lease names its epoch; a transaction under an old epoch is refused with
 * FENCED, whatever it wanted to do.
 */
export interface Actor {
  /** For the record: `keeper`, `mcp claude-code`, `cli`. */
  readonly name: string;
  readonly lease?: { readonly resource: string; readonly epoch: number };
}

/** What a transaction sees and can do. It decides; it has no effects of its own, because it may run again. */
export interface Tx {
  /** The yard as it is, including what this transaction has recorded so far. */
  readonly yard: Yard;
  /** The store's time, milliseconds; never before that of the last record. */
  readonly now: number;
  /** Adds an event and applies it. Throws what the event's table throws when it is illegal now. */
  record(event: YardEvent): void;
}

/** Nothing may be awaited while a transaction is decided: forbidden by type. */
export type Work<T> = (tx: Tx) => T extends PromiseLike<unknown> ? never : T;

export interface Store {
  /**
   * Decides and records as if alone: all events become visible at once or none does, and when the promise resolves
   * they are on disk. Work that records nothing writes nothing. What work throws is thrown, and nothing is written.
   */
  transact<T>(by: Actor, work: Work<T>): Promise<T>;
  /** The yard now. Never waits for a writer. */
  read(): Promise<Yard>;
  /** Recorded transactions after a sequence number, oldest first, as far back as the store still keeps them. */
  history(after: Seq, limit: number): Promise<readonly Recorded[]>;
  /** Yields the newest sequence number whenever it has grown beyond `after`; ends when the signal aborts. */
  watch(after: Seq, signal: AbortSignal): AsyncIterable<Seq>;
  close(): Promise<void>;
}
