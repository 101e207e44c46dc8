import * as z from 'zod';
import { apply, Yard } from '../yard.ts';
import {
  type Digest,
  frame,
  journalVersion,
  nextLine,
  type Recorded,
  SeqSchema,
  unframe,
} from './journal.ts';
import type { Position, Stop } from './journal-reader.ts';

/** First line of a generation: the yard as the generation before left it. */
const Head = z.object({
  format: z.literal('loopyard journal'),
  v: z.number().int().positive(),
  /** The store it belongs to. */
  store: z.string(),
  generation: z.number().int().positive(),
  /** Sequence number and hash of the last record before. */
  s: SeqSchema,
  p: z.string(),
  yard: z.unknown(),
});

export interface Snapshot {
  readonly store: string;
  readonly generation: number;
  /** Hash of the last record it contains; empty for a new store. */
  readonly hash: string;
  readonly yard: Yard;
}

/** A record, applied. What was legal when it was recorded is legal for every reader, since all hold the same yard. */
export function applyRecorded(yard: Yard, { seq, at, events }: Omit<Recorded, 'by'>): Yard {
  const after = events.reduce((before, event) => apply(before, event, at), yard);
  return { ...after, seq, at };
}

export function frameSnapshot({ store, generation, hash, yard }: Snapshot, digest: Digest): Uint8Array {
  const head = {
    format: 'loopyard journal',
    v: journalVersion,
    store,
    generation,
    s: yard.seq,
    p: hash,
    yard,
  };
  return frame(head, digest);
}

/** Would this yard be read back? A yard that would not must never become a snapshot. */
export function canBeSnapshot(yard: Yard): boolean {
  return Yard.safeParse(JSON.parse(JSON.stringify(yard))).success;
}

export type SnapshotHead = Omit<Snapshot, 'yard'> & { readonly position: Position; yard(): Yard | Stop };

/** Reads the first line. The yard is parsed only when asked for: who followed the journal until here has it. */
export function readSnapshot(bytes: Uint8Array, digest: Digest): SnapshotHead | Stop {
  const line = nextLine(bytes, 0);
  const head = line && Head.safeParse(unframe(line.bytes, digest));
  if (!head?.success) return { reason: 'damage', offset: 0, finding: 'its first line is no snapshot' };
  const { store, generation, s, p, v, yard } = head.data;
  if (v > journalVersion) {
    const finding = `its snapshot has version ${v}; this loopyard reads up to ${journalVersion}`;
    return { reason: 'too_new', offset: 0, finding };
  }
  return {
    store,
    generation,
    hash: p,
    position: { offset: line?.end ?? 0, seq: s, hash: p, sealed: false },
    yard() {
      const parsed = Yard.safeParse(yard);
      if (parsed.success && parsed.data.seq === s) return parsed.data;
      return { reason: 'damage', offset: 0, finding: 'the yard in its snapshot cannot be read' };
    },
  };
}
