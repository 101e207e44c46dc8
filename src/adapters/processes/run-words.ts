import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import type { Word } from '../../ports/processes.ts';
import { errno, isMissing } from '../errno.ts';
import { openOwnSync } from '../open-own.ts';
import { writeAll } from '../write-all.ts';

/** More than anybody says to one worker, and few enough to be held in memory should it never read. */
const mostWords = 50;

/** Several times the longest message, as JSON and in bytes. */
const longestWord = 256 * 1024;

const closed = 'words.closed';

/**
 * Where a run is told something while it works, a file for each word: `words/<number>.<id>`, complete or not there.
 *
 * The folder is made before the start. When no more can be delivered, the shim renames it: so a word came before that
 * and is delivered, or is refused, and nothing is in between.
 */
export function wordsFolder(directory: string): string {
  return path.join(directory, 'words');
}

export function openWords(directory: string): void {
  mkdirSync(wordsFolder(directory), { recursive: true, mode: 0o700 });
}

/** From now on words are refused. */
export function closeWords(directory: string): void {
  try {
    renameSync(wordsFolder(directory), path.join(directory, closed));
  } catch {
    // Closed already, or the run was removed under our feet.
  }
}

/** Leaves a word to be delivered, durably; false when none is taken any more. True for one that was left before. */
export function leaveWord(directory: string, { id, line }: Word): boolean {
  const folder = wordsFolder(directory);
  const draft = path.join(folder, `.${randomUUID()}`);
  try {
    const left = namesIn(folder);
    if (left.some((name) => idOf(name) === id)) return true;
    if (left.length >= mostWords) return false;
    writeDurably(draft, `${line}\n`);
    linkSync(draft, path.join(folder, `${String(left.length).padStart(3, '0')}.${id}`));
    return true;
  } catch (error) {
    // Somebody else left it in the same moment.
    if (errno(error) === 'EEXIST') return true;
    if (isMissing(error)) return namesOr(path.join(directory, closed)).some((name) => idOf(name) === id);
    // A full disk must not keep anybody from watching the worker; who still has it to say says it again.
    if (errno(error) !== undefined) return false;
    throw error;
  } finally {
    discard(draft);
  }
}

/** The oldest word that is not in `known`, as a whole line; its id is added there. */
export function nextWord(directory: string, known: Set<string>): string | undefined {
  for (const folder of [wordsFolder(directory), path.join(directory, closed)]) {
    for (const name of namesOr(folder)) {
      if (known.has(idOf(name))) continue;
      known.add(idOf(name));
      const line = readLine(path.join(folder, name));
      if (line !== undefined) return line;
    }
  }
  return undefined;
}

/** In the order in which they were left. What begins with a dot is not complete. */
function namesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

function namesOr(folder: string): readonly string[] {
  try {
    return namesIn(folder);
  } catch {
    return [];
  }
}

const idOf = (name: string) => name.slice(name.indexOf('.') + 1);

/** Undefined for what was put there by somebody else: the input must come to its end whatever lies there. */
function readLine(file: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openOwnSync(file, constants.O_RDONLY);
    return fd === undefined || fstatSync(fd).size > longestWord ? undefined : readFileSync(fd, 'utf8');
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function writeDurably(file: string, text: string): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    writeAll(fd, Buffer.from(text));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function discard(file: string): void {
  try {
    unlinkSync(file);
  } catch {}
}
