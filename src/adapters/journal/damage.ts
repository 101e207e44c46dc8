import { closeSync, mkdirSync, openSync } from 'node:fs';
import { LoopyardError } from '../../domain/errors.ts';
import type { Stop } from '../../domain/journal/journal-reader.ts';
import { writeAll } from '../write-all.ts';
import { journalDigest } from './digest.ts';
import { quarantineDirectory, readOwn, within } from './files.ts';

const keptBytes = 1024 * 1024;
/** Of a file that was cut: what lies before the cut is the only trace of what is missing. */
const keptBeforeCut = 64 * 1024;

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
    `${directory} from a backup, or rename it to begin an empty yard, and then restart running sessions and the ` +
    `keeper; branches and worktrees stay as they are.`;
  return new LoopyardError('STATE_CORRUPT', message, { ...facts, quarantine: kept });
}

/** Where the bytes went; undefined when they could not be kept, which must not hide the damage itself. */
function keep(directory: string, file: string, stop: Stop): string | undefined {
  try {
    const whole = readOwn(within(directory, file));
    const from = Math.max(0, Math.min(stop.offset, (whole?.length ?? 0) - keptBeforeCut));
    const bytes = whole?.subarray(from, stop.offset + keptBytes);
    const name = `${file}.${stop.offset}.${journalDigest.hash(bytes ?? new Uint8Array()).slice(0, 12)}`;
    const quarantine = within(directory, quarantineDirectory);
    mkdirSync(quarantine, { recursive: true, mode: 0o700 });
    const path = within(quarantine, name);
    if (bytes) writeOnce(`${path}.bytes`, bytes);
    writeOnce(`${path}.reason.json`, Buffer.from(`${JSON.stringify({ file, keptFrom: from, ...stop })}\n`));
    return path;
  } catch {
    return undefined;
  }
}

/** For a process whose journal somebody put another in the place of. Nothing is damaged, and nothing is kept. */
export function replaced(directory: string, file: string): LoopyardError {
  const path = within(directory, file);
  const message = `${path} was removed or replaced while in use; restart this session.`;
  return new LoopyardError('STATE_CORRUPT', message, { path });
}

function writeOnce(path: string, bytes: Uint8Array): void {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch {
    return;
  }
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
}
