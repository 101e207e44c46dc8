import { randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { Identity } from '../../domain/lease.ts';
import { endCauses, Fact, RunEnd, RunId } from '../../domain/worker/run.ts';
import { errno, isNoSpace } from '../errno.ts';
import { openOwnSync } from '../open-own.ts';
import { writeAll } from '../write-all.ts';

/**
 * The files of one run. Its directory is the whole truth about it, for every process and for any later one.
 *
 *   spec.json    what to run; written once, by whoever is first
 *   claim.json   who decides: the shim that runs it, or a keeper that made sure nobody ever will; first one wins
 *   shim.json    the shim and its command, once the command runs
 *   stop.json    the first request to stop
 *   words/       what it is told while it works, see run-words.ts
 *   facts.json   what the backend's reader found; replaced now and then
 *   output.<n>   what was printed, from byte n on
 *   status.json  how it ended; first one wins, nothing else is written afterwards
 *
 * Each file appears complete or not at all. A crash leaves at most a file whose name starts with a dot. So does the
 * space set aside for the end, `.reserve`, which goes with the directory when it was not needed.
 */
export const records = {
  'spec.json': z.strictObject({
    id: RunId,
    argv: z.tuple([z.string()], z.string()),
    cwd: z.string(),
    env: z.record(z.string(), z.string()),
    stdinFile: z.string().optional(),
    takesWords: z.literal(true).optional(),
    timeoutMs: z.number().positive(),
    keepBytes: z.number().int().positive(),
    backend: z.string().optional(),
    keeper: z.strictObject({ identity: Identity, argv: z.tuple([z.string()], z.string()) }).optional(),
    /** Value of the environment variable that marks this run's processes, and no other run's. */
    mark: z.string(),
    /** Absolute path of bubblewrap, when the command is to get a pid namespace of its own. */
    bubblewrap: z.string().optional(),
    /** Its arguments, when the command gets more than that: the walls of a check. */
    walls: z.array(z.string()).optional(),
  }),
  'claim.json': z.strictObject({ by: z.enum(['shim', 'keeper']), identity: Identity, at: z.number().int() }),
  'shim.json': z.strictObject({ shim: Identity, child: Identity.optional(), startedAt: z.number().int() }),
  'stop.json': z.strictObject({ cause: z.enum(endCauses), graceMs: z.number().nonnegative() }),
  'facts.json': z.strictObject({ facts: z.array(Fact), heardAt: z.number().int().optional() }),
  'status.json': RunEnd,
} as const;

type Name = keyof typeof records;
export type RunRecord<N extends Name> = z.infer<(typeof records)[N]>;

/** More than the largest spec. A file beyond is none of ours, and is not read into memory to find that out. */
const mostBytes = 8 * 1024 * 1024;

/** A record, or undefined when there is none or what is there is not one (a disk that lost power). */
export function readRecord<N extends Name>(directory: string, name: N): RunRecord<N> | undefined {
  let file: number | undefined;
  try {
    file = openOwnSync(path.join(directory, name), constants.O_RDONLY);
    if (file === undefined || fstatSync(file).size > mostBytes) return undefined;
    const { success, data } = records[name].safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return success ? (data as RunRecord<N>) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Writes a record unless there is one already; tells whether it was this one. Durable. */
export function publishRecord<N extends Name>(directory: string, name: N, record: RunRecord<N>): boolean {
  const draft = writeDraft(directory, name, record);
  try {
    linkSync(draft, path.join(directory, name));
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  } finally {
    discard(draft);
  }
}

/** Writes a record in place of the one that is there. */
export function replaceRecord<N extends Name>(directory: string, name: N, record: RunRecord<N>): void {
  renameSync(writeDraft(directory, name, record), path.join(directory, name));
}

/** The environment entry that marks the processes of a run. */
export function markOf(spec: Pick<RunRecord<'spec.json'>, 'mark'>): string {
  return `LOOPYARD_RUN_MARK=${spec.mark}`;
}

/**
 * The environment of a worker may hold its login. It is needed once, by the shim that runs the command; what stays on
 * disk need not have it.
 */
export function forgetSecrets(directory: string): void {
  const spec = readRecord(directory, 'spec.json');
  if (!spec || Object.keys(spec.env).length === 0) return;
  try {
    replaceRecord(directory, 'spec.json', { ...spec, env: {} });
  } catch {
    // A full disk or a removed directory: the run itself matters more.
  }
}

/** Sets space aside, so that the end of a run can be written although the disk has become full meanwhile. */
export function reserveForEnd(directory: string): void {
  try {
    writeFile(path.join(directory, reserve), 'wx', randomBytes(reserveBytes), true);
  } catch {
    // Without it, the end must find space of its own.
  }
}

export function releaseReserve(directory: string): void {
  discard(path.join(directory, reserve));
}

const reserve = '.reserve';
const reserveBytes = 8 * 1024;

function writeDraft(directory: string, name: Name, record: unknown): string {
  const draft = path.join(directory, `.${name}.${randomUUID()}`);
  const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
  // Facts come four times a second and are worth little after a power cut.
  const durable = name !== 'facts.json';
  try {
    try {
      writeFile(draft, 'wx', bytes, durable);
    } catch (error) {
      if (name !== 'status.json' || !isNoSpace(error) || !takeReserve(directory, draft)) throw error;
      writeFile(draft, 'r+', bytes, durable);
    }
    return draft;
  } catch (error) {
    discard(draft);
    throw error;
  }
}

/** By rename, so that of two who write the end only one uses the space. It is then overwritten where it is. */
function takeReserve(directory: string, draft: string): boolean {
  try {
    renameSync(path.join(directory, reserve), draft);
    return true;
  } catch {
    return false;
  }
}

function writeFile(file: string, flags: 'wx' | 'r+', bytes: Uint8Array, durable: boolean): void {
  const fd = openSync(file, flags, 0o600);
  try {
    writeAll(fd, bytes);
    ftruncateSync(fd, bytes.length);
    if (durable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What is of no further use; when it cannot be removed it stays, which harms nobody. */
function discard(file: string): void {
  try {
    unlinkSync(file);
  } catch {}
}
