import { setTimeout as after } from 'node:timers/promises';
import { findTree } from '../processes/process-tree.ts';

/**
 * Ends everything that a git command started: all who carry its mark (`NAME=value`) and their descendants. Git takes
 * its own lock files away when it is asked; a filter need not listen. Only Linux shows who carries a mark; elsewhere
 * git itself gets the signal of its caller, and a filter that does not notice lives on (untested).
 */
export async function endCommand(mark: string): Promise<void> {
  const tree = { leader: undefined, mark, walled: false };
  let found = findTree(tree);
  for (const { pid } of found) signal(pid, 'SIGTERM');
  for (const deadline = performance.now() + graceMs; found.length > 0; found = findTree(tree, found)) {
    if (performance.now() > deadline + graceMs) return;
    if (performance.now() > deadline) for (const { pid } of found) signal(pid, 'SIGKILL');
    await after(25);
  }
}

const graceMs = 2000;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself, or is not ours to end.
  }
}
