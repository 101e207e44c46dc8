import { lstatSync } from 'node:fs';
import { chmod, lstat, open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { isMissing } from '../errno.ts';
import { bytesOf, gitlinkMode, type TreeFile } from './tree-objects.ts';

/**
 * Which names lie in a room. An index knows its own files, and git, asked for others, skips whatever is called `.git`;
 * so we look for ourselves: once, when a room is put in order, everything is read and what is not of the tree is removed;
 * and how each directory then looks (inode, mode, time of its last change) is written down. A name that comes or goes
 * changes that time, and nobody can put it back, so before the next use one look at each directory proves that nothing
 * was added, however it is called and whoever ignores it.
 */
export async function removeForeign(room: string, files: readonly TreeFile[]): Promise<string[]> {
  const names = namesByDirectory(files);
  const directories = [...names.keys()];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < directories.length; i = next++) {
      const directory = directories[i] ?? '';
      if (await isOpenDirectory(at(room, directory)))
        await removeOthers(room, directory, names.get(directory) ?? new Map());
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return directories;
}

type Kind = 'file' | 'directory';

/** For every directory of a tree what belongs in it; parents before what is in them. */
function namesByDirectory(files: readonly TreeFile[]): Map<string, Map<string, Kind>> {
  const directories = new Map<string, Map<string, Kind>>([['', new Map()]]);
  const enter = (directory: string): Map<string, Kind> => {
    const known = directories.get(directory);
    if (known) return known;
    const slash = directory.lastIndexOf('/');
    enter(slash < 0 ? '' : directory.slice(0, slash)).set(directory.slice(slash + 1), 'directory');
    const names = new Map<string, Kind>();
    directories.set(directory, names);
    return names;
  };
  for (const { path, mode } of files) {
    const slash = path.lastIndexOf('/');
    if (mode === gitlinkMode) enter(path);
    else enter(slash < 0 ? '' : path.slice(0, slash)).set(path.slice(slash + 1), 'file');
  }
  return directories;
}

async function removeOthers(
  room: string,
  directory: string,
  names: ReadonlyMap<string, Kind>,
): Promise<void> {
  const options = { withFileTypes: true, encoding: 'latin1' } as const;
  for (const entry of await readdir(at(room, directory), options as { withFileTypes: true })) {
    const kind = names.get(entry.name);
    if (kind === 'directory' && entry.isDirectory()) continue;
    if (kind === 'file' && !entry.isDirectory()) continue;
    await removeAt(at(room, directory === '' ? entry.name : `${directory}/${entry.name}`));
  }
}

/** A check may have closed a directory to itself, and so to us. */
async function removeAt(path: Buffer): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await openUp(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  });
}

async function openUp(path: Buffer): Promise<void> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path, { encoding: 'buffer' }))
    await openUp(Buffer.concat([path, Buffer.from('/'), name]));
}

/** False for what is not there, which checking out makes again, and for a link in its place, which was removed. */
async function isOpenDirectory(path: Buffer): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isDirectory()) return false;
  if ((stats.mode & 0o700) !== 0o700) await chmod(path, 0o755);
  return true;
}

/**
 * Writes down how the directories look. Times are of the file system's own clock, and one that stands at this very
 * instant could hide a change that is still to come, so the clock is waited for first.
 */
export async function writeDirectories(
  room: string,
  directories: readonly string[],
  file: string,
): Promise<void> {
  await tick(`${file}.clock`);
  const lines: string[] = [];
  await inSlices(directories, (directory) => {
    const look = lookAt(room, directory);
    if (look === undefined) throw new Error(`A directory went away: ${directory}`);
    lines.push(`${look} ${JSON.stringify(directory)}`);
  });
  await writeFile(file, lines.join('\n'), { mode: 0o600 });
}

/** The first directory that is not as it was written down, or undefined. */
export async function changedDirectory(room: string, file: string): Promise<string | undefined> {
  let changed: string | undefined;
  await inSlices((await readFile(file, 'utf8')).split('\n'), (line) => {
    if (changed !== undefined) return;
    const split = line.indexOf(' "');
    const directory = String(JSON.parse(line.slice(split + 1)));
    if (lookAt(room, directory) !== line.slice(0, split)) changed = directory;
  });
  return changed;
}

/** Synchronous, because a thousand of these through the thread pool cost ten times as much; the loop turns between slices. */
async function inSlices<T>(all: readonly T[], visit: (one: T) => void): Promise<void> {
  for (let i = 0; i < all.length; i += 250) {
    for (const one of all.slice(i, i + 250)) visit(one);
    await turn();
  }
}

function lookAt(room: string, directory: string): string | undefined {
  const stats = lstatSync(at(room, directory), { bigint: true, throwIfNoEntry: false });
  if (!stats?.isDirectory()) return undefined;
  return `${stats.dev}:${stats.ino}:${stats.mode}:${stats.uid}:${stats.ctimeNs}`;
}

/** Waits until the clock of the file system has moved on. */
async function tick(file: string): Promise<void> {
  const first = await touch(file);
  for (let tries = 0; tries < 1_000; tries++) {
    if ((await touch(file)) > first) break;
    await pause(1);
  }
  await unlink(file);
}

async function touch(file: string): Promise<bigint> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.write('x');
    return (await handle.stat({ bigint: true })).ctimeNs;
  } finally {
    await handle.close();
  }
}

/** The current second of the clock of the file system, of a moment no later than now. */
export async function secondOf(file: string): Promise<number> {
  const ns = await touch(file);
  await unlink(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  return Number(ns / 1_000_000_000n);
}

/** A path of bytes below the room; `..` is the folder the room lies in. */
export function at(room: string, path: string): Buffer {
  if (path === '..') return Buffer.from(dirname(room));
  return path === '' ? Buffer.from(room) : Buffer.concat([Buffer.from(join(room, '/')), bytesOf(path)]);
}
