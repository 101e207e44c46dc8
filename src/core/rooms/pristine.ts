import { asLoopyardError } from '../../domain/errors.ts';
import type { ObjectId } from '../../ports/git.ts';
import { roomFolder, roomRecord } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { claimRoom, countRebuilt, giveBack, readMade, throwAway, tidyRoom, writeMade } from './room-pool.ts';

type Rt = Pick<Runtime, 'git' | 'files' | 'ids' | 'log' | 'clock' | 'processes'>;

export interface Room {
  /** Verification it is for, or the second try of one. */
  readonly id: string;
  /** Everything of this room. */
  readonly folder: string;
  /** The files of the tree and nothing else; named like the checkout. */
  readonly path: string;
  /** Home and temporary folder of the checks; beside the tree, never in it, and new for every verification. */
  readonly home: string;
  readonly temp: string;
  /** What only we know of the room: our own index of it. */
  readonly record: string;
  /** The commit or tree it holds. */
  readonly tree: ObjectId;
  /** `resumed`: found as the same verification had left it when its keeper died. */
  readonly origin: 'fresh' | 'pooled' | 'resumed';
  /** Why a room of the pool was thrown away instead of used, when one was. */
  readonly rebuilt?: string;
}

/**
 * A directory with exactly the files of one commit or tree, in which one verification runs its checks, in a place no
 * worker is told about. It is a room of the pool, brought forward by the difference after the proof that nothing in it
 * changed since it was put in order, or a new one. When the proof fails the room is thrown away, which is counted.
 *
 * A room has one owner: the record is claimed by one rename, then the files by another. What is complete says so last,
 * in the record, with the name of its verification: after a crash such a room is used again, because its checks may
 * still be running in it, and anything else by its name is in doubt and is made anew.
 */
export async function makeRoom(rt: Rt, verification: string, tree: ObjectId, name: string): Promise<Room> {
  const folder = roomFolder(rt, verification);
  const room = {
    id: verification,
    folder,
    path: rt.files.join(folder, 'tree', name),
    home: rt.files.join(folder, 'home'),
    temp: rt.files.join(folder, 'temp'),
    record: roomRecord(rt, verification),
    tree,
  };
  if (await isMade(rt, room, verification, name)) return { ...room, origin: 'resumed' };
  await throwAway(rt, room);

  const rebuilt = (await claimRoom(rt, room, { name, verification })) ? await bring(rt, room) : 'none';
  if (rebuilt !== undefined) {
    await throwAway(rt, room);
    await rt.git.fillRoom({ path: room.path, record: room.record, tree });
  }
  await rt.files.makeDirectory(room.home);
  await rt.files.makeDirectory(room.temp);
  await writeMade(rt, room.record, { verification, tree, name });
  if (rebuilt === undefined) return { ...room, origin: 'pooled' };
  return { ...room, origin: 'fresh', ...(rebuilt !== 'none' && { rebuilt }) };
}

/** Tracked files that are not any more what the room's tree says. Files that were added are no matter here. */
export function proveRoom(rt: Pick<Rt, 'git'>, { path, record }: Room): Promise<readonly string[]> {
  return rt.git.alteredFiles({ path, record });
}

/** LFS files of a room whose content is not on this machine, so that only their pointers lie there. */
export function pointersInRoom(rt: Pick<Rt, 'git'>, { path, record }: Room): Promise<readonly string[]> {
  return rt.git.pointersIn({ path, record });
}

/** Where there are no walls, just before the checks run. */
export async function watchRoom(rt: Pick<Rt, 'git'>, { path, record, origin }: Room): Promise<void> {
  await rt.git.watchRoom({ path, record, again: origin === 'resumed' });
}

/** Tracked files that were written since the room is watched, those included that are as they were again. */
export function touchedInRoom(rt: Pick<Rt, 'git'>, { path, record }: Room): Promise<readonly string[]> {
  return rt.git.touchedFiles({ path, record });
}

/** The caller sees it gone at once. What is complete goes back to the pool, to be put in order; the rest is deleted. */
export async function removeRoom(rt: Rt, verification: string): Promise<void> {
  await giveBack(rt, { folder: roomFolder(rt, verification), record: roomRecord(rt, verification) });
}

type Place = Pick<Room, 'folder' | 'path' | 'record' | 'tree'>;

async function isMade(
  rt: Rt,
  { path, record, tree }: Place,
  verification: string,
  name: string,
): Promise<boolean> {
  const made = await readMade(rt, record);
  const isOurs = made?.verification === verification && made.tree === tree && made.name === name;
  return isOurs && rt.files.exists(path);
}

/** Brings a claimed room to the tree. Answers why that was not possible; only what fails in the tree itself is thrown. */
async function bring(rt: Rt, { folder, path, record, tree }: Place): Promise<string | undefined> {
  const why = await (async () => {
    const foreign = await tidyRoom(rt, { folder, record });
    if (foreign !== undefined) return foreign;
    const state = await rt.git.forwardRoom({ path, record, tree });
    return state.kind === 'altered' ? state.why : undefined;
  })().catch((thrown: unknown) => {
    const error = asLoopyardError(thrown);
    if (error.code === 'INVALID_ARGUMENT' || error.code === 'ROOM_INCOMPLETE') throw error;
    return error.message;
  });
  if (why !== undefined) await countRebuilt(rt, why);
  return why;
}
