import type { Loop } from '../domain/loop.ts';
import type { Runtime } from './runtime.ts';

type Places = Pick<Runtime, 'files'>;

/**
 * Where things of a loop lie. Ids are checked by their schema, so nothing here can leave its folder. What workers and
 * checks touch is in the place outside every checkout; what only loopyard writes is in its home.
 */
export const loopFolder = ({ files }: Places, loop: string) => files.join(files.place, 'loops', loop);

/** Named like the checkout, because some tools show or use the name of the folder they run in. */
export function worktreePath(rt: Places, loop: Pick<Loop, 'id' | 'checkout'>): string {
  const name = loop.checkout.path.split(/[\\/]/).findLast((part) => part.length > 0) ?? 'worktree';
  return rt.files.join(
    loopFolder(rt, loop.id),
    name === 'context' || name === 'scratch' ? `${name}-worktree` : name,
  );
}

/** The files an iteration reads and writes: plan, notes, state, feedback. */
export const contextFolder = (rt: Places, loop: string) => rt.files.join(loopFolder(rt, loop), 'context');

/** For loopyard's own index of a worktree. */
export const scratchFolder = (rt: Places, loop: string) => rt.files.join(loopFolder(rt, loop), 'scratch');

export const roomFolder = ({ files }: Places, verification: string) =>
  files.join(files.place, 'rooms', verification);

/** What only we know of the room of a verification. */
export const roomRecord = ({ files }: Places, verification: string) =>
  files.join(files.home, 'rooms', verification);

/** The second try of a verification has a room of its own, so that what the first left behind decides nothing. */
const again = '-again';
export const roomOfSecondTry = (verification: string) => `${verification}${again}`;
export const verificationOf = (room: string) => (room.endsWith(again) ? room.slice(0, -again.length) : room);

/** Rooms that nobody uses now, and below our home their records; each slot has the same name in both. */
export const poolFolder = ({ files }: Places, ...slot: readonly string[]) =>
  files.join(files.place, 'pool', ...slot);
export const poolRecord = ({ files }: Places, ...slot: readonly string[]) =>
  files.join(files.home, 'pool', ...slot);

export const evidenceFile = ({ files }: Places, verification: string) =>
  files.join(files.home, 'evidence', `${verification}.json`);

/** Says which verification has run the checks that a key stands for. */
export const knownRunsFile = ({ files }: Places, key: string) => files.join(files.home, 'known-runs', key);

export const archiveFile = ({ files }: Places, loop: string) =>
  files.join(files.home, 'archive', `${loop}.json`);

export const branchOf = (loop: string) => `loopyard/${loop}`;
export const candidateRefs = (loop: string) => `refs/loopyard/candidates/${loop}/`;
export const candidateRef = (loop: string, iteration: number) => `${candidateRefs(loop)}${iteration}`;
export const rescueRef = (loop: string) => `refs/loopyard/rescue/${loop}`;
export const readyRef = (loop: string) => `refs/loopyard/ready/${loop}`;
/** Where the next iteration of a bounced loop starts: pinned, so that git does not collect it meanwhile. */
export const tipRef = (loop: string) => `refs/loopyard/tips/${loop}`;

/** Flat, because a branch `release` and a later branch `release/1` could not both have a ref of their name here. */
export function fenceRef(target: string): string {
  const bytes = Array.from(new TextEncoder().encode(target), (byte) => byte.toString(16).padStart(2, '0'));
  return `refs/loopyard/fence/${bytes.join('')}`;
}
