import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Leftover } from '../../domain/diagnosis/facts.ts';
import { verificationMachine } from '../../domain/verification/verification.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Git } from '../../ports/git.ts';
import { sweepable } from '../sweep.ts';

export interface Grounds {
  readonly git: Pick<Git, 'commonDir' | 'worktrees' | 'refs'>;
  readonly yard: Yard;
  readonly home: string;
  readonly place: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const hour = 3_600_000;
const mostOfAKind = 20;

/** What lies around and belongs to nothing in the yard. Nothing is changed. */
export async function leftoversOf({ git, yard, home, place, now }: Grounds): Promise<readonly Leftover[]> {
  const archived = (await namesIn(path.join(home, 'archive'))).map((name) => name.replace(/\.json$/, ''));
  const isKnown = (loop: string) => Object.hasOwn(yard.loops, loop) || archived.includes(loop);
  const loops = path.join(place, 'loops');
  const worktrees = (await git.worktrees()).flatMap((entry): Leftover[] => {
    const loop = loopOf(loops, entry.path);
    if (loop === undefined || Object.hasOwn(yard.loops, loop)) return [];
    return [{ kind: entry.missing ? 'missing_worktree' : 'worktree', name: entry.path }];
  });
  const folders = (await namesIn(loops))
    .filter((name) => !name.startsWith('.') && !Object.hasOwn(yard.loops, name))
    .map((name) => path.join(loops, name))
    .filter((folder) => !worktrees.some(({ name }) => name.startsWith(folder + path.sep)))
    .map((name): Leftover => ({ kind: 'loop_folder', name }));
  const branches = [...(await git.refs('refs/heads/loopyard/')).keys()]
    .map((ref) => ref.slice('refs/heads/'.length))
    .filter((branch) => !isKnown(branch.slice('loopyard/'.length)))
    .map((name): Leftover => ({ kind: 'branch', name }));
  const trash = await sweepable(home, git.commonDir, place, now);
  return [
    ...worktrees,
    ...folders,
    ...(await forgottenRooms(place, yard, now)),
    ...branches,
    ...(trash.length > 0 ? [{ kind: 'trash', name: 'trash', count: trash.length } as const] : []),
    ...(await foreignPlaces(place)),
  ].slice(0, 5 * mostOfAKind);
}

/** A room is made after its verification is recorded; the hour is for clocks and for whoever is just removing it. */
async function forgottenRooms(place: string, yard: Yard, now: number): Promise<Leftover[]> {
  const rooms = path.join(place, 'rooms');
  const found: Leftover[] = [];
  for (const name of await namesIn(rooms)) {
    // Only what is named after a verification; other things there have other owners.
    if (!/^verification-[a-z0-9]+$/.test(name) || isNeeded(yard, name)) continue;
    const { mtimeMs = now } = (await stat(path.join(rooms, name)).catch(() => undefined)) ?? {};
    if (now - mtimeMs > hour) found.push({ kind: 'room', name });
  }
  return found.slice(0, mostOfAKind);
}

export function isNeeded(yard: Yard, verification: string): boolean {
  const known = Object.hasOwn(yard.verifications, verification)
    ? yard.verifications[verification]
    : undefined;
  return known !== undefined && !verificationMachine.isEnd(known.state);
}

/** The places of other repositories whose every worktree points at a git directory that is gone. */
async function foreignPlaces(place: string): Promise<Leftover[]> {
  const root = path.dirname(place);
  const found: Leftover[] = [];
  for (const name of await namesIn(root)) {
    const other = path.join(root, name);
    if (other === place || !/-[0-9a-f]{8}$/.test(name)) continue;
    const owners = await ownersOf(other);
    if (owners.length > 0 && owners.every((owner) => owner === 'gone')) {
      found.push({ kind: 'foreign_place', name: other });
    }
  }
  return found.slice(0, mostOfAKind);
}

async function ownersOf(place: string): Promise<readonly ('there' | 'gone')[]> {
  const owners: ('there' | 'gone')[] = [];
  const loops = path.join(place, 'loops');
  for (const loop of await namesIn(loops)) {
    for (const tree of await namesIn(path.join(loops, loop))) {
      const pointer = await readFile(path.join(loops, loop, tree, '.git'), 'utf8').catch(() => undefined);
      const target = pointer && /^gitdir: (.+)$/m.exec(pointer)?.[1];
      if (!target) continue;
      owners.push((await stat(target).catch(() => undefined)) ? 'there' : 'gone');
    }
  }
  return owners;
}

function loopOf(loops: string, worktree: string): string | undefined {
  const way = path.relative(loops, worktree);
  return way === '' || way.startsWith('..') || path.isAbsolute(way) ? undefined : way.split(path.sep)[0];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
