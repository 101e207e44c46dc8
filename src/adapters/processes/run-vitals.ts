import { readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Vitals } from '../../ports/processes.ts';
import { findTree, type Tree } from './process-tree.ts';

/** Clock ticks per second in /proc: fixed for user space on every Linux that Node runs on. */
const ticks = 100;
/** Entries looked at in search of the newest change; a larger tree is judged by what was seen until then. */
const mostEntries = 20_000;
/** Folders that change without anybody working, or are too large to look through. */
const unlooked = new Set(['.git', 'node_modules', '.venv', 'target']);

/**
 * What the processes of a run do, as the system shows it; undefined where it does not (only Linux tells). `own`: this
 * program, as which our server for the worker runs; that is no tool of its.
 */
export function readVitals(tree: Tree, own: string | undefined): Vitals | undefined {
  if (process.platform !== 'linux') return undefined;
  const boot = bootTime();
  let cpuMs = 0;
  let suspended = 0;
  let seen = 0;
  let youngest: number | undefined;
  for (const { pid, startTime } of findTree(tree)) {
    const stat = statOf(pid);
    if (!stat) continue;
    seen += 1;
    cpuMs += (stat.used * 1_000) / ticks;
    if (stat.state === 'T' || stat.state === 't') suspended += 1;
    if (boot === undefined || (own !== undefined && commandOf(pid).includes(own))) continue;
    youngest = Math.max(youngest ?? 0, boot + (Number(startTime) * 1_000) / ticks);
  }
  return {
    processes: seen,
    cpuMs,
    suspended: seen > 0 && suspended === seen,
    ...(youngest === undefined ? {} : { youngestAt: Math.round(youngest) }),
  };
}

/** When anything below a folder changed last, milliseconds since 1970; undefined when there is nothing. */
export async function newestChange(folder: string): Promise<number | undefined> {
  let newest: number | undefined;
  let left = mostEntries;
  const open = [folder];
  for (let next = open.pop(); next !== undefined && left > 0; next = open.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      left -= 1;
      if (left <= 0) break;
      const file = path.join(next, entry.name);
      if (entry.isDirectory() && !unlooked.has(entry.name)) open.push(file);
      const at = await lstat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      newest = Math.max(newest ?? 0, at);
    }
  }
  return newest === undefined ? undefined : Math.round(newest);
}

interface Stat {
  readonly state: string;
  /** CPU time, its own and that of children it has waited for, in ticks. */
  readonly used: number;
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!fields) return undefined;
  const used = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { state: fields[0] ?? '', used };
}

const commandOf = (pid: number) => (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');

function bootTime(): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(read('/proc/stat') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
