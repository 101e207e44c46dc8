import { closeSync, fstatSync, lstatSync, readdirSync } from 'node:fs';
import { LoopyardError } from '../../domain/errors.ts';
import type { Seq } from '../../domain/journal/journal.ts';
import { type Accepted, type Position, readOn, type Stop } from '../../domain/journal/journal-reader.ts';
import { applyRecorded, readSnapshot, type SnapshotHead } from '../../domain/journal/journal-snapshot.ts';
import { emptyYard, type Yard } from '../../domain/yard.ts';
import type { Clock } from '../../ports/clock.ts';
import { isMissing } from '../errno.ts';
import { readStoreFile, type StoreFile, unfinishedStore } from './creation.ts';
import { damaged, replaced } from './damage.ts';
import { journalDigest } from './digest.ts';
import {
  forReading,
  generationFile,
  generationsAmong,
  highwaterFile,
  openOwn,
  readFrom,
  storeFile,
  within,
} from './files.ts';
import { contradicts, type Highwater, readHighwater } from './highwater.ts';
import { stateDirectoryExists } from './state-directory.ts';

/** The generation being read, and how far. */
export interface Following {
  readonly store: StoreFile;
  readonly generation: number;
  readonly fd: number;
  /** Where the snapshot ends and the records begin. */
  readonly start: Position;
  readonly position: Position;
}

/** How often and how long to look again for the other half of a store that is just being created (R8). */
const patience = { looks: 15, everyMs: 20 };

/**
 * Reads the journal and keeps the yard it amounts to. Opening parses the newest generation; afterwards one `fstat`
 * tells whether there is anything new, and a look at the name whether it still means the file that is open: a journal
 * that somebody renamed must not grow beside the one that took its place. It writes nothing, so it needs no permission
 * and disturbs nobody.
 *
 * All reading is synchronous: a few microseconds from the page cache, and no other code of this process ever sees a
 * yard half brought up to date. What cannot be believed (a gap, a cut, a swapped file) is final for this process:
 * the first finding is thrown again at every later call.
 */
export class JournalFollower {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #onAccepted: (accepted: Accepted) => void;
  #following: Following | undefined;
  #yard: Yard = emptyYard;
  #failure: LoopyardError | undefined;

  constructor(directory: string, clock: Clock, onAccepted: (accepted: Accepted) => void) {
    this.#directory = directory;
    this.#clock = clock;
    this.#onAccepted = onAccepted;
  }

  get yard(): Yard {
    return this.#yard;
  }

  /** Undefined before the first `catchUp` that found a store. */
  get following(): Following | undefined {
    return this.#following;
  }

  /** Brings the yard up to date. False: there is no store yet, and the yard is empty. */
  async catchUp(): Promise<boolean> {
    for (let look = 1; !this.#following; look += 1) {
      const found = this.#attempt(() => this.#open());
      if (found === 'open') break;
      if (found === 'absent' || unfinishedStore(this.#directory) !== undefined) return false;
      if (look === patience.looks) this.#attempt(() => this.#giveUp());
      await this.#clock.sleep(patience.everyMs);
    }
    this.refresh();
    return true;
  }

  /** As `catchUp` for a journal that is open already, in one synchronous step. */
  refresh(): void {
    this.#attempt(() => {
      do this.#readOn();
      while (this.#following?.position.sealed && this.#enterNext());
    });
  }

  close(): void {
    if (this.#following) closeSync(this.#following.fd);
    this.#following = undefined;
  }

  #attempt<T>(step: () => T): T {
    if (this.#failure) throw this.#failure;
    try {
      return step();
    } catch (error) {
      if (isFinal(error)) this.#failure = error;
      throw error;
    }
  }

  /**
   * `half`: a journal without a store file or the reverse, as a creation shows it for a moment. The high-water mark
   * is read first: the other way round, commits in between would look like a loss.
   */
  #open(): 'open' | 'absent' | 'half' {
    const directory = this.#directory;
    if (!stateDirectoryExists(directory)) return 'absent';
    const highwater = readHighwater(directory);
    const store = readStoreFile(directory);
    const newest = this.#newest();
    if (newest === undefined && !store) {
      if (highwater) throw this.#damaged(highwaterFile, 0, 'it belongs to a journal that is gone');
      return 'absent';
    }
    if (newest === undefined || !store) return 'half';
    return this.#openGeneration(newest, store, highwater) ? 'open' : 'half';
  }

  #openGeneration(generation: number, store: StoreFile, highwater: Highwater | undefined): boolean {
    const opened = this.#openHead(generation);
    if (!opened) return false;
    const { fd, head, bytes } = opened;
    try {
      const file = generationFile(generation);
      if (head.store !== store.id) throw this.#damaged(file, 0, 'it belongs to another store');
      const yard = head.yard();
      if ('finding' in yard) throw damaged(this.#directory, file, yard);
      if (highwater) this.#check(highwater, file, head.position.seq, head.hash, 0);
      this.#yard = yard;
      this.#following = { store, generation, fd, start: head.position, position: head.position };
      this.#take(bytes.subarray(head.position.offset), highwater);
      if (highwater && this.#yard.seq < highwater.seq) {
        const finding = `it ends with record ${this.#yard.seq}, but record ${highwater.seq} was acknowledged`;
        throw this.#damaged(file, bytes.length, finding);
      }
      return true;
    } catch (error) {
      this.#following = undefined;
      closeSync(fd);
      throw error;
    }
  }

  #openHead(generation: number): { fd: number; head: SnapshotHead; bytes: Uint8Array } | undefined {
    const file = generationFile(generation);
    let fd: number;
    try {
      fd = openOwn(within(this.#directory, file), forReading);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      const bytes = readFrom(fd, 0, fstatSync(fd).size);
      const head = readSnapshot(bytes, journalDigest);
      if ('finding' in head) throw damaged(this.#directory, file, head);
      if (head.generation !== generation) throw this.#damaged(file, 0, `it calls itself ${head.generation}`);
      return { fd, head, bytes };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  #readOn(): void {
    const following = this.#following;
    if (!following || following.position.sealed) return;
    const { fd, position, generation } = following;
    // Before reading: a name that is gone because the generation was archived comes with a seal that is there to read.
    const inPlace = this.#isInPlace(following);
    const { size } = fstatSync(fd);
    if (size < position.offset) {
      const finding = `it is ${size} bytes long, but ${position.offset} were read before`;
      throw this.#damaged(generationFile(generation), size, finding);
    }
    if (size > position.offset) this.#take(readFrom(fd, position.offset, size));
    if (!inPlace && !this.#following?.position.sealed)
      throw replaced(this.#directory, generationFile(generation));
  }

  #isInPlace({ fd, generation }: Following): boolean {
    const path = within(this.#directory, generationFile(generation));
    const named = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    const opened = fstatSync(fd, { bigint: true });
    return named?.dev === opened.dev && named.ino === opened.ino;
  }

  /** Decides over new bytes and applies what was accepted. */
  #take(bytes: Uint8Array, highwater?: Highwater): void {
    const following = this.#following;
    if (!following) return;
    const file = generationFile(following.generation);
    const { position, accepted, stop } = readOn(following.position, bytes, journalDigest);
    for (const record of accepted) {
      if (highwater) this.#check(highwater, file, record.seq, record.hash, following.position.offset);
      this.#yard = this.#apply(record, file, following.position.offset);
      this.#onAccepted(record);
    }
    this.#following = { ...following, position };
    if (stop) throw damaged(this.#directory, file, stop);
  }

  #apply(record: Accepted, file: string, offset: number): Yard {
    try {
      return applyRecorded(this.#yard, record);
    } catch {
      const finding = `record ${record.seq} does what the tables of this loopyard forbid`;
      throw damaged(this.#directory, file, { reason: 'too_new', offset, finding });
    }
  }

  /** After a seal. False while nobody has begun the next generation: the yard is complete nevertheless. */
  #enterNext(): boolean {
    const before = this.#following;
    if (!before) return false;
    const store = readStoreFile(this.#directory);
    if (store?.id !== before.store.id) throw replaced(this.#directory, storeFile);
    const opened = this.#openHead(before.generation + 1);
    if (!opened) return this.#skipArchived(before);
    const { fd, head } = opened;
    const fits = head.position.seq === before.position.seq && head.hash === before.position.hash;
    if (!fits || head.store !== store.id) {
      closeSync(fd);
      throw this.#damaged(generationFile(head.generation), 0, 'it does not continue the one before');
    }
    closeSync(before.fd);
    this.#following = {
      store,
      generation: head.generation,
      fd,
      start: head.position,
      position: head.position,
    };
    return true;
  }

  /** Frozen for so long that the next generations have been archived: begin again at the newest. */
  #skipArchived(before: Following): boolean {
    const newest = this.#newest() ?? 0;
    if (newest <= before.generation) return false;
    if (!this.#openGeneration(newest, before.store, { seq: before.position.seq, hash: '' })) return false;
    closeSync(before.fd);
    return true;
  }

  #check(highwater: Highwater, file: string, seq: Seq, hash: string, offset: number): void {
    if (highwater.hash !== '' && contradicts(highwater, seq, hash)) {
      throw this.#damaged(file, offset, `record ${seq} is not the one that was acknowledged`);
    }
  }

  #newest(): number | undefined {
    return generationsAmong(readdirSync(this.#directory)).at(-1);
  }

  #giveUp(): never {
    const newest = this.#newest();
    throw newest === undefined
      ? this.#damaged(storeFile, 0, 'the journal it belongs to is gone')
      : this.#damaged(generationFile(newest), 0, `the ${storeFile} it belongs to is gone`);
  }

  #damaged(file: string, offset: number, finding: string): LoopyardError {
    const stop: Stop = { reason: 'damage', offset, finding };
    return damaged(this.#directory, file, stop);
  }
}

/** Nothing this process could wait for makes it good again. */
export function isFinal(thrown: unknown): thrown is LoopyardError {
  return (
    thrown instanceof LoopyardError && (thrown.code === 'STATE_CORRUPT' || thrown.code === 'STATE_TOO_NEW')
  );
}
