import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import type { Dependencies } from '../../ports/dependencies.ts';
import { errno } from '../errno.ts';
import { openOwn } from '../open-own.ts';
import { isThere } from './layout.ts';

/**
 * Copies regular files from one tree into another. Neither end is reached through a link: a link in the checkout could
 * fetch what lies elsewhere, and one in the target could put it there.
 */
export const copyFiles: Dependencies['copyFiles'] = async (from, to, paths, limit) => {
  const copied: string[] = [];
  const skipped: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const source = join(from, path);
    const stats = (await isPlain(from, path)) ? await lstat(source).catch(() => undefined) : undefined;
    const fits = stats?.isFile() && copied.length < limit.files && bytes + stats.size <= limit.bytes;
    if (stats && fits && (await isPlaced(source, to, path))) {
      bytes += stats.size;
      copied.push(path);
    } else skipped.push(path);
  }
  return { copied, skipped };
};

async function isPlaced(source: string, to: string, path: string): Promise<boolean> {
  if (!(await isFree(to, path))) return false;
  try {
    await copyFile(source, join(to, path), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
}

export const fileDigest: Dependencies['fileDigest'] = async (folder, path) => {
  const file = (await isPlain(folder, path))
    ? await openOwn(join(folder, path), constants.O_RDONLY)
    : undefined;
  if (!file) return '';
  try {
    return createHash('sha256')
      .update(await file.readFile())
      .digest('hex');
  } finally {
    await file.close();
  }
};

/** Answers the paths that were linked. */
export const linkPaths: Dependencies['linkPaths'] = async (from, to, paths) => {
  const linked: string[] = [];
  for (const path of paths) {
    if (!(await isPlain(from, path)) || !(await isThere(join(from, path)))) continue;
    if (!(await isFree(to, path))) continue;
    await symlink(join(from, path), join(to, path));
    linked.push(path);
  }
  return linked;
};

/** A path below a folder that says what it means and has no link on the way. */
async function isPlain(folder: string, path: string): Promise<boolean> {
  const inner = normalize(path);
  if (
    inner.startsWith('..') ||
    inner.startsWith(sep) ||
    inner === '.' ||
    /(?:^|[\\/])\.git(?:[\\/]|$)/i.test(inner)
  )
    return false;
  const parent = dirname(join(folder, inner));
  const real = await realpath(parent).catch(() => undefined);
  return real !== undefined && real === (await realpath(folder)) + parent.slice(normalize(folder).length);
}

/** Nothing lies there, and the folders on the way are or become real ones. */
async function isFree(to: string, path: string): Promise<boolean> {
  const parts = dirname(normalize(path))
    .split(sep)
    .filter((part) => part !== '.');
  let at = to;
  for (const part of parts) {
    at = join(at, part);
    await mkdir(at).catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error;
    });
    if (!(await lstat(at)).isDirectory()) return false;
  }
  return !(await isThere(join(to, path)));
}
