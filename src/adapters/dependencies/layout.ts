import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { Identity, type Liveness } from '../../domain/lease.ts';
import type { Gate } from '../../ports/gate.ts';
import type { Log } from '../../ports/log.ts';
import { isMissing } from '../errno.ts';
import { readOwn } from '../open-own.ts';
import { deleteTrash, takeAway } from '../take-away.ts';
import type { Look } from './tree-proof.ts';

/** What all parts of the cache stand on. */
export interface Base {
  /** The cache: beside the places of all yards of this user, so that copies are renamed into rooms. */
  readonly folder: string;
  /** Home of this yard, which says whose runs a draft names. */
  readonly home: string;
  readonly self: Identity;
  liveness(identity: Identity): Liveness;
  readonly gate: Gate;
  readonly log: Log;
}

/** A file whose text names the folder it was made in. It is written anew for every place, and so needs no proof. */
export const Relocated = z.strictObject({ way: z.string(), text: z.string(), mode: z.number().int() });
export type Relocated = z.infer<typeof Relocated>;

/** A complete prepared tree: `ready/<key>/entry.json`, the results as `0`, `1` …, and `beside`. */
export const Entry = z.strictObject({
  version: z.literal(1),
  key: z.string(),
  manager: z.string(),
  /** Where in a tree `0`, `1` … belong. */
  results: z.array(z.string()),
  hasBeside: z.boolean(),
  scratch: z.array(z.string()),
  /** The folder beside the tree as the files in `relocated` name it. */
  prefix: z.string(),
  relocated: z.array(Relocated),
  files: z.number(),
  bytes: z.number(),
  /** Of every content; made once. */
  content: z.string(),
  /** What the file system said after that. */
  stat: z.string(),
  madeAt: z.number(),
});
export type Entry = z.infer<typeof Entry>;

/** A copy of an entry, wherever it is at the moment. The file is the only place where its proof is written. */
export const Copy = Entry.pick({
  version: true,
  key: true,
  results: true,
  hasBeside: true,
  scratch: true,
  prefix: true,
  relocated: true,
  stat: true,
});
export type Copy = z.infer<typeof Copy>;

export const DraftMark = z.strictObject({
  key: z.string(),
  owner: Identity,
  home: z.string(),
  run: z.string(),
});
export type DraftMark = z.infer<typeof DraftMark>;

export const besideName = 'beside';
export const readyFolder = ({ folder }: Base, key: string) => join(folder, 'ready', key);
export const usedFile = ({ folder }: Base, key: string) => join(folder, 'used', key);
export const spareFolder = ({ folder }: Base, key: string) => join(folder, 'spares', key);
export const copyFile = ({ folder }: Base, id: string) => join(folder, 'copies', `${id}.json`);
export const holdsFolder = ({ folder }: Base) => join(folder, 'holds');
export const draftsFolder = ({ folder }: Base) => join(folder, 'drafts');

/** What is looked at to prove a copy whose parts lie at these paths. */
export function looksAt(
  copy: Copy | Entry,
  at: { results: readonly string[]; beside: string },
): readonly Look[] {
  const looks = copy.results.map((result, i) => {
    const name = result.slice(result.lastIndexOf('/') + 1);
    return { path: at.results[i] ?? '', label: result, skip: new Set(below(copy.scratch, name)) };
  });
  if (!copy.hasBeside) return looks;
  const skip = new Set([...copy.scratch, ...copy.relocated.map(({ way }) => way)]);
  return [...looks, { path: at.beside, label: besideName, skip }];
}

const below = (scratch: readonly string[], name: string) =>
  scratch.flatMap((way) => (way.startsWith(`${name}/`) ? [way.slice(name.length + 1)] : []));

/** The parts of a copy that lie together in one folder. */
export function together(copy: Copy | Entry, folder: string) {
  return { results: copy.results.map((_, i) => join(folder, String(i))), beside: join(folder, besideName) };
}

export async function readRecord<T>(schema: z.ZodType<T>, file: string): Promise<T | undefined> {
  const text = await readOwn(file, mostRecordBytes);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const mostRecordBytes = 64 * 1024 * 1024;

export async function writeRecord(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(value));
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Out of the way at once; the deletion goes on by itself, and what it cannot delete is swept later. */
export async function throwAway(base: Pick<Base, 'log'>, path: string): Promise<void> {
  for (const trash of await takeAway(path))
    void deleteTrash(trash).catch((error: unknown) =>
      base.log('warn', 'an old copy of dependencies could not be deleted', {
        path: trash,
        error: String(error),
      }),
    );
}

export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}
