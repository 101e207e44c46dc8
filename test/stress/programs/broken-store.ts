import { randomUUID } from 'node:crypto';
import { createStore } from '../../../src/adapters/journal/creation.ts';
import { journalDigest } from '../../../src/adapters/journal/digest.ts';
import { JournalFollower } from '../../../src/adapters/journal/follower.ts';
import { type JournalStoreOptions, openJournalStore } from '../../../src/adapters/journal/journal-store.ts';
import { decide } from '../../../src/adapters/journal/transaction.ts';
import { JournalWriter } from '../../../src/adapters/journal/writer.ts';
import { frame, journalVersion } from '../../../src/domain/journal/journal.ts';
import type { Store } from '../../../src/ports/store.ts';

/** The journal with its heart cut out: it appends and believes, and never reads back who won. */
export async function openBrokenStore(options: JournalStoreOptions): Promise<Store> {
  const { directory, clock, log } = options;
  const follower = new JournalFollower(directory, clock, () => {});
  const writer = new JournalWriter(directory, log);
  return {
    ...(await openJournalStore(options)),
    async transact(by, work) {
      if (!(await follower.catchUp())) await createStore(directory);
      await follower.catchUp();
      const { result, events, now } = decide(follower.yard, clock.now(), by, work);
      const following = follower.following;
      if (!following || events.length === 0) return result;
      await writer.prepare(following.generation);
      const { seq: s, hash: p } = following.position;
      const entry = { s: s + 1, p, x: randomUUID(), w: by.name, t: now, v: journalVersion, e: events };
      writer.append(frame(entry, journalDigest));
      await writer.flush();
      return result;
    },
  };
}
