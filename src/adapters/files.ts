import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { LoopyardError } from '../domain/errors.ts';
import type { Files } from '../ports/files.ts';
import { errno, isMissing } from './errno.ts';
import { readOwn } from './open-own.ts';
import { stateError } from './state-error.ts';
import { removeTree } from './take-away.ts';

/**
 * Files below the yard's two directories, and nowhere else. A file is replaced by rename of a flushed sibling, so a
 * crash leaves the old content or the new, and perhaps a `.draft-` file. Workers can write below `place`, so a link is
 * never followed, not in the last part of a path and not out of the two directories in the parts before it, and what
 * is no regular file is no file: read as absent, and replaced by writing.
 */
export function openFiles({ home, place }: { home: string; place: string }): Files {
  const inside = async (path: string): Promise<string> => {
    const root = [home, place].find((directory) => isBelow(directory, path));
    const real = root && (await realpathOfDeepest(root));
    if (!real || !isBelow(real, join(await realpathOfDeepest(dirname(path)), basename(path)))) {
      throw new LoopyardError('INTERNAL', `"${path}" is outside the directories of this yard.`, { path });
    }
    return path;
  };
  /** Whoever works in `place` may put a directory where a file of ours belongs; in `home` nobody may. */
  const isInTheWay = async (path: string) => isBelow(place, path) && (await lstat(path)).isDirectory();

  return {
    home,
    place,
    join: (...parts) => join(...parts),

    keyOf: (path) =>
      inOurWords(path, async () => {
        const { dev, ino } = await stat(path, { bigint: true });
        return `${dev}:${ino}`;
      }),

    write: (path, text, { flush = true } = {}) =>
      inOurWords(path, async () => {
        const draft = join(dirname(await inside(path)), `.draft-${randomUUID()}`);
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        try {
          const file = await open(draft, 'wx', 0o600);
          try {
            await file.writeFile(text);
            if (flush) await file.sync();
          } finally {
            await file.close();
          }
          await rename(draft, path).catch(async (error: unknown) => {
            if (!(await isInTheWay(path))) throw error;
            await removeTree(path);
            await rename(draft, path);
          });
        } catch (error) {
          await rm(draft, { force: true });
          throw error;
        }
      }),

    makeDirectory: (path) =>
      inOurWords(path, async () => {
        await mkdir(await inside(path), { recursive: true, mode: 0o700 });
      }),

    read: (path, maxBytes = 1024 * 1024) =>
      inOurWords(path, async () => readOwn(await inside(path), maxBytes)),

    list: (path) =>
      inOurWords(path, async () => ((await readdir(await inside(path)).catch(absent)) ?? []).sort()),

    exists: (path) =>
      inOurWords(path, async () => (await lstat(await inside(path)).catch(absent)) !== undefined),

    move: (from, to) =>
      inOurWords(to, async () => {
        await inside(from);
        await mkdir(dirname(await inside(to)), { recursive: true, mode: 0o700 });
        return rename(from, to).then(
          () => true,
          (error: unknown) => {
            if (['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST', 'EISDIR'].includes(errno(error) ?? ''))
              return false;
            throw error;
          },
        );
      }),

    remove: (path) => inOurWords(path, async () => removeTree(await inside(path))),
  };
}

/** What the system says never leaves this file as it is. */
async function inOurWords<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errno(error) === undefined ? error : stateError(error, path);
  }
}

/** Compares components, so that `/yard-2` is not inside `/yard`. */
function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return isAbsolute(path) && way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Real path of the deepest part that exists, with the rest as it is. */
async function realpathOfDeepest(path: string): Promise<string> {
  return realpath(path).catch(async (error: unknown) => {
    if (!isMissing(error) || dirname(path) === path) throw error;
    return join(await realpathOfDeepest(dirname(path)), basename(path));
  });
}

function absent(error: unknown): undefined {
  if (isMissing(error) || errno(error) === 'ENOTDIR') return undefined;
  throw error;
}
