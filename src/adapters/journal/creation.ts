import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import * as z from 'zod';
import { LoopyardError } from '../../domain/errors.ts';
import { journalVersion } from '../../domain/journal/journal.ts';
import { frameSnapshot, readSnapshot } from '../../domain/journal/journal-snapshot.ts';
import { emptyYard } from '../../domain/yard.ts';
import { damaged } from './damage.ts';
import { journalDigest } from './digest.ts';
import {
  ballastFile,
  create,
  flushDirectory,
  generationFile,
  generationsDirectory,
  publish,
  quarantineDirectory,
  readOwn,
  storeFile,
  within,
} from './files.ts';
import { readHighwater } from './highwater.ts';
import { createStateDirectory } from './state-directory.ts';

/** `store.json`: which store this is, and who may use it. Fields are only ever added. */
const StoreFile = z.object({
  format: z.literal('loopyard store'),
  id: z.string().min(1),
  version: z.number().int().positive(),
  minimumReader: z.number().int().positive(),
  minimumWriter: z.number().int().positive(),
  /** The loopyard release to install when this one is too old. */
  needs: z.string().max(40).optional(),
});
export type StoreFile = z.infer<typeof StoreFile>;

/** Space that is given up when the disk is full, so that loops can still be stopped and judged. */
const ballastBytes = 1024 * 1024;

/**
 * Creates an empty store. The directory may exist already, made by somebody who keeps other things there: then the
 * finished files are linked into it, the journal first. A crash between the two links leaves a journal without a
 * record, and the next one to create adds what is missing.
 */
export async function createStore(directory: string): Promise<void> {
  const id = randomUUID();
  const outcome = await createStateDirectory(directory, (sibling) => fill(sibling, id));
  if (outcome === 'exists') await createWithin(directory, id);
}

async function fill(directory: string, id: string): Promise<void> {
  const snapshot = { store: id, generation: 1, hash: '', yard: emptyYard };
  await create(within(directory, generationFile(1)), frameSnapshot(snapshot, journalDigest));
  await create(within(directory, storeFile), storeFileBytes(id));
  await create(within(directory, ballastFile), ballast());
  await mkdir(within(directory, quarantineDirectory), { mode: 0o700 });
  await mkdir(within(directory, generationsDirectory), { mode: 0o700 });
}

async function createWithin(directory: string, id: string): Promise<void> {
  if (readOwn(within(directory, storeFile))) return;
  const temporary = within(directory, `journal.${randomUUID()}.tmp`);
  const snapshot = { store: id, generation: 1, hash: '', yard: emptyYard };
  await create(temporary, frameSnapshot(snapshot, journalDigest));
  publish(temporary, within(directory, generationFile(1)));
  const owner = unfinishedStore(directory);
  if (owner !== undefined) await complete(directory, owner);
}

/** The id of a store whose creation was interrupted: a journal without a single record, and nothing beside it. */
export function unfinishedStore(directory: string): string | undefined {
  if (readHighwater(directory) || readOwn(within(directory, storeFile))) return undefined;
  const bytes = readOwn(within(directory, generationFile(1)));
  const head = bytes && readSnapshot(bytes, journalDigest);
  if (!head || 'finding' in head || bytes.length > head.position.offset) return undefined;
  return head.position.seq === 0 ? head.store : undefined;
}

async function complete(directory: string, id: string): Promise<void> {
  const temporary = within(directory, `store.${randomUUID()}.tmp`);
  await create(temporary, storeFileBytes(id));
  publish(temporary, within(directory, storeFile));
  await flushDirectory(directory);
}

function storeFileBytes(id: string): Buffer {
  const content: StoreFile = {
    format: 'loopyard store',
    id,
    version: journalVersion,
    minimumReader: 1,
    minimumWriter: 1,
  };
  return Buffer.from(`${JSON.stringify(content)}\n`);
}

/** Random, so that no file system compresses it away. */
export function ballast(): Buffer {
  return randomBytes(ballastBytes);
}

/** Undefined when there is none. Throws when it is damaged, or asks for a newer reader. */
export function readStoreFile(directory: string): StoreFile | undefined {
  const bytes = readOwn(within(directory, storeFile), 64 * 1024);
  if (!bytes) return undefined;
  const content = StoreFile.safeParse(parse(bytes));
  if (!content.success) {
    throw damaged(directory, storeFile, { reason: 'damage', offset: 0, finding: 'this is no store file' });
  }
  if (content.data.minimumReader > journalVersion) throw tooNew(directory, content.data, 'read');
  return content.data;
}

export function refuseOldWriter(directory: string, content: StoreFile): void {
  if (content.minimumWriter > journalVersion) throw tooNew(directory, content, 'write');
}

function tooNew(
  directory: string,
  { needs, minimumReader, minimumWriter }: StoreFile,
  verb: 'read' | 'write',
) {
  const release = needs === undefined ? 'a newer loopyard' : `loopyard ${needs} or newer`;
  return new LoopyardError('STATE_TOO_NEW', `To ${verb} the state in ${directory}, install ${release}.`, {
    path: directory,
    minimumReader,
    minimumWriter,
    supported: journalVersion,
    needs,
  });
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
