import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { LoopyardError } from '../../domain/errors.ts';
import type { Stop } from '../../domain/journal-reader.ts';
import { journalDigest } from './digest.ts';
import { quarantineDirectory, readOwn, within } from './files.ts';

const keptBytes = 1024 * 1024;

/**
 * The error for a file that cannot be believed, after the bytes were copied to `quarantine/` with the reason beside
 * them. The names follow from the content, so a thousand openings of one damaged file leave one copy. Nothing else is
 * touched: a damaged store is never replaced by an empty one.
 */
export function damaged(directory: string, file: string, stop: Stop): LoopyardError {
  const path = within(directory, file);
  const facts = { path, offset: stop.offset };
  if (stop.reason === 'too_new') {
    const message = `${path} was written by a newer loopyard than this one: at byte ${stop.offset}, ${stop.finding}. Install the newest release.`;
    return new LoopyardError('STATE_TOO_NEW', message, facts);
  }
  const kept = keep(directory, file, stop);
  const message =
    `${path} is damaged at byte ${stop.offset}: ${stop.finding}. Nothing is read or recorded until you restore ` +
    `${directory} from a backup, or rename it to begin an empty yard; branches and worktrees stay as they are.`;
  return new LoopyardError('STATE_CORRUPT', message, { ...facts, quarantine: kept });
}

/** Where the bytes went; undefined when they could not be kept, which must not hide the damage itself. */
function keep(directory: string, file: string, stop: Stop): string | undefined {
  try {
    const bytes = readOwn(within(directory, file))?.subarray(stop.offset, stop.offset + keptBytes);
    const name = `${file}.${stop.offset}.${journalDigest.hash(bytes ?? new Uint8Array()).slice(0, 12)}`;
    const quarantine = within(directory, quarantineDirectory);
    mkdirSync(quarantine, { recursive: true, mode: 0o700 });
    const path = within(quarantine, name);
    if (bytes) writeOnce(`${path}.bytes`, bytes);
    writeOnce(`${path}.reason.json`, Buffer.from(`${JSON.stringify({ file, ...stop })}\n`));
    return path;
  } catch {
    return undefined;
  }
}

function writeOnce(path: string, bytes: Uint8Array): void {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch {
    return;
  }
  try {
    writeSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
