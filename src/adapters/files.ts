import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { LoopyardError } from '../domain/errors.ts';
import type { Files } from '../ports/files.ts';

/**
 * Files below the yard's two directories, and nowhere else. A file is replaced by rename of a flushed sibling, so a
 * crash leaves the old content or the new, and perhaps a `.draft-` file. A link is never followed: not in the last
 * part of a path, and not out of the two directories in the parts before it.
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

  return {
    home,
    place,
    join: (...parts) => join(...parts),

    async keyOf(path) {
      const { dev, ino } = await stat(path, { bigint: true });
      return `${dev}:${ino}`;
    },

    async write(path, text) {
      const draft = join(dirname(await inside(path)), `.draft-${randomUUID()}`);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      try {
        const file = await open(draft, 'wx', 0o600);
        try {
          await file.writeFile(text);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(draft, path);
      } catch (cause) {
        await rm(draft, { force: true });
        throw unwritable(path, cause);
      }
    },

    async read(path, maxBytes = 1024 * 1024) {
      const file = await open(await inside(path), constants.O_RDONLY | noFollow).catch(absent);
      if (!file) return undefined;
      try {
        const buffer = Buffer.alloc(Math.min(maxBytes, (await file.stat()).size));
        let length = 0;
        for (let bytes = -1; bytes !== 0 && length < buffer.length; length += bytes) {
          ({ bytesRead: bytes } = await file.read(buffer, length, buffer.length - length, length));
        }
        return buffer.subarray(0, length).toString();
      } finally {
        await file.close();
      }
    },

    async append(path, line) {
      await mkdir(dirname(await inside(path)), { recursive: true, mode: 0o700 });
      try {
        const file = await open(
          path,
          constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noFollow,
          0o600,
        );
        // One write, so that the lines of two processes do not mix.
        await file.write(`${line}\n`).finally(() => file.close());
      } catch (cause) {
        throw unwritable(path, cause);
      }
    },

    async list(path) {
      return ((await readdir(await inside(path)).catch(absent)) ?? []).sort();
    },

    async exists(path) {
      return (await lstat(await inside(path)).catch(absent)) !== undefined;
    },

    async remove(path) {
      const trash = join(dirname(await inside(path)), `.trash-${randomUUID()}`);
      const moved = await rename(path, trash).then(() => true, absent);
      if (moved) await rm(trash, { recursive: true, force: true });
    },
  };
}

/** Not there on Windows, where links need a privilege (untested). */
const noFollow = constants.O_NOFOLLOW ?? 0;

/** Compares components, so that `/yard-2` is not inside `/yard`. */
function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return isAbsolute(path) && way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Real path of the deepest part that exists, with the rest as it is. */
async function realpathOfDeepest(path: string): Promise<string> {
  return realpath(path).catch(async (error: unknown) => {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await realpathOfDeepest(dirname(path)), basename(path));
  });
}

function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
  throw error;
}

function unwritable(path: string, cause: unknown): LoopyardError {
  if (codeOf(cause) === 'ENOSPC')
    return new LoopyardError('DISK_FULL', `No space is left for "${path}".`, {}, { cause });
  return new LoopyardError(
    'STATE_UNWRITABLE',
    `"${path}" cannot be written.`,
    { code: codeOf(cause) },
    { cause },
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
