import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errno, isMissing } from './errno.ts';

/** Takes a tree out of the way at once and deletes it afterwards. What is not there is removed already. */
export async function removeTree(path: string): Promise<void> {
  for (const trash of await takeAway(path)) await deleteTrash(trash);
}

/**
 * Renames what lies at `path` to a `.trash-` sibling, so that nobody ever meets half of it; a link goes itself, never
 * what it leads to. Answers what is now to be deleted: that, and what a removal that did not end left behind.
 */
export async function takeAway(path: string): Promise<string[]> {
  const [parent, prefix] = [dirname(path), `.trash-${basename(path).slice(0, 100)}-`];
  await rename(path, join(parent, `${prefix}${randomUUID()}`)).catch(absent);
  const names = (await readdir(parent).catch(absent)) ?? [];
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(parent, name));
}

/** Two may delete the same leftover at once, so a directory that is not empty is tried again. */
export async function deleteTrash(trash: string): Promise<void> {
  await rm(trash, { recursive: true, force: true, maxRetries: 3 });
}

function absent(error: unknown): undefined {
  if (isMissing(error) || errno(error) === 'ENOTDIR') return undefined;
  throw error;
}
