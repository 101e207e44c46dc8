import { constants, fstatSync, lstatSync, renameSync } from 'node:fs';
import { lstat, lutimes, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { isUsableId } from '../domain/ids.ts';
import { retentionRules, type Stocked, type StockKind, stockKinds } from '../domain/retention.ts';
import type { Clock } from '../ports/clock.ts';
import type { Removal, Stock } from '../ports/stock.ts';
import { errno, isMissing } from './errno.ts';
import { openOwn, readOwn } from './open-own.ts';
import { stateError } from './state-error.ts';

/** Bytes after which the notes of removals are set aside; the ones before are kept as `.1`. */
const mostBytes = 1_048_576;
/** Things looked at side by side: a yard of many thousands must not take the whole machine for it. */
const atOnce = 16;

interface Shelf {
  readonly folder: string;
  /** The name of the thing behind the name of a file; undefined: it is none of these. */
  nameOf(entry: string): string | undefined;
  fileOf(name: string): string;
}

const file = (folder: string, pattern: RegExp, ending: string): Shelf => ({
  folder,
  nameOf: (entry) => pattern.exec(entry)?.[1],
  fileOf: (name) => `${name}${ending}`,
});

const shelves: Readonly<Record<StockKind, Shelf>> = {
  runs: {
    folder: 'runs',
    nameOf: (entry) => (isUsableId(entry) ? entry : undefined),
    fileOf: (name) => name,
  },
  evidence: file('evidence', /^([a-z0-9-]+)\.json$/, '.json'),
  known_runs: file('known-runs', /^([a-zA-Z0-9_-]+)$/, ''),
  records: file('archive', /^([a-z0-9-]+)\.json$/, '.json'),
  journal: file('generations', /^(journal\.\d+)\.log\.gz$/, '.log.gz'),
};

const Note = z.object({
  name: z.string(),
  kind: z.enum([...stockKinds, 'refs']),
  at: z.number(),
  by: z.enum(retentionRules),
  value: z.number().optional(),
});

/**
 * The yard's folders, counted and thinned out. A file goes by one unlink, so a crash leaves it or does not. Notes are
 * lines appended to one file, which is set aside when it is full: of several processes that find it full only those
 * rename it that still see it under its name.
 */
export function openStock(home: string, clock: Pick<Clock, 'now'>): Stock {
  const pathOf = (kind: StockKind, name: string) => {
    const { folder, fileOf, nameOf } = shelves[kind];
    const entry = fileOf(name);
    if (nameOf(entry) !== name) throw new RangeError(`"${name}" is no name of ${kind}`);
    return path.join(home, folder, entry);
  };
  const notes = path.join(home, 'removed.log');

  return {
    async list(kind) {
      const { folder, nameOf } = shelves[kind];
      const entries = await readdir(path.join(home, folder)).catch(absent);
      const names = (entries ?? []).flatMap((entry) => nameOf(entry) ?? []);
      const found: Stocked[] = [];
      for (let from = 0; from < names.length; from += atOnce) {
        const some = names.slice(from, from + atOnce);
        const measured = await Promise.all(some.map((name) => measure(pathOf(kind, name))));
        some.forEach((name, index) => {
          const size = measured[index];
          if (size) found.push({ kind, name, ...size });
        });
      }
      return found;
    },

    remove: (kind, name) => inOurWords(home, () => unlink(pathOf(kind, name)).catch(absent)),

    async renew(kind, names) {
      const now = new Date(clock.now());
      for (const name of names) await lutimes(pathOf(kind, name), now, now).catch(absent);
    },

    note: (removals) =>
      inOurWords(home, async () => {
        const { O_WRONLY, O_APPEND, O_CREAT } = constants;
        const log = await openOwn(notes, O_WRONLY | O_APPEND | O_CREAT, 0o600);
        if (!log) return;
        try {
          // One write, so that lines of two processes never mix; a new line first, lest half a line swallows one.
          await log.writeFile(`\n${removals.map((removal) => JSON.stringify(removal)).join('\n')}\n`);
          const { size, ino } = fstatSync(log.fd);
          if (size > mostBytes && lstatSync(notes).ino === ino) renameSync(notes, `${notes}.1`);
        } finally {
          await log.close();
        }
      }),

    async noted(name) {
      for (const part of [notes, `${notes}.1`]) {
        const text = (await readOwn(part, 4 * mostBytes)) ?? '';
        const lines = text.split('\n').filter((line) => line.includes(JSON.stringify(name)));
        const found = lines.map(parsed).findLast((note) => note?.name === name);
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** A file, or a folder with the files in it. Its time is that of its newest part. */
async function measure(place: string): Promise<{ bytes: number; at: number } | undefined> {
  const stats = await lstat(place).catch(absent);
  if (!stats) return undefined;
  let bytes = stats.blocks ? stats.blocks * 512 : stats.size;
  let at = stats.mtimeMs;
  if (!stats.isDirectory()) return { bytes, at };
  for (const entry of (await readdir(place).catch(absent)) ?? []) {
    const part = await lstat(path.join(place, entry)).catch(absent);
    if (!part) continue;
    bytes += part.blocks ? part.blocks * 512 : part.size;
    at = Math.max(at, part.mtimeMs);
  }
  return { bytes, at };
}

/** Half a line, as a power cut leaves it, says nothing. */
function parsed(line: string): Removal | undefined {
  try {
    const { value, ...note } = Note.parse(JSON.parse(line));
    return { ...note, ...(value === undefined ? {} : { value }) };
  } catch {
    return undefined;
  }
}

function absent(error: unknown): undefined {
  if (isMissing(error) || errno(error) === 'ENOTDIR') return undefined;
  throw error;
}

async function inOurWords(home: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw errno(error) === undefined ? error : stateError(error, home);
  }
}
