import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, unlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { canBeSnapshot, frameSnapshot } from '../../domain/journal/journal-snapshot.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Log } from '../../ports/log.ts';
import { journalDigest } from './digest.ts';
import {
  create,
  discard,
  generationFile,
  generationsAmong,
  generationsDirectory,
  publish,
  readOwn,
  within,
} from './files.ts';
import type { Following } from './follower.ts';

/**
 * A generation is closed at either bound. Opening costs what has to be replayed, about 0.1 ms for each record and 10 ms
 * in any case, and few processes of this program live long.
 */
const mostRecords = 128;
const mostBytes = 512 * 1024;
/** Seven full ones and the one being written: `history` reaches back 896 records at least, unless they are large. */
const keptGenerations = 8;

/** Is it time to close this generation? A yard that could not be read back as a snapshot never closes it. */
export function sealIsDue({ start, position }: Following, yard: Yard): boolean {
  const records = position.seq - start.seq + 1;
  const bytes = position.offset - start.offset;
  // Few but large records: what is written as snapshots stays a fraction of what is written as records.
  const due = records >= mostRecords || bytes >= Math.max(mostBytes, start.offset);
  return due && canBeSnapshot(yard);
}

/**
 * Begins the generation after a sealed one. Everybody who meets the seal may do it, since all derive the same yard;
 * the first to publish wins and the others use his file. A crash before leaves a temporary file.
 */
export async function beginNextGeneration(directory: string, sealed: Following, yard: Yard): Promise<void> {
  const generation = sealed.generation + 1;
  const temporary = within(directory, `journal.${randomUUID()}.tmp`);
  const snapshot = { store: sealed.store.id, generation, hash: sealed.position.hash, yard };
  try {
    await create(temporary, frameSnapshot(snapshot, journalDigest));
  } catch (error) {
    discard(temporary);
    throw error;
  }
  publish(temporary, within(directory, generationFile(generation)));
}

/** Compresses generations beyond the kept ones into `generations/`. Never in anybody's way: a failure waits for next time. */
export async function archiveOldGenerations(directory: string, log: Log): Promise<void> {
  try {
    const old = generationsAmong(readdirSync(directory)).slice(0, -keptGenerations);
    for (const generation of old) await archive(directory, generationFile(generation));
  } catch (error) {
    log('warn', 'Old parts of the journal could not be archived.', { directory, error });
  }
}

async function archive(directory: string, file: string): Promise<void> {
  const bytes = readOwn(within(directory, file));
  if (!bytes) return;
  const target = within(directory, generationsDirectory);
  await mkdir(target, { recursive: true, mode: 0o700 });
  const temporary = within(target, `${file}.${randomUUID()}.tmp`);
  await create(temporary, await promisify(gzip)(bytes));
  renameSync(temporary, within(target, `${file}.gz`));
  unlinkSync(within(directory, file));
}
