import { lstat, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoomPlace } from '../../ports/git.ts';
import { isMissing } from '../errno.ts';
import type { GitCommand } from './command.ts';
import type { Repository } from './repository.ts';
import { at } from './room-directories.ts';
import { indexOf, layerOf, readRecord } from './room-record.ts';
import { noMode, pieces, textOf } from './tree-objects.ts';

const watchedOf = (record: string) => join(record, 'watched');

/**
 * For a room that others than its checks can write in. Git compares times by the second, so what is edited within the
 * second in which the room was made, to the same length, looks untouched to it: an index from long ago makes it compare
 * contents. And the moment is noted from which on nothing was to be written.
 */
export async function watchRoom({ record, again }: RoomPlace & { again: boolean }): Promise<void> {
  const { settled } = await readRecord(record);
  for (const index of [layerOf(record), ...(settled ? [] : [indexOf(record)])]) {
    await utimes(index, 1, 1).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
  // Of a room that was found again the first moment counts, should there have been one.
  await writeFile(watchedOf(record), '', { mode: 0o600, flag: again ? 'a' : 'w' });
}

/**
 * Tracked files that were written since the room is watched, whatever is in them now: nobody can put back the time at
 * which a content or a time was put back.
 */
export async function touchedFiles(
  git: Repository['git'],
  here: Pick<GitCommand, 'gitDir' | 'workTree' | 'index' | 'config' | 'env'>,
  { path, record }: RoomPlace,
): Promise<readonly string[]> {
  const { ctimeNs: since } = await stat(watchedOf(record), { bigint: true });
  const { changes } = await readRecord(record);
  const files = new Set(pieces((await git.run({ ...here, args: ['ls-files', '-z'] })).stdout));
  for (const change of changes) {
    if (change.mode === noMode) files.delete(change.path);
    else files.add(change.path);
  }
  const touched: string[] = [];
  for (const file of files) {
    const now = await lstat(at(path, file), { bigint: true }).catch(() => undefined);
    if (now && now.ctimeNs > since) touched.push(textOf(file));
  }
  return touched.sort();
}
