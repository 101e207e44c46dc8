import { closeSync, existsSync, writeSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { YardEvent } from '../../domain/events.ts';
import type { Seq } from '../../domain/journal/journal.ts';
import type { Log } from '../../ports/log.ts';
import { isNoSpace } from '../errno.ts';
import { stateError } from '../state-error.ts';
import { ballast } from './creation.ts';
import {
  ballastFile,
  create,
  discard,
  flushData,
  flushDirectory,
  forAppending,
  generationFile,
  openOwn,
  within,
} from './files.ts';
import { openHighwater, raiseHighwater } from './highwater.ts';

/** How an append ended. `unknown`: only reading back can tell, since parts of the line are in the file. */
type Appended = 'whole' | 'unknown';

/**
 * Puts bytes at the end of a generation and makes them stay. It decides nothing: whether a record counts is found out
 * by reading.
 *
 * A flush that failed is never repeated, because the system may have dropped the pages it could not write: this
 * process then records nothing any more. When space runs out, the ballast is given up so that what is running can
 * still end; nothing new begins until the ballast could be put back.
 */
export class JournalWriter {
  readonly #directory: string;
  readonly #log: Log;
  #open: { readonly generation: number; readonly fd: number } | undefined;
  #highwater: number | undefined;
  #failure: LoopyardError | undefined;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Opens what an append needs. Names are flushed before the first record relies on them. */
  async prepare(generation: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#open?.generation === generation) return;
    const path = within(this.#directory, generationFile(generation));
    try {
      const fd = openOwn(path, forAppending);
      if (this.#open) closeSync(this.#open.fd);
      this.#open = { generation, fd };
      this.#highwater ??= openHighwater(this.#directory);
      await flushDirectory(this.#directory);
      if (generation === 1) await flushDirectory(dirname(this.#directory));
    } catch (error) {
      throw stateError(error, path);
    }
  }

  /**
   * One `write`. When only a part went in, the line is spoilt, so that it cannot be completed by the newline of the
   * next writer after its own writer has given up.
   */
  append(bytes: Uint8Array): Appended {
    const { fd, generation } = this.#opened();
    const path = within(this.#directory, generationFile(generation));
    let written: number;
    try {
      written = writeSync(fd, bytes);
    } catch (error) {
      if (!isNoSpace(error) || !this.giveUpBallast()) throw stateError(error, path);
      return this.append(bytes);
    }
    if (written === bytes.length) return 'whole';
    this.giveUpBallast();
    try {
      writeSync(fd, '#\n');
    } catch (error) {
      this.#log('warn', 'A line of the journal could neither be finished nor spoilt.', { path, error });
    }
    return 'unknown';
  }

  async flush(): Promise<void> {
    const { fd, generation } = this.#opened();
    const path = within(this.#directory, generationFile(generation));
    try {
      await flushData(fd);
    } catch (error) {
      this.#failure = new LoopyardError(
        'STATE_UNWRITABLE',
        `The system could not flush ${path}; this process records nothing any more. Whether its last change was kept shows when another one reads it.`,
        { path },
        { cause: error },
      );
      throw this.#failure;
    }
  }

  /** A courtesy to damage detection: a failure costs nothing but sharpness. */
  committed(seq: Seq, hash: string): void {
    try {
      if (this.#highwater !== undefined) raiseHighwater(this.#highwater, seq, hash);
    } catch (error) {
      this.#log('warn', 'The high-water mark could not be raised.', { seq, error });
    }
  }

  get hasBallast(): boolean {
    return existsSync(within(this.#directory, ballastFile));
  }

  /** False when there was none left to give up. */
  giveUpBallast(): boolean {
    if (!this.hasBallast) return false;
    this.#log('error', 'The disk is full; the ballast was given up.', { directory: this.#directory });
    discard(within(this.#directory, ballastFile));
    return !this.hasBallast;
  }

  /** On a disk that was full, nothing begins that could not end. */
  async makeRoomFor(events: readonly YardEvent[]): Promise<void> {
    const begins = events.some(({ type }) => type === 'loop.opened' || type === 'verification.requested');
    if (!begins || this.hasBallast) return;
    const path = within(this.#directory, ballastFile);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      discard(temporary);
      await create(temporary, ballast());
      await rename(temporary, path);
    } catch (error) {
      discard(temporary);
      throw stateError(error, path);
    }
  }

  close(): void {
    if (this.#open) closeSync(this.#open.fd);
    if (this.#highwater !== undefined) closeSync(this.#highwater);
    this.#open = undefined;
    this.#highwater = undefined;
  }

  #opened() {
    if (!this.#open) throw new LoopyardError('INTERNAL', 'The journal was written before it was opened.');
    return this.#open;
  }
}
