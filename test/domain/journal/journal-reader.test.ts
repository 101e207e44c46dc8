import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Digest, type Entry, frame } from '../../../src/domain/journal/journal.ts';
import { type Position, type Reading, readOn } from '../../../src/domain/journal/journal-reader.ts';

const digest: Digest = {
  crc32: (bytes) => crc32(bytes),
  hash: (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 32),
};
const start: Position = { offset: 0, seq: 0, hash: '', sealed: false };
const read = (bytes: Uint8Array, from: Position = start) => readOn(from, bytes.subarray(from.offset), digest);
const xs = ({ accepted }: Reading) => accepted.map(({ x }) => x);

let count = 0;
function entry(after: Pick<Position, 'seq' | 'hash'>, more: Partial<Entry> = {}): Entry {
  count += 1;
  const note = { id: `n-${count}`, text: 'text' };
  const e = [{ type: 'note.remembered', note }];
  return { s: after.seq + 1, p: after.hash, x: `x${count}`, w: 'test', t: 1, v: 1, e, ...more };
}
const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const line = (value: unknown) => frame(value, digest);

/** A journal of so many records, and the positions between them. */
function journal(length: number): { bytes: Uint8Array; position: Position } {
  let bytes = new Uint8Array();
  let position = start;
  for (let index = 0; index < length; index += 1) {
    bytes = join(bytes, line(entry(position)));
    position = read(bytes).position;
  }
  return { bytes, position };
}

describe('reading a journal', () => {
  test('the first of several records for a number counts, the others are late', () => {
    const first = entry(start);
    const second = entry(start);

    const reading = read(join(line(first), line(second)));

    expect(xs(reading)).toEqual([first.x]);
    expect(reading).toMatchObject({ late: 1, torn: 0, position: { seq: 1 } });
  });

  test('a line that appears twice counts once', () => {
    const bytes = line(entry(start));

    expect(read(join(bytes, bytes))).toMatchObject({ late: 1, position: { seq: 1 } });
  });

  test('a line without its end is pending, and counts when the end has come', () => {
    const { bytes } = journal(1);
    const pending = read(bytes.subarray(0, -1));

    expect(pending.accepted).toEqual([]);
    expect(read(bytes, pending.position).accepted).toHaveLength(1);
  });

  test('the newline before a record isolates the torn line of a writer that died, cut at any byte', () => {
    const whole = line(entry(start));
    const first = xs(read(whole));
    for (let cut = 0; cut < whole.length; cut += 1) {
      const next = entry(start);
      const reading = read(join(whole.subarray(0, cut), line(next)));
      // Of a line that lacks only its newline, the next writer's makes a whole one, for all readers alike.
      expect(xs(reading)).toEqual(cut === whole.length - 1 ? first : [next.x]);
      expect(reading.stop).toBeUndefined();
    }
  });

  test('a number that is skipped is damage, and so is a record with another predecessor', () => {
    const { bytes, position } = journal(2);
    const gap = join(bytes, line(entry({ ...position, seq: 3 })));
    const stranger = join(bytes, line(entry({ ...position, hash: 'other' })));

    expect(read(gap).stop).toMatchObject({ reason: 'damage', finding: 'record 4 follows record 2' });
    expect(read(stranger).stop).toMatchObject({ reason: 'damage' });
  });

  test('any bit that flips in a record with a successor is found', () => {
    const { bytes: one, position } = journal(1);
    const two = join(one, line(entry(position)));
    for (let at = 0; at < one.length; at += 1) {
      const damaged = Uint8Array.from(two);
      damaged[at] = (damaged[at] ?? 0) ^ 0x01;

      expect(read(damaged)).toMatchObject({ accepted: [], stop: { reason: 'damage' } });
    }
  });

  test('nothing counts after a seal', () => {
    const seal = entry(start, { seal: true });
    const sealed = read(line(seal));

    const reading = read(join(line(seal), line(entry(sealed.position))));

    expect(reading.position).toEqual(sealed.position);
    expect(xs(reading)).toEqual([seal.x]);
  });

  test('a version or an event from the future stops the reader, unless the record lost anyway', () => {
    const future = entry(start, { v: 99 });
    const unknown = entry(start, { e: [{ type: 'loop.teleported', id: 'x' }] });
    const winner = entry(start);

    expect(read(line(future)).stop?.reason).toBe('too_new');
    expect(read(line(unknown)).stop?.reason).toBe('too_new');
    expect(read(join(line(winner), line(future))).stop).toBeUndefined();
  });
});

/** One step of a writer: look, append what was decided at the last look, whole or torn, or append it once more. */
const steps = fc.array(
  fc.record({
    writer: fc.nat(3),
    act: fc.constantFrom('look', 'append', 'append', 'torn', 'again'),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 60 },
);

/** The file after these steps, its length after each, and the records that were appended whole. */
function play(script: readonly { writer: number; act: string; cut: number }[]) {
  const seen = [start, start, start, start];
  const lines: (Uint8Array | undefined)[] = [];
  const lengths: number[] = [];
  let bytes = new Uint8Array();
  for (const { writer, act, cut } of script) {
    if (act === 'look') seen[writer] = read(bytes).position;
    if (act === 'append' || act === 'torn') {
      const made = line(entry(seen[writer] ?? start));
      lines[writer] = made;
      bytes = join(bytes, act === 'append' ? made : made.subarray(0, Math.floor(cut * made.length)));
    }
    if (act === 'again') bytes = join(bytes, lines[writer] ?? new Uint8Array());
    lengths.push(bytes.length);
  }
  return { bytes, lengths };
}

describe('any interleaving of writers that tear, repeat and come late', () => {
  test('all readers agree, however they divide the reading', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (script, cuts) => {
        const { bytes } = play(script);
        const atOnce = read(bytes);
        let position = start;
        const accepted: string[] = [];
        for (const cut of [...cuts.toSorted((a, b) => a - b), 1]) {
          const end = Math.max(position.offset, Math.floor(cut * bytes.length));
          const part = read(bytes.subarray(0, end), position);
          accepted.push(...xs(part));
          position = part.position;
        }
        expect(atOnce.stop).toBeUndefined();
        expect(accepted).toEqual(xs(atOnce));
        expect(position).toEqual(atOnce.position);
      }),
    );
  });

  test('what was accepted stays accepted, and numbers have no gap', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { bytes, lengths } = play(script);
        let before: string[] = [];
        for (const length of lengths) {
          const reading = read(bytes.subarray(0, length));
          const now = xs(reading);
          expect(now.slice(0, before.length)).toEqual(before);
          expect(reading.accepted.map(({ seq }) => seq)).toEqual(now.map((_, index) => index + 1));
          before = now;
        }
      }),
    );
  });
});
