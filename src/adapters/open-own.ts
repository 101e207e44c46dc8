import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errno } from './errno.ts';

/**
 * Opens a regular file, or says undefined when none is there. What a worker put in its place is no file of ours: a link
 * is not followed, a pipe is not waited for, a device is not read. `flags` as for open(2); any other failure is thrown
 * as it comes.
 */
export async function openOwn(path: string, flags: number, mode?: number): Promise<FileHandle | undefined> {
  const file = await open(path, flags | careful, mode).catch(notAFile);
  if (!file) return undefined;
  try {
    if ((await file.stat()).isFile()) return file;
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

/** At most `maxBytes` of such a file, as text. */
export async function readOwn(path: string, maxBytes: number): Promise<string | undefined> {
  const file = await openOwn(path, constants.O_RDONLY);
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
}

/** The same as openOwn for callers that cannot wait; the descriptor is theirs to close. */
export function openOwnSync(path: string, flags: number, mode?: number): number | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, flags | careful, mode);
    if (fstatSync(file).isFile()) return file;
  } catch (error) {
    if (file !== undefined) closeSync(file);
    return notAFile(error);
  }
  closeSync(file);
  return undefined;
}

/** Neither flag exists on Windows, where links need a privilege and there are no pipes in directories (untested). */
const careful = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** ELOOP (EMLINK on some BSDs): a link. ENXIO: a socket, or a pipe nobody reads. EISDIR: a directory, when writing. */
const noFile: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK', 'ENXIO', 'EISDIR']);

function notAFile(error: unknown): undefined {
  if (noFile.has(errno(error) ?? '')) return undefined;
  throw error;
}
