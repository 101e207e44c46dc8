import { readdirSync } from 'node:fs';
import type { Recorded, Seq } from '../../domain/journal/journal.ts';
import { type Accepted, readOn } from '../../domain/journal/journal-reader.ts';
import { readSnapshot } from '../../domain/journal/journal-snapshot.ts';
import { damaged } from './damage.ts';
import { journalDigest } from './digest.ts';
import { generationFile, generationsAmong, readOwn, within } from './files.ts';

/**
 * Recorded transactions after a sequence number, from the generations that are kept. What is older lies compressed in
 * `generations/` and is left out without a word: the number of the first record returned tells how far back it goes.
 */
export function readHistory(directory: string, after: Seq, limit: number): readonly Recorded[] {
  const parts: Accepted[][] = [];
  let successor: { seq: Seq; hash: string } | undefined;
  for (const generation of generationsAmong(readdirSync(directory)).toReversed()) {
    const part = readGeneration(directory, generation, successor);
    if (!part) break;
    parts.unshift(part.accepted);
    successor = part.begins;
    if (successor.seq <= after) break;
  }
  return parts
    .flat()
    .filter(({ seq }) => seq > after)
    .slice(0, Math.max(0, limit))
    .map(({ seq, at, by, events }) => ({ seq, at, by, events }));
}

/** A generation must end where the one after it begins, otherwise something is missing and is said to be. */
function readGeneration(directory: string, generation: number, successor?: { seq: Seq; hash: string }) {
  const file = generationFile(generation);
  const bytes = readOwn(within(directory, file));
  // Archived since the directory was listed.
  if (!bytes) return undefined;
  const head = readSnapshot(bytes, journalDigest);
  if ('finding' in head) throw damaged(directory, file, head);
  const { position, accepted, stop } = readOn(
    head.position,
    bytes.subarray(head.position.offset),
    journalDigest,
  );
  if (stop) throw damaged(directory, file, stop);
  if (successor && (position.seq !== successor.seq || position.hash !== successor.hash || !position.sealed)) {
    const finding = `it ends with record ${position.seq}, but the next generation continues record ${successor.seq}`;
    throw damaged(directory, file, { reason: 'damage', offset: position.offset, finding });
  }
  return { accepted: [...accepted], begins: { seq: head.position.seq, hash: head.hash } };
}
