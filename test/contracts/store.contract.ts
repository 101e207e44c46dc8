import { describe, expect, onTestFinished, test } from 'vitest';
import type { YardEvent } from '../../src/domain/events.ts';
import type { Holder } from '../../src/domain/lease.ts';
import type { Store } from '../../src/ports/store.ts';

/** A fresh yard, and as many views of it as a test asks for; `now` is what their clocks say. */
export interface StoreWorld {
  open(): Promise<Store>;
  setNow(at: number): void;
}

const by = { name: 'test' };
const note = (id: string): YardEvent => ({ type: 'note.remembered', note: { id, text: `about ${id}` } });
const holder: Holder = { kind: 'loop', loop: 'some-loop' };
const taken = (epoch: number): YardEvent => ({
  type: 'lease.taken',
  resource: 'main',
  epoch,
  holder,
  purpose: 'test',
});

/** What every store promises, whatever it is made of. */
export function storeContract(name: string, world: () => Promise<StoreWorld>): void {
  async function aWorld() {
    const made = await world();
    const open = async () => {
      const store = await made.open();
      onTestFinished(() => store.close());
      return store;
    };
    return { ...made, open, store: await open() };
  }
  const ids = async (store: Store) => (await store.read()).notes.map(({ id }) => id);

  describe(name, () => {
    test('a new yard is empty, and reading it again gives the same', async () => {
      const { store } = await aWorld();

      expect(await store.read()).toMatchObject({ seq: 0, notes: [], loops: {} });
      expect(await store.history(0, 10)).toEqual([]);
    });

    test('a transaction takes one number, whatever it records, and returns what its work returns', async () => {
      const { store, open } = await aWorld();

      const answer = await store.transact(by, (tx) => {
        tx.record(note('a'));
        tx.record(note('b'));
        return 'done';
      });

      expect(answer).toBe('done');
      expect((await store.read()).seq).toBe(1);
      expect(await ids(await open())).toEqual(['a', 'b']);
    });

    test('work sees what it has recorded so far', async () => {
      const { store } = await aWorld();

      const seen = await store.transact(by, (tx) => {
        tx.record(note('a'));
        return tx.yard.notes.length;
      });

      expect(seen).toBe(1);
    });

    test('work that records nothing takes no number', async () => {
      const { store } = await aWorld();

      expect(await store.transact(by, ({ yard }) => yard.seq)).toBe(0);
      expect((await store.read()).seq).toBe(0);
    });

    test('what work throws is thrown, and nothing of it is kept', async () => {
      const { store } = await aWorld();

      const attempt = store.transact(by, (tx) => {
        tx.record(note('a'));
        throw new Error('changed my mind');
      });

      await expect(attempt).rejects.toThrow('changed my mind');
      expect((await store.read()).seq).toBe(0);
    });

    test('an event that a table forbids throws where it is recorded', async () => {
      const { store } = await aWorld();

      const attempt = store.transact(by, (tx) =>
        tx.record({ type: 'loop.closed', id: 'nobody', reason: '' }),
      );

      await expect(attempt).rejects.toMatchObject({ code: 'UNKNOWN_ID' });
    });

    test('an event that could not be read back is refused', async () => {
      const { store } = await aWorld();

      const attempt = store.transact(by, (tx) => tx.record(note('Not An Id')));

      await expect(attempt).rejects.toMatchObject({ code: 'INTERNAL' });
      expect((await store.read()).seq).toBe(0);
    });

    test('a yard that was read stays as it was', async () => {
      const { store } = await aWorld();
      const before = await store.read();

      await store.transact(by, (tx) => tx.record(note('a')));

      expect(before.notes).toEqual([]);
    });

    test('time never runs backwards, even when the clock does', async () => {
      const { store, setNow } = await aWorld();
      setNow(5_000);
      await store.transact(by, (tx) => tx.record(note('a')));
      setNow(1_000);

      const now = await store.transact(by, (tx) => {
        tx.record(note('b'));
        return tx.now;
      });

      expect(now).toBe(5_000);
      expect((await store.history(0, 10)).map(({ at }) => at)).toEqual([5_000, 5_000]);
    });

    test('an actor of an old epoch is fenced, whatever it wanted', async () => {
      const { store } = await aWorld();
      const old = { name: 'old keeper', lease: { resource: 'main', epoch: 1 } };
      await store.transact(by, (tx) => tx.record(taken(1)));
      await store.transact(old, (tx) => tx.record(note('in-time')));
      await store.transact(by, (tx) => tx.record(taken(2)));

      await expect(store.transact(old, (tx) => tx.record(note('late')))).rejects.toMatchObject({
        code: 'FENCED',
      });
      await expect(store.transact(old, () => 'nothing')).rejects.toMatchObject({ code: 'FENCED' });
      expect(await ids(store)).toEqual(['in-time']);
    });

    test('a released lease fences its former holder, and so does one that never was', async () => {
      const { store } = await aWorld();
      await store.transact(by, (tx) => tx.record(taken(1)));
      await store.transact(by, (tx) => tx.record({ type: 'lease.released', resource: 'main', epoch: 1 }));

      for (const resource of ['main', 'never-was', '__proto__']) {
        const actor = { name: 'late', lease: { resource, epoch: 1 } };
        await expect(store.transact(actor, () => 0)).rejects.toMatchObject({ code: 'FENCED' });
      }
    });

    test('increments from many views at once are all counted', async () => {
      const { open } = await aWorld();
      const stores = await Promise.all(Array.from({ length: 4 }, open));

      await Promise.all(
        stores.flatMap((store) =>
          Array.from({ length: 25 }, () =>
            store.transact(by, (tx) => tx.record(taken((tx.yard.leases.main?.epoch ?? 0) + 1))),
          ),
        ),
      );

      for (const store of stores) {
        expect(await store.read()).toMatchObject({ seq: 100, leases: { main: { epoch: 100 } } });
      }
    });

    test('history gives what was recorded after a number, oldest first, up to a limit', async () => {
      const { store } = await aWorld();
      for (const id of ['a', 'b', 'c', 'd']) await store.transact({ name: id }, (tx) => tx.record(note(id)));

      const recorded = await store.history(1, 2);

      expect(recorded.map(({ seq, by: who, events }) => [seq, who, events])).toEqual([
        [2, 'b', [note('b')]],
        [3, 'c', [note('c')]],
      ]);
      expect(await store.history(4, 10)).toEqual([]);
    });

    test('watching tells of what others record, soon, and of what was there already', async () => {
      const { store, open } = await aWorld();
      const other = await open();
      await store.transact(by, (tx) => tx.record(note('a')));
      const stop = new AbortController();
      const seqs = other.watch(0, stop.signal)[Symbol.asyncIterator]();

      expect((await seqs.next()).value).toBe(1);
      const second = seqs.next();
      await store.transact(by, (tx) => tx.record(note('b')));
      expect((await second).value).toBe(2);
      expect(await ids(other)).toEqual(['a', 'b']);
      stop.abort();
      expect(await seqs.next()).toMatchObject({ done: true });
    });

    test('a watch that waits ends when it is aborted, and when the store is closed', async () => {
      const { store, open } = await aWorld();
      const stop = new AbortController();
      const waiting = store.watch(0, stop.signal)[Symbol.asyncIterator]().next();
      stop.abort();
      expect(await waiting).toMatchObject({ done: true });

      const closing = await open();
      const orphan = closing.watch(0, new AbortController().signal)[Symbol.asyncIterator]().next();
      await closing.close();
      expect(await orphan).toMatchObject({ done: true });
    });
  });
}
