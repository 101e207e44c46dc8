import { mostSurvivors, type RunEnd } from '../../domain/worker/run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Survivors } from '../../ports/processes.ts';
import { type Look, openLook, type ProcessEntry, startedWith, usersOf } from './process-table.ts';

/** What is known about a run's processes: enough to find them all again. */
export interface Tree {
  /** The command itself, when it was seen. It leads a group and a session of its own. */
  readonly leader: { readonly pid: number; readonly startTime: string } | undefined;
  /** An environment entry that only this run's processes carry. */
  readonly mark: string;
  /** The leader is bubblewrap: it and its only child are walls and must not be asked to end, or the roof comes down. */
  readonly walled: boolean;
}

/**
 * Asks everything in the tree to end, waits the grace, then kills. What was found once stays known: when its parent
 * ends politely, nothing else may connect it with the run any more. Each signal is preceded by a look at the start
 * time of the very process; pid 1, ourselves, our own group and processes of other users are never signalled.
 */
export async function stopTree(tree: Tree, graceMs: number, clock: Clock): Promise<Survivors> {
  const deadline = performance.now() + graceMs;
  let known: readonly ProcessEntry[] = [];
  while (performance.now() < deadline) {
    const look = openLook();
    if (!known.some((entry) => isThere(entry, look))) {
      known = findTree(tree, [], look);
      if (known.length === 0) break;
      for (const entry of withoutWalls(tree, known)) signal(entry, 'SIGTERM', look);
    }
    await clock.sleep(25);
  }
  return killTree(tree, clock, known);
}

/** Kills what is found and looks again, until three looks in a row find nothing. */
export async function killTree(
  tree: Tree,
  clock: Clock,
  known: readonly ProcessEntry[] = [],
): Promise<Survivors> {
  const deadline = performance.now() + 5_000;
  let look = openLook();
  let found = findTree(tree, known, look);
  for (let empty = found.length === 0 ? 1 : 0; empty < 3 && performance.now() < deadline; ) {
    for (const entry of found) signal(entry, 'SIGKILL', look);
    await clock.sleep(found.length > 0 ? 25 : 10);
    look = openLook();
    found = findTree(tree, found, look);
    empty = found.length === 0 ? empty + 1 : 0;
  }
  return found.map(({ pid, name }) => ({ pid, name }));
}

/**
 * Everything alive that belongs to the tree: the leader and those known before, whoever carries the mark, and from
 * these on their descendants and sessions. (The leader founded a session of its own, so every session of a member was
 * founded within the tree.)
 */
export function findTree(
  tree: Tree,
  known: readonly ProcessEntry[] = [],
  look: Look = openLook(),
): readonly ProcessEntry[] {
  const all = look.list().filter((entry) => !entry.zombie);
  const ours = all.find((entry) => entry.pid === process.pid)?.session;
  const leader = unlessReused(tree, look);
  const sessions = new Set(leader === undefined ? [] : [leader]);
  const members = new Set<number>();
  const join = ({ pid, session }: ProcessEntry) => {
    members.add(pid);
    if (session > 0 && session !== ours) sessions.add(session);
  };
  for (const entry of all) {
    const isKnown = known.some(({ pid, startTime }) => pid === entry.pid && startTime === entry.startTime);
    if (entry.pid === leader || isKnown || isMarked(entry, tree)) join(entry);
  }
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const entry of all) if (members.has(entry.parent) || sessions.has(entry.session)) join(entry);
  }
  return all.filter((entry) => members.has(entry.pid) && entry.pid > 1 && entry.pid !== process.pid);
}

/** Sends a signal to exactly this process, or to nobody. */
export function signal(
  entry: Pick<ProcessEntry, 'pid' | 'startTime'>,
  name: NodeJS.Signals,
  look: Look = openLook(),
): boolean {
  const now = look.read(entry.pid);
  if (!now || now.zombie || now.startTime !== entry.startTime) return false;
  if (now.pid <= 1 || now.pid === process.pid || isOurGroup(now, look) || isForeign(now.pid)) return false;
  try {
    process.kill(now.pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Survivors as an end records them: nothing at all when there are none. */
export function namesOf(survivors: Survivors): Pick<RunEnd, 'survivors'> {
  if (survivors.length === 0) return {};
  const named = survivors.slice(0, mostSurvivors).map(({ pid, name }) => `${pid} ${name}`.slice(0, 100));
  return { survivors: named };
}

/** The leader's pid while it can only mean the leader, or the session it founded: not once somebody else has it. */
function unlessReused({ leader }: Tree, look: Look): number | undefined {
  if (!leader) return undefined;
  const now = look.read(leader.pid);
  return now && now.startTime !== leader.startTime ? undefined : leader.pid;
}

/** Nobody older than the leader can carry the mark: a cheap look spares most of the costly ones. */
function isMarked(entry: ProcessEntry, { leader, mark }: Tree): boolean {
  if (leader && Number(entry.startTime) < Number(leader.startTime)) return false;
  return startedWith(entry.pid, mark);
}

function withoutWalls(tree: Tree, found: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const outer = tree.leader?.pid;
  if (!tree.walled || outer === undefined) return found;
  return found.filter((entry) => entry.pid !== outer && entry.parent !== outer);
}

function isThere(entry: ProcessEntry, look: Look): boolean {
  const now = look.read(entry.pid);
  return now !== undefined && !now.zombie && now.startTime === entry.startTime;
}

function isOurGroup(entry: ProcessEntry, look: Look): boolean {
  return entry.group !== 0 && entry.group === look.read(process.pid)?.group;
}

function isForeign(pid: number): boolean {
  const own = process.getuid?.();
  return own !== undefined && (usersOf(pid)?.some((user) => user !== own) ?? false);
}
