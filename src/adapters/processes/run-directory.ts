import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { Identity } from '../../domain/lease.ts';
import { endCauses, Fact, RunEnd, RunId } from '../../domain/run.ts';

/**
 * The files of one run. Its directory is the whole truth about it, for every process and for any later one.
 *
 *   spec.json    what to run; written once, by whoever is first
 *   claim.json   who decides: the shim that runs it, or a keeper that made sure nobody ever will; first one wins
 *   shim.json    the shim and its command, once the command runs
 *   stop.json    the first request to stop
 *   facts.json   what the backend's reader found; replaced now and then
 *   output.<n>   what was printed, from byte n on
 *   status.json  how it ended; first one wins, nothing else is written afterwards
 *
 * Each file appears complete or not at all. A crash leaves at most a file whose name starts with a dot.
 */
export const records = {
  'spec.json': z.strictObject({
    id: RunId,
    argv: z.tuple([z.string()], z.string()),
    cwd: z.string(),
    env: z.record(z.string(), z.string()),
    stdinFile: z.string().optional(),
    timeoutMs: z.number().positive(),
    keepBytes: z.number().int().positive(),
    backend: z.string().optional(),
    keeper: z.strictObject({ identity: Identity, argv: z.tuple([z.string()], z.string()) }).optional(),
    /** Value of the environment variable that marks this run's processes, and no other run's. */
    mark: z.string(),
    /** Absolute path of bubblewrap, when the command is to get a pid namespace of its own. */
    bubblewrap: z.string().optional(),
  }),
  'claim.json': z.strictObject({ by: z.enum(['shim', 'keeper']), identity: Identity, at: z.number().int() }),
  'shim.json': z.strictObject({ shim: Identity, child: Identity.optional(), startedAt: z.number().int() }),
  'stop.json': z.strictObject({ cause: z.enum(endCauses), graceMs: z.number().nonnegative() }),
  'facts.json': z.strictObject({ facts: z.array(Fact) }),
  'status.json': RunEnd,
} as const;

type Name = keyof typeof records;
export type RunRecord<N extends Name> = z.infer<(typeof records)[N]>;

/** A record, or undefined when there is none or what is there is not one (a disk that lost power). */
export function readRecord<N extends Name>(directory: string, name: N): RunRecord<N> | undefined {
  try {
    const { success, data } = records[name].safeParse(
      JSON.parse(readFileSync(path.join(directory, name), 'utf8')),
    );
    return success ? (data as RunRecord<N>) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a record unless there is one already; tells whether it was this one. Durable. */
export function publishRecord<N extends Name>(directory: string, name: N, record: RunRecord<N>): boolean {
  const draft = writeDraft(directory, name, record);
  try {
    linkSync(draft, path.join(directory, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
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

function writeDraft(directory: string, name: Name, record: unknown): string {
  const draft = path.join(directory, `.${name}.${randomUUID()}`);
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify(record)}\n`);
    // Facts come four times a second and are worth little after a power cut.
    if (name !== 'facts.json') fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
}
