import * as z from 'zod';
import type { YardEvent } from '../events.ts';

/** Position in the journal; every transaction takes one. The cursor clients pass around. */
export type Seq = number;

/** One transaction as it was recorded. */
export interface Recorded {
  readonly seq: Seq;
  /** Milliseconds since 1970, never decreasing. */
  readonly at: number;
  /** The actor's name. */
  readonly by: string;
  readonly events: readonly YardEvent[];
}

export const SeqSchema = z.number().int().nonnegative();

/** Version of records and snapshots this program writes, and the newest it can read. */
export const journalVersion = 1;

/** The two checks a journal rests on, passed in because the domain computes nothing the machine does better. */
export interface Digest {
  /** Finds torn and flipped bytes. */
  crc32(bytes: Uint8Array): number;
  /** Names a record: no two different records have the same. Lowercase hexadecimal. */
  hash(bytes: Uint8Array): string;
}

/** One record as it lies in the file. Later versions may add fields; these keep their meaning in all versions. */
export const Entry = z.object({
  /** Sequence number. */
  s: SeqSchema,
  /** Hash of the record before. */
  p: z.string(),
  /** Random id of the writing, by which its writer recognises it. */
  x: z.string(),
  /** The actor's name. */
  w: z.string(),
  /** Time, milliseconds. */
  t: z.number().int(),
  /** Version of the events. */
  v: z.number().int().positive(),
  e: z.array(z.unknown()),
  /** The last record of its generation. */
  seal: z.literal(true).optional(),
});
export type Entry = z.infer<typeof Entry>;

const newline = 0x0a;
const crcLength = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The bytes of a line: `"\n" + crc32 + " " + json + "\n"`. The leading newline closes whatever a writer that died
 * left without an end, so that only its own line is torn.
 */
export function frame(value: unknown, digest: Digest): Uint8Array {
  const json = encoder.encode(JSON.stringify(value));
  const crc = digest.crc32(json).toString(16).padStart(crcLength, '0');
  const bytes = new Uint8Array(json.length + crcLength + 3);
  bytes[0] = newline;
  bytes.set(encoder.encode(`${crc} `), 1);
  bytes.set(json, crcLength + 2);
  bytes[bytes.length - 1] = newline;
  return bytes;
}

/** What a line without its newline says; undefined when it is torn. Never throws. */
export function unframe(line: Uint8Array, digest: Digest): unknown {
  if (line.length < crcLength + 3 || line[crcLength] !== 0x20) return undefined;
  const json = line.subarray(crcLength + 1);
  if (
    decoder.decode(line.subarray(0, crcLength)) !== digest.crc32(json).toString(16).padStart(crcLength, '0')
  ) {
    return undefined;
  }
  try {
    return JSON.parse(decoder.decode(json));
  } catch {
    return undefined;
  }
}

export interface Line {
  readonly bytes: Uint8Array;
  /** Where the line begins, and where the next one does. */
  readonly start: number;
  readonly end: number;
}

/** The next non-empty line with an end; undefined when there is none yet (R1). */
export function nextLine(bytes: Uint8Array, from: number): Line | undefined {
  let start = from;
  while (bytes[start] === newline) start += 1;
  const end = bytes.indexOf(newline, start);
  return end < 0 ? undefined : { bytes: bytes.subarray(start, end), start, end: end + 1 };
}
