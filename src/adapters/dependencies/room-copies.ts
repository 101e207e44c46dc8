import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PlacedDependencies, RoomPlaces } from '../../ports/dependencies.ts';
import { errno, isMissing } from '../errno.ts';
import { copyTree } from './copy-tree.ts';
import { withEntry } from './entries.ts';
import {
  type Base,
  Copy,
  copyFile,
  isThere,
  looksAt,
  readRecord,
  spareFolder,
  throwAway,
  together,
  writeRecord,
} from './layout.ts';
import { statDigest } from './tree-proof.ts';

/** Where a room keeps its copies: one folder each, named by the copy's id. */
const copiesOf = (room: RoomPlaces) => join(room.folder, 'dependencies');

/**
 * Puts back the copies that a pooled room has kept, where they are wanted and exactly as they were put in before. What
 * a check changed in them, and what nobody wants any more, goes: it must not reach the next.
 */
export async function restoreCopies(
  base: Base,
  room: RoomPlaces,
  keys: readonly string[],
): Promise<readonly PlacedDependencies[]> {
  await releaseCopies(base, room);
  const placed: PlacedDependencies[] = [];
  for (const id of await namesIn(copiesOf(room))) {
    const folder = join(copiesOf(room), id);
    const copy = await readRecord(Copy, copyFile(base, id));
    const wanted = copy && keys.includes(copy.key) && !placed.some(({ key }) => key === copy.key);
    if (copy && wanted && (await isProven(copy, folder))) {
      placed.push(await moveIn(room, id, copy, 'kept'));
      continue;
    }
    if (copy && wanted)
      base.log('info', 'dependencies of a room were altered by a check; they are not used again', {
        key: copy.key,
      });
    await dropCopy(base, id, folder);
  }
  return placed;
}

/** A spare copy where one waits, or else a new one. */
export async function placeCopy(
  base: Base,
  key: string,
  room: RoomPlaces,
): Promise<PlacedDependencies | undefined> {
  await mkdir(copiesOf(room), { recursive: true, mode: 0o700 });
  for (const id of await namesIn(spareFolder(base, key))) {
    const folder = join(copiesOf(room), id);
    // Whoever renames it first has it.
    if (!(await moved(join(spareFolder(base, key), id), folder))) continue;
    const copy = await readRecord(Copy, copyFile(base, id));
    if (copy && (await isProven(copy, folder))) return moveIn(room, id, copy, 'spare');
    base.log('warn', 'a spare copy of dependencies was altered; it is not used', { key });
    await dropCopy(base, id, folder);
  }
  const id = randomUUID();
  const folder = join(copiesOf(room), id);
  const copy = await copyEntry(base, key, id, folder);
  if (!copy) return undefined;
  return moveIn(room, id, copy, 'copied');
}

/** Makes a spare copy unless one waits. It gets its name when it is complete. */
export async function makeSpare(base: Base, key: string): Promise<void> {
  if ((await namesIn(spareFolder(base, key))).length > 0) return;
  const id = randomUUID();
  const draft = join(base.folder, 'drafts', `spare-${id}`);
  if (!(await copyEntry(base, key, id, draft))) return;
  await mkdir(spareFolder(base, key), { recursive: true, mode: 0o700 });
  await rename(draft, join(spareFolder(base, key), id));
}

async function copyEntry(base: Base, key: string, id: string, to: string): Promise<Copy | undefined> {
  const copy = await withEntry(base, key, async (entry, from): Promise<Copy> => {
    await mkdir(to, { recursive: true, mode: 0o700 });
    const source = together(entry, from);
    const target = together(entry, to);
    for (const [i, path] of source.results.entries()) await copyTree(path, target.results[i] ?? '');
    if (entry.hasBeside) await copyTree(source.beside, target.beside);
    const { version, results, hasBeside, scratch, prefix, relocated } = entry;
    const bare = { version, key, results, hasBeside, scratch, prefix, relocated };
    const { digest } = await statDigest(looksAt({ ...bare, stat: '' }, target));
    return { ...bare, stat: digest };
  });
  if (copy) await writeRecord(copyFile(base, id), copy);
  else await throwAway(base, to);
  return copy;
}

async function isProven(copy: Copy, folder: string): Promise<boolean> {
  const { digest } = await statDigest(looksAt(copy, together(copy, folder))).catch(() => ({ digest: '' }));
  return digest === copy.stat;
}

/** The results into the tree; what belongs beside it stays, with the files written anew that name their folder. */
async function moveIn(
  room: RoomPlaces,
  id: string,
  copy: Copy,
  how: PlacedDependencies['how'],
): Promise<PlacedDependencies> {
  const at = together(copy, join(copiesOf(room), id));
  const leftOut: string[] = [];
  for (const [i, result] of copy.results.entries()) {
    const target = join(room.path, result);
    const free = (await isOwnFolder(room, dirname(target))) && !(await isThere(target));
    if (!free || !(await moved(at.results[i] ?? '', target))) leftOut.push(result);
  }
  for (const { way, text, mode } of copy.relocated) {
    const file = join(at.beside, way);
    await rm(file, { recursive: true, force: true });
    await writeFile(file, text.replaceAll(copy.prefix, at.beside), { mode, flag: 'wx' });
  }
  return { key: copy.key, how, beside: copy.hasBeside ? at.beside : undefined, leftOut };
}

/** Whether a folder is there and lies in the room by its own names; a link of the tree may lead anywhere in it. */
async function isOwnFolder(room: RoomPlaces, folder: string): Promise<boolean> {
  const [top, real] = await Promise.all([realpath(room.path), realpath(folder).catch(() => undefined)]);
  return real !== undefined && real === top + folder.slice(room.path.length);
}

/**
 * Takes what was put into the tree out again, beside it, without its scratch folders. Whatever a check made of it comes
 * along: the proof decides before the next use.
 */
export async function releaseCopies(base: Base, room: RoomPlaces): Promise<void> {
  for (const id of await namesIn(copiesOf(room))) {
    const folder = join(copiesOf(room), id);
    if (!(await lstat(folder)).isDirectory()) continue;
    const copy = await readRecord(Copy, copyFile(base, id));
    if (!copy) {
      await dropCopy(base, id, folder);
      continue;
    }
    const at = together(copy, folder);
    for (const [i, result] of copy.results.entries()) {
      const kept = at.results[i] ?? '';
      if (!(await isThere(kept)) && (await isOwnFolder(room, dirname(join(room.path, result)))))
        await moved(join(room.path, result), kept);
    }
    for (const { path, skip } of looksAt({ ...copy, relocated: [] }, at))
      for (const way of skip) if (await isOwnScratch(path, way)) await throwAway(base, join(path, way));
  }
}

/** A scratch folder that is there, with no link on the way to it. */
async function isOwnScratch(path: string, way: string): Promise<boolean> {
  const folder = dirname(join(path, way));
  try {
    const whole = (await realpath(path)) + folder.slice(path.length);
    return (await realpath(folder)) === whole && (await isThere(join(path, way)));
  } catch (error) {
    if (isMissing(error) || errno(error) === 'ENOTDIR') return false;
    throw error;
  }
}

async function dropCopy(base: Base, id: string, folder: string): Promise<void> {
  await throwAway(base, folder);
  await rm(copyFile(base, id), { force: true });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error) || errno(error) === 'ENOTDIR') return [];
    throw error;
  });
  return names.filter((name) => /^[0-9a-f-]{36}$/.test(name));
}

/** Whether it could be moved: what is not there, or has been taken by another, could not. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '')) return false;
    throw error;
  }
}
