import { getEventListeners } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { journalDigest } from '../../../src/adapters/journal/digest.ts';
import { openJournalStore } from '../../../src/adapters/journal/journal-store.ts';
import { watchJournal } from '../../../src/adapters/journal/watch.ts';
import { JournalWriter } from '../../../src/adapters/journal/writer.ts';
import { LoopyardError } from '../../../src/domain/errors.ts';
import { frame } from '../../../src/domain/journal/journal.ts';
import { readOn } from '../../../src/domain/journal/journal-reader.ts';
import { readSnapshot } from '../../../src/domain/journal/journal-snapshot.ts';
import type { Store } from '../../../src/ports/store.ts';
import { aStateDirectory, aStoreIn, wallClock } from '../../support/state-directory.ts';

let count = 0;
async function remember(store: Store, times = 1): Promise<void> {
  for (let index = 0; index < times; index += 1) {
    count += 1;
    const note = { id: `note-${count}`, text: 'text' };
    await store.transact({ name: 'test' }, (tx) => tx.record({ type: 'note.remembered', note }));
  }
}

async function aStoreWith(records: number): Promise<{ directory: string; store: Store }> {
  const directory = await aStateDirectory();
  const store = await aStoreIn(directory);
  await remember(store, records);
  return { directory, store };
}

test('reading, looking at history and recording nothing leave no trace', async () => {
  const directory = await aStateDirectory();
  const store = await aStoreIn(directory);

  expect((await store.read()).seq).toBe(0);
  expect(await store.history(0, 1)).toEqual([]);
  await store.transact({ name: 'test' }, () => 'nothing');
  expect(existsSync(directory)).toBe(false);
});

test('the first record creates the whole store, for this user only, and leaves nothing beside it', async () => {
  const { directory } = await aStoreWith(1);

  expect(statSync(directory).mode & 0o777).toBe(0o700);
  const names = readdirSync(directory).sort();
  expect(names).toEqual(['ballast', 'generations', 'highwater', 'journal.1.log', 'quarantine', 'store.json']);
  for (const name of names) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
  expect(readdirSync(join(directory, '..'))).toEqual(['loopyard']);
});

test('stores that are created at the same time are one store', async () => {
  const directory = await aStateDirectory();
  const stores = await Promise.all(Array.from({ length: 6 }, () => aStoreIn(directory)));

  await Promise.all(stores.map((store) => remember(store)));

  for (const store of stores) expect((await store.read()).notes).toHaveLength(6);
});

test('a directory that others made first becomes a store, also by many at once', async () => {
  const directory = await aStateDirectory();
  mkdirSync(join(directory, 'runs'), { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const stores = await Promise.all(Array.from({ length: 6 }, () => aStoreIn(directory)));

  await Promise.all(stores.map((store) => remember(store)));

  for (const store of stores) expect((await store.read()).notes).toHaveLength(6);
  expect(existsSync(join(directory, 'runs'))).toBe(true);
});

test('a directory that is a link, a file, or open to others is refused', async () => {
  const { directory } = await aStoreWith(1);
  const link = `${directory}-link`;
  symlinkSync(directory, link);
  const file = `${directory}-file`;
  writeFileSync(file, '');
  chmodSync(directory, 0o770);

  for (const path of [link, file, directory]) {
    await expect((await aStoreIn(path)).read()).rejects.toMatchObject({ code: 'STATE_UNSAFE' });
  }
});

test('a parent that does not exist is named, not made', async () => {
  const directory = join(await aStateDirectory(), 'deeper', 'loopyard');
  const store = await aStoreIn(directory);

  await expect(remember(store)).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
});

test('half a line left by a dead writer costs nothing but its own record', async () => {
  const { directory, store } = await aStoreWith(2);
  appendFileSync(join(directory, 'journal.1.log'), '\n0123abcd {"s":3,"p":"');

  await remember(store);

  expect((await (await aStoreIn(directory)).read()).notes).toHaveLength(3);
});

test('a journal that was cut is refused with its name, the place and what to do, and the rest is kept', async () => {
  const { directory, store } = await aStoreWith(3);
  await store.close();
  const path = join(directory, 'journal.1.log');
  truncateSync(path, readFileSync(path).lastIndexOf('\n', statSync(path).size - 2));
  const late = await aStoreIn(directory);

  const error = await late.read().then(
    () => undefined,
    (thrown) => thrown,
  );

  expect(error).toMatchObject({ code: 'STATE_CORRUPT' });
  expect(error.message).toContain('record 3 was acknowledged');
  expect(error.message).toContain(path);
  await expect(remember(late)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  const kept = readdirSync(join(directory, 'quarantine')).find((name) => name.endsWith('.bytes'));
  expect(readFileSync(join(directory, 'quarantine', kept ?? ''))).toEqual(readFileSync(path));
});

test('damaged bytes are copied once with the reason, however often they are met', async () => {
  const { directory, store } = await aStoreWith(3);
  await store.close();
  const path = join(directory, 'journal.1.log');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('"s":2', '"s":7'));

  for (let opening = 0; opening < 3; opening += 1) {
    await expect((await aStoreIn(directory)).read()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  }

  const kept = readdirSync(join(directory, 'quarantine')).sort();
  expect(kept).toHaveLength(2);
  const reason = JSON.parse(readFileSync(join(directory, 'quarantine', kept[1] ?? ''), 'utf8'));
  expect(reason).toMatchObject({ file: 'journal.1.log', finding: 'record 3 follows record 1' });
});

test('a journal that is removed under a running process is not begun anew', async () => {
  const { directory, store } = await aStoreWith(1);
  rmSync(join(directory, 'journal.1.log'));

  await expect(store.read()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  await expect((await aStoreIn(directory)).read()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
});

test('a process whose store was renamed to begin an empty yard goes on in neither', async () => {
  const { directory, store } = await aStoreWith(2);
  renameSync(directory, `${directory}-old`);
  const fresh = await aStoreIn(directory);
  await remember(fresh);
  const before = readFileSync(join(`${directory}-old`, 'journal.1.log'));

  await expect(remember(store)).rejects.toThrow('replaced while in use; restart this session');
  await expect(store.read()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });

  expect(readFileSync(join(`${directory}-old`, 'journal.1.log'))).toEqual(before);
  expect((await fresh.read()).seq).toBe(1);
});

test('a gate that cannot be used keeps nothing from being recorded', async () => {
  const { directory, store: rival } = await aStoreWith(1);
  const within = () => Promise.reject(new LoopyardError('DISK_FULL', 'No space is left for the gate.'));
  const chance = Math.random;
  const store = await openJournalStore({
    directory,
    clock: wallClock,
    log: () => {},
    chance,
    gate: { within },
  });
  onTestFinished(() => store.close());

  // Somebody is faster than each of the two decisions of an attempt, until two attempts were lost.
  let decisions = 0;
  await store.transact({ name: 'test' }, (tx) => {
    tx.record({ type: 'note.remembered', note: { id: 'slow', text: 'text' } });
    decisions += 1;
    if (decisions <= 4) recordMeanwhile(directory, `fast-${decisions}`);
  });

  const notes = (await rival.read()).notes.map(({ id }) => id);
  expect(notes.slice(1)).toEqual(['fast-1', 'fast-2', 'fast-3', 'fast-4', 'slow']);
});

/** What another process might do between a decision and its record. */
function recordMeanwhile(directory: string, id: string): void {
  const path = join(directory, 'journal.1.log');
  const bytes = readFileSync(path);
  const head = readSnapshot(bytes, journalDigest);
  if ('finding' in head) throw new Error(head.finding);
  const { seq, hash } = readOn(head.position, bytes.subarray(head.position.offset), journalDigest).position;
  const e = [{ type: 'note.remembered', note: { id, text: 'text' } }];
  appendFileSync(path, frame({ s: seq + 1, p: hash, x: id, w: 'rival', t: 0, v: 1, e }, journalDigest));
}

test('a store of a newer loopyard names the release to install; one that may be read is read', async () => {
  const { directory, store } = await aStoreWith(1);
  await store.close();
  const path = join(directory, 'store.json');
  const content = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...content, minimumWriter: 9, needs: '4.2.0' }));
  const reader = await aStoreIn(directory);
  expect((await reader.read()).seq).toBe(1);
  await expect(remember(reader)).rejects.toMatchObject({ code: 'STATE_TOO_NEW' });

  writeFileSync(path, JSON.stringify({ ...content, minimumReader: 9, needs: '4.2.0' }));
  await expect((await aStoreIn(directory)).read()).rejects.toThrow('loopyard 4.2.0');
});

test('sealed generations go on in the next one, old ones are archived, and an old view finds its way', async () => {
  const directory = await aStateDirectory();
  const store = await aStoreIn(directory);
  await remember(store, 1);
  const sleeper = await aStoreIn(directory);
  await sleeper.read();

  await remember(store, 1_300);
  await store.close();

  expect((await sleeper.read()).seq).toBe(1_301);
  expect((await (await aStoreIn(directory)).read()).seq).toBe(1_301);
  expect(readdirSync(directory).filter((name) => /^journal\.\d+\.log$/.test(name))).toHaveLength(8);
  expect(readdirSync(join(directory, 'generations'))).toContain('journal.1.log.gz');
  const history = await sleeper.history(0, 5_000);
  expect(history.at(-1)?.seq).toBe(1_301);
  expect(history.length).toBeGreaterThanOrEqual(7 * 128);
});

test('ballast that was given up comes back before anything new begins', async () => {
  const { directory } = await aStoreWith(1);
  const writer = new JournalWriter(directory, () => {});
  expect(writer.giveUpBallast()).toBe(true);
  expect(writer.giveUpBallast()).toBe(false);

  await writer.makeRoomFor([{ type: 'note.forgotten', id: 'x' }]);
  expect(writer.hasBallast).toBe(false);
  await writer.makeRoomFor([
    {
      type: 'verification.requested',
      verification: { id: 'v', kind: 'commit', commit: 'c', checks: [], failFast: false },
    },
  ] as unknown as Parameters<typeof writer.makeRoomFor>[0]);
  expect(statSync(join(directory, 'ballast')).size).toBe(1024 * 1024);
});

test('a watch outlives an error that passes, ends with one that is final, and leaves no listener', async () => {
  const directory = await aStateDirectory();
  const stop = new AbortController();
  const finds: (number | LoopyardError)[] = [
    new LoopyardError('BUSY', 'Too many open files.'),
    3,
    new LoopyardError('STATE_CORRUPT', 'It is damaged.'),
  ];
  const newest = async () => {
    const found = finds.shift() ?? 0;
    if (typeof found === 'number') return found;
    throw found;
  };
  const seqs = watchJournal(directory, 1, [stop.signal], newest);

  expect(await seqs.next()).toEqual({ done: false, value: 3 });
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
  await expect(seqs.next()).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});

test('a watch wakes soon after another process has recorded', async () => {
  const { directory, store } = await aStoreWith(1);
  const watching = await aStoreIn(directory);
  const stop = new AbortController();
  const seqs = watching.watch(1, stop.signal)[Symbol.asyncIterator]();
  const waits: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const next = seqs.next();
    await remember(store);
    const recorded = performance.now();
    await next;
    waits.push(performance.now() - recorded);
  }
  stop.abort();

  // The median, because another process may have the processor; without notices it would be the poll's second.
  expect(waits.sort((a, b) => a - b)[2]).toBeLessThan(50);
});
