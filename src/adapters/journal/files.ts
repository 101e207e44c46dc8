import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  linkSync,
  openSync,
  readSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LoopyardError } from '../../domain/errors.ts';
import { errno, isMissing } from '../errno.ts';
import { writeAll } from '../write-all.ts';

/** Names inside the state directory that the store owns. */
export const storeFile = 'store.json';
export const highwaterFile = 'highwater';
export const ballastFile = 'ballast';
export const quarantineDirectory = 'quarantine';
/** Compressed generations. (`archive/` beside it is the loops'.) */
export const generationsDirectory = 'generations';

export const generationFile = (generation: number) => `journal.${generation}.log`;

export function generationsAmong(names: readonly string[]): readonly number[] {
  return names
    .flatMap((name) => /^journal\.([1-9]\d{0,8})\.log$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

// Absent on Windows, where links need a privilege and pipes have no place in a directory.
const guarded = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export const forReading = constants.O_RDONLY | guarded;
export const forAppending = constants.O_WRONLY | constants.O_APPEND | guarded;
export const forOverwriting = constants.O_RDWR | constants.O_CREAT | guarded;
const forCreating = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | guarded;

export const flushData = promisify(fdatasync);
const flush = promisify(fsync);

/** Opens a file of ours: never through a link, never blocking on a pipe, never one of somebody else. */
export function openOwn(path: string, flags: number): number {
  const fd = openSync(path, flags, 0o600);
  try {
    const problem = foreign(fstatSync(fd));
    if (problem) throw new LoopyardError('STATE_UNSAFE', `${path} ${problem}.`, { path });
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function foreign(stat: Stats): string | undefined {
  if (!stat.isFile()) return 'is not a regular file';
  if (process.getuid && stat.uid !== process.getuid()) return 'belongs to another user';
  if (process.getuid && (stat.mode & 0o022) !== 0) return 'can be written by other users';
  // Two, because a crash between link() and unlink() in publish() leaves the temporary name behind.
  if (stat.nlink > 2) return 'is linked from elsewhere';
  return undefined;
}

/** Everything from an offset to a size known to be there; shorter when the file shrank meanwhile. */
export function readFrom(fd: number, offset: number, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(Math.max(0, size - offset));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, offset + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Undefined when there is none. */
export function readOwn(path: string, limit = Number.MAX_SAFE_INTEGER): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openOwn(path, forReading);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return readFrom(fd, 0, Math.min(fstatSync(fd).size, limit));
  } finally {
    closeSync(fd);
  }
}

/** A new file with these contents, on disk when the promise resolves. */
export async function create(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
  const fd = openSync(path, forCreating, 0o600);
  try {
    for (const part of parts) writeAll(fd, part);
    await flush(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a finished file its name unless the name is taken: all see it whole or not at all. True when it was us. */
export function publish(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  } finally {
    discard(temporary);
  }
}

/** Removes a file of no further use; when that fails it stays, which harms nobody. */
export function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {}
}

/** Makes new names durable. Windows cannot flush a directory and does not need it (untested). */
export async function flushDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    await flush(fd);
  } finally {
    closeSync(fd);
  }
}

export const within = (directory: string, name: string) => join(directory, name);
