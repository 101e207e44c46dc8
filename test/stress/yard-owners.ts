import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ScratchProject } from '../support/scratch-project.ts';
import { pause } from './nemesis.ts';

interface Owner {
  readonly pid: string;
  readonly startedAt: string;
  readonly tree: string;
  readonly worker: string;
}

/**
 * Looks at the process table all the time: who works in which tree? Two workers count as two owners only when both were
 * alive before and after they were compared.
 */
export function watchOwners(project: ScratchProject): { end(): Promise<readonly string[]> } {
  const found = new Set<string>();
  let over = false;
  const watching = (async () => {
    while (!over) {
      const owners = look(project.root);
      for (const one of owners) {
        const other = owners.find(({ tree, worker }) => tree === one.tree && worker !== one.worker);
        if (other && isAlive(one) && isAlive(other))
          found.add(`${one.tree}: ${[one.worker, other.worker].toSorted().join(' and ')}`);
      }
      await pause(40);
    }
  })();
  return {
    async end() {
      over = true;
      await watching;
      return [...found];
    },
  };
}

function look(root: string): readonly Owner[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const tree = readlinkSync(`/proc/${pid}/cwd`);
      if (!tree.startsWith(`${root}/`)) return [];
      const worker = readFileSync(`/proc/${pid}/environ`, 'latin1').match(
        /(?:^|\0)LOOPYARD_WORKER=([^\0]*)/,
      )?.[1];
      const startedAt = startOf(pid);
      return worker === undefined || startedAt === undefined ? [] : [{ pid, startedAt, tree, worker }];
    } catch {
      return [];
    }
  });
}

/** Start time, or undefined for the dead. */
function startOf(pid: string): string | undefined {
  const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return state === 'Z' || state === 'X' ? undefined : rest[18];
}

function isAlive({ pid, startedAt }: Owner): boolean {
  try {
    return startOf(pid) === startedAt;
  } catch {
    return false;
  }
}
