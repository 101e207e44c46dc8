import { YardEvent } from '../events.ts';
import { type Digest, Entry, journalVersion, nextLine, type Recorded, type Seq, unframe } from './journal.ts';

/** How far a generation has been read, and what was accepted last. */
export interface Position {
  /** First byte not read yet. */
  readonly offset: number;
  readonly seq: Seq;
  readonly hash: string;
  /** The last accepted record closed the generation (R6). */
  readonly sealed: boolean;
}

export interface Accepted extends Recorded {
  /** The writer's random id for this record. */
  readonly x: string;
  readonly hash: string;
}

/** Why nothing after this point can be believed. */
export interface Stop {
  readonly reason: 'damage' | 'too_new';
  readonly offset: number;
  /** Goes on after "at byte n: ". */
  readonly finding: string;
}

export interface Reading {
  readonly position: Position;
  readonly accepted: readonly Accepted[];
  /** Lines that a writer did not finish. */
  readonly torn: number;
  /** Whole records that came too late. */
  readonly late: number;
  readonly stop?: Stop;
}

/**
 * Reads on in a generation. `bytes` are the file's from `from.offset` to its present end.
 *
 * All readers see the same bytes in the same order and decide by these rules alone, so they agree without asking one
 * another: the first valid record for the next sequence number is the record of that number, for ever.
 *
 * - R1 a line without an end is pending: it may still be being written.
 * - R2 a line that fails its check is torn: skipped.
 * - R3 the next number, and the right predecessor: accepted.
 * - R4 a number that is taken: a loser or a late writer; ignored.
 * - R5 a number beyond the next, or a wrong predecessor: something in the middle was damaged; stop.
 * - R6 nothing counts after a seal.
 */
export function readOn(from: Position, bytes: Uint8Array, digest: Digest): Reading {
  const accepted: Accepted[] = [];
  let { offset, seq, hash, sealed } = from;
  let torn = 0;
  let late = 0;
  const reading = (stop?: Stop): Reading => ({
    position: { offset, seq, hash, sealed },
    accepted,
    torn,
    late,
    ...(stop ? { stop } : {}),
  });

  while (!sealed) {
    const line = nextLine(bytes, offset - from.offset);
    if (!line) return reading();
    const at = from.offset + line.start;
    const value = unframe(line.bytes, digest);
    const entry = Entry.safeParse(value);
    if (value === undefined) torn += 1;
    else if (!entry.success) return reading({ reason: 'damage', offset: at, finding: 'this is no record' });
    else if (entry.data.s <= seq) late += 1;
    else {
      const stop = misfit(entry.data, seq, hash, at);
      if (stop) return reading(stop);
      const events = readEvents(entry.data, at);
      if (!Array.isArray(events)) return reading(events);
      const { s, t, w, x, seal } = entry.data;
      hash = digest.hash(line.bytes);
      seq = s;
      sealed = seal === true;
      accepted.push({ seq, at: t, by: w, events, x, hash });
    }
    offset = from.offset + line.end;
  }
  return reading();
}

function misfit({ s, p }: Entry, seq: Seq, hash: string, offset: number): Stop | undefined {
  if (s > seq + 1) {
    return { reason: 'damage', offset, finding: `record ${s} follows record ${seq}` };
  }
  if (p !== hash) {
    return { reason: 'damage', offset, finding: `record ${s} does not continue the record ${seq} before it` };
  }
  return undefined;
}

function readEvents({ s, v, e }: Entry, offset: number): YardEvent[] | Stop {
  if (v > journalVersion) {
    return {
      reason: 'too_new',
      offset,
      finding: `record ${s} has version ${v}; this loopyard reads up to ${journalVersion}`,
    };
  }
  const events: YardEvent[] = [];
  for (const each of e) {
    const event = YardEvent.safeParse(each);
    if (!event.success) {
      return { reason: 'too_new', offset, finding: `record ${s} holds an event this loopyard does not know` };
    }
    events.push(event.data);
  }
  return events;
}
