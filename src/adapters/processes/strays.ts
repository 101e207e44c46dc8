import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import type { Survivors } from '../../ports/processes.ts';
import {
  listProcesses,
  type ProcessEntry,
  readProcess,
  startedWithVariable,
  usersOf,
} from './process-table.ts';
import type { Tree } from './process-tree.ts';

/** Open files looked at per process. */
const mostFiles = 256;

/**
 * What may have got away from a run without a namespace: processes of our user that were started while it ran, whose
 * parent has died and left them to the system, that belong to no other run of ours, and that touch its working
 * directory with their own directory, root or an open file. It cannot be proven that they were the run's, so they are
 * named and never signalled. Whoever leaves its session, its parent, its environment *and* its directory is not found.
 * Only Linux tells.
 */
export function findStrays(tree: Tree, folder: string): Survivors {
  const { leader } = tree;
  if (process.platform !== 'linux' || tree.walled || !leader) return [];
  const born = Number(leader.startTime);
  const heirs = ancestorsOfOurs();
  const isOurs = (pid: number) => usersOf(pid)?.every((user) => user === process.getuid?.()) ?? false;
  return listProcesses()
    .filter((entry) => !entry.zombie && Number(entry.startTime) >= born && heirs.has(entry.parent))
    .filter(
      ({ pid }) => isOurs(pid) && !startedWithVariable(pid, 'LOOPYARD_RUN_MARK') && touches(pid, folder),
    )
    .map(({ pid, name }) => ({
      pid,
      name: `${name} (perhaps: it has left its parent, and uses the tree)`,
      perhaps: true as const,
    }));
}

/** An orphan is given to the nearest of our own ancestors that takes orphans; usually the first process of all. */
function ancestorsOfOurs(): ReadonlySet<number> {
  const found = new Set([1]);
  let entry: ProcessEntry | undefined = readProcess(process.ppid);
  while (entry && entry.pid > 0 && !found.has(entry.pid)) {
    found.add(entry.pid);
    entry = readProcess(entry.parent);
  }
  found.delete(process.pid);
  return found;
}

function touches(pid: number, folder: string): boolean {
  const isInside = (file: string | undefined) =>
    file !== undefined && (file === folder || file.startsWith(folder + path.sep));
  if (isInside(linkOf(`/proc/${pid}/cwd`)) || isInside(linkOf(`/proc/${pid}/root`))) return true;
  let files: readonly string[] = [];
  try {
    files = readdirSync(`/proc/${pid}/fd`);
  } catch {
    // It has ended, or may not be seen.
  }
  return files.slice(0, mostFiles).some((fd) => isInside(linkOf(`/proc/${pid}/fd/${fd}`)));
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
