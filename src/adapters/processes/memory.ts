import { readFileSync } from 'node:fs';
import { listProcesses, type ProcessEntry } from './process-table.ts';

/** Milliseconds between two looks, at first and at last: most that is short is over soon, and a look reads all of /proc. */
const firstLookMs = 25;
const laterLookMs = 1_000;

/**
 * The most memory that a command and its descendants were seen to hold: resident bytes of all added up, or of one of
 * them at its own highest, whichever is more. Pages that processes share count for each. It misses what is born and gone
 * between two looks, and a descendant whose parents are gone, unless it is in a pid namespace. Only Linux tells.
 */
export function watchMemory(leader: number | undefined): { peak(): number | undefined; stop(): void } {
  let peak = 0;
  let next: NodeJS.Timeout | undefined;
  const look = (waitMs: number) => {
    if (leader === undefined || process.platform !== 'linux') return;
    next = setTimeout(() => {
      peak = Math.max(peak, memoryOf(leader));
      look(Math.min(waitMs * 2, laterLookMs));
    }, waitMs).unref();
  };
  look(firstLookMs);
  return { peak: () => (peak > 0 ? peak : undefined), stop: () => clearTimeout(next) };
}

/** How many processes the system has ended since it started, because memory ran out. */
export function memoryKills(): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(contentOf('/proc/vmstat'))?.[1];
  return count === undefined ? undefined : Number(count);
}

function memoryOf(leader: number): number {
  let sum = 0;
  let highest = 0;
  for (const { pid } of descendants(leader, listProcesses())) {
    const status = contentOf(`/proc/${pid}/status`);
    sum += kilobytes(status, 'VmRSS');
    highest = Math.max(highest, kilobytes(status, 'VmHWM'));
  }
  return Math.max(sum, highest);
}

function descendants(leader: number, all: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const members = new Set([leader]);
  for (let before = 0; before !== members.size; ) {
    before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return all.filter(({ pid }) => members.has(pid));
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

/** A process may end between listing and reading. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
