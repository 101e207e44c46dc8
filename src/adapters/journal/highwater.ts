import { writeSync } from 'node:fs';
import type { Seq } from '../../domain/journal/journal.ts';
import { journalDigest } from './digest.ts';
import { forOverwriting, highwaterFile, openOwn, readOwn, within } from './files.ts';

/** A record that is known to have been acknowledged. A journal that does not contain it was cut or rolled back (R7). */
export interface Highwater {
  readonly seq: Seq;
  /** First digits of the record's hash. */
  readonly hash: string;
}

const slotSize = 32;
const hashDigits = 10;

/**
 * Two slots of 32 bytes, written in turn, so that a torn write spoils at most one of them. Not flushed: it is only
 * written after the record it names is on disk, hence it can be too old after a power cut, but never too new.
 */
export function readHighwater(directory: string): Highwater | undefined {
  const bytes = readOwn(within(directory, highwaterFile), 2 * slotSize);
  if (!bytes) return undefined;
  const slots = [0, slotSize].flatMap((start) => readSlot(bytes.subarray(start, start + slotSize)) ?? []);
  return slots.sort((a, b) => b.seq - a.seq)[0];
}

export function openHighwater(directory: string): number {
  return openOwn(within(directory, highwaterFile), forOverwriting);
}

export function raiseHighwater(fd: number, seq: Seq, hash: string): void {
  writeSync(fd, slot(seq, hash), 0, slotSize, (seq % 2) * slotSize);
}

/** Does this record contradict what was acknowledged under its number? */
export function contradicts(highwater: Highwater, seq: Seq, hash: string): boolean {
  return highwater.seq === seq && highwater.hash !== hash.slice(0, hashDigits);
}

function slot(seq: Seq, hash: string): Buffer {
  const body = `${String(seq).padStart(11, '0')} ${hash.slice(0, hashDigits)} `;
  return Buffer.from(`${body}${checksum(body)}\n`);
}

function readSlot(bytes: Uint8Array): Highwater | undefined {
  const [, body, seq, hash, crc] =
    /^((\d{11}) ([\da-f]{10}) )([\da-f]{8})\n$/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
  if (body === undefined || hash === undefined || crc !== checksum(body)) return undefined;
  return { seq: Number(seq), hash };
}

function checksum(body: string): string {
  return journalDigest.crc32(Buffer.from(body)).toString(16).padStart(8, '0');
}
