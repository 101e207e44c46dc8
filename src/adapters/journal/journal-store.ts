import { randomUUID } from 'node:crypto';
import { LoopyardError } from '../../domain/errors.ts';
import { type Entry, frame, journalVersion } from '../../domain/journal/journal.ts';
import type { Accepted } from '../../domain/journal/journal-reader.ts';
import { applyRecorded } from '../../domain/journal/journal-snapshot.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Gate } from '../../ports/gate.ts';
import type { Log } from '../../ports/log.ts';
import type { Actor, Store, Work } from '../../ports/store.ts';
import { isNoSpace } from '../errno.ts';
import { stateError } from '../state-error.ts';
import { archiveOldGenerations, beginNextGeneration, sealIsDue } from './compaction.ts';
import { createStore, refuseOldWriter } from './creation.ts';
import { journalDigest } from './digest.ts';
import { type Following, JournalFollower } from './follower.ts';
import { readHistory } from './history.ts';
import { type Decision, decide } from './transaction.ts';
import { watchJournal } from './watch.ts';
import { JournalWriter } from './writer.ts';

export interface JournalStoreOptions {
  /** `<git common dir>/loopyard`; created by the first transaction, not before. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A number in [0, 1), to scatter retries. Identity never rests on it. */
  readonly chance: () => number;
  /** Makes losers of several races take turns. */
  readonly gate?: Gate;
}

/** After so many lost races a transaction asks for the gate, and waits for it no longer than this. */
const gateAfterLosses = 2;
const gatePatienceMs = 60;
const longestPauseMs = 20;

/**
 * A decision with the place in the journal it was made at. It is recorded as the successor of exactly that place, so
 * that one made on an old yard loses, whatever happened in between.
 */
interface Proposal<T> extends Decision<T> {
  readonly yard: Yard;
  readonly following: Following | undefined;
}

/**
 * The store of one host: an append-only journal that arbitrates by itself.
 *
 * A transaction reads to the end, decides, appends one record for the next sequence number, flushes, and reads again:
 * of all records for one number the first in the file counts, so the reading tells whether it was ours. If not, it
 * decides anew. No lock is needed for any of this: a process that is killed or frozen at any point has at worst
 * left half a line, which readers skip, or a record too late, which readers ignore. A crash after the append leaves a
 * change that counts although nobody was told; the caller finds it by its request key.
 *
 * Transactions of one process wait for one another; reads wait for nobody.
 */
export async function openJournalStore(options: JournalStoreOptions): Promise<Store> {
  const { directory, clock, log, chance, gate } = options;
  /** Ids of the records the present transaction has appended, and of those that counted. */
  let mine: Map<string, Accepted | undefined> = new Map();
  const follower = new JournalFollower(directory, clock, (accepted) => {
    if (mine.has(accepted.x)) mine.set(accepted.x, accepted);
  });
  const writer = new JournalWriter(directory, log);
  const closing = new AbortController();
  let queue: Promise<unknown> = Promise.resolve();
  let chores: Promise<unknown> = Promise.resolve();

  async function transact<T>(by: Actor, work: Work<T>): Promise<T> {
    mine = new Map();
    for (let losses = 0; ; losses += 1) {
      const done = await (losses < gateAfterLosses ? attempt(by, work) : attemptInTurn(by, work));
      if (done) return done.result;
      await clock.sleep(chance() * Math.min(longestPauseMs, 2 ** losses));
    }
  }

  /** The gate only saves work: one that cannot be used (a full disk has no room for its lock) is done without. */
  async function attemptInTurn<T>(by: Actor, work: Work<T>): Promise<{ result: T } | undefined> {
    let made: Promise<{ result: T } | undefined> | undefined;
    const make = () => {
      made ??= attempt(by, work);
      return made;
    };
    if (!gate) return await make();
    try {
      return await gate.within('journal', gatePatienceMs, make);
    } catch (error) {
      if (!made) log('warn', 'The gate of the journal cannot be used; going on without it.', { error });
      return await make();
    }
  }

  /** Undefined: another record came first. */
  async function attempt<T>(by: Actor, work: Work<T>): Promise<{ result: T } | undefined> {
    await catchUp();
    let proposal = propose(by, work);
    if (proposal.events.length === 0) return proposal;
    await prepare();
    await writer.makeRoomFor(proposal.events);
    follower.refresh();
    // Others went on meanwhile: deciding anew costs less than a race that is lost for certain.
    if (follower.yard !== proposal.yard) proposal = propose(by, work);
    if (proposal.events.length === 0) return proposal;
    return (await append(by, proposal)) ? proposal : undefined;
  }

  function propose<T>(by: Actor, work: Work<T>): Proposal<T> {
    const { yard, following } = follower;
    return { ...decide(yard, clock.now(), by, work), yard, following };
  }

  async function catchUp(): Promise<void> {
    try {
      await follower.catchUp();
    } catch (error) {
      throw stateError(error, directory);
    }
  }

  function refuseClosed(): void {
    if (closing.signal.aborted)
      throw new LoopyardError('INTERNAL', 'The store was used after it was closed.');
  }

  /** There is a store, its newest generation is open, and it may be written. */
  async function prepare(): Promise<void> {
    if (!follower.following) {
      await createStore(directory);
      await catchUp();
    }
    for (let following = follower.following; following?.position.sealed; following = follower.following) {
      try {
        await beginNextGeneration(directory, following, follower.yard);
      } catch (error) {
        if (!isNoSpace(error) || !writer.giveUpBallast()) throw stateError(error, directory);
      }
      await catchUp();
      chores = chores.then(() => archiveOldGenerations(directory, log));
    }
    if (!follower.following) throw new LoopyardError('BUSY', `${directory} is just being created.`);
    refuseOldWriter(directory, follower.following.store);
    await writer.prepare(follower.following.generation);
  }

  /** True when the record counts, and is on disk. */
  async function append(by: Actor, { events, now, yard, following }: Proposal<unknown>): Promise<boolean> {
    if (!following || following.position.sealed) return false;
    const { seq, hash } = following.position;
    const after = applyRecorded(yard, { seq: seq + 1, at: now, events });
    const seal = writer.hasBallast && sealIsDue(following, after);
    const entry: Entry = {
      s: seq + 1,
      p: hash,
      x: randomUUID(),
      w: by.name,
      t: now,
      v: journalVersion,
      e: [...events],
      ...(seal ? { seal } : {}),
    };
    mine.set(entry.x, undefined);
    const appended = writer.append(frame(entry, journalDigest));
    await writer.flush();
    follower.refresh();
    const accepted = mine.get(entry.x);
    if (accepted) writer.committed(accepted.seq, accepted.hash);
    else if (appended === 'unknown')
      log('warn', 'A record went in only in part.', { directory, seq: seq + 1 });
    return accepted !== undefined;
  }

  return {
    async transact(by, work) {
      refuseClosed();
      const turn = queue.then(() => transact(by, work));
      queue = turn.catch(() => {});
      return await turn;
    },
    async read() {
      refuseClosed();
      await catchUp();
      return follower.yard;
    },
    async history(after, limit) {
      refuseClosed();
      await catchUp();
      if (!follower.following) return [];
      try {
        return readHistory(directory, after, limit);
      } catch (error) {
        throw stateError(error, directory);
      }
    },
    watch(after, signal) {
      const newest = async () => {
        await catchUp();
        return follower.yard.seq;
      };
      return watchJournal(directory, after, [signal, closing.signal], newest);
    },
    async close() {
      closing.abort();
      await queue;
      await chores;
      writer.close();
      follower.close();
    },
  };
}
