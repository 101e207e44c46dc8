import { roomFolder } from './places.ts';
import type { Runtime } from './runtime.ts';

type Rt = Pick<Runtime, 'git' | 'files'>;

export interface Room {
  /** The files of the commit and nothing else. */
  readonly path: string;
  /** Home and temporary folder of the checks; beside the tree, never in it. */
  readonly home: string;
  readonly temp: string;
}

/**
 * A directory with exactly the files of one commit, in which one verification runs its checks. Made fresh from a
 * private object store, in a place no worker is told about. A room that was filled completely says so in a file beside
 * it; after a crash a complete room is used again, because its checks may still be running in it, and a half one is
 * made anew.
 */
export async function makeRoom(rt: Rt, verification: string, commit: string, name: string): Promise<Room> {
  const folder = roomFolder(rt, verification);
  const room = {
    path: rt.files.join(folder, 'tree', name),
    home: rt.files.join(folder, 'home'),
    temp: rt.files.join(folder, 'temp'),
  };
  const filled = rt.files.join(folder, 'filled');
  if ((await rt.files.read(filled)) === commit) return room;
  await rt.files.remove(folder);
  await rt.files.write(rt.files.join(room.home, '.keep'), '');
  await rt.files.write(rt.files.join(room.temp, '.keep'), '');
  await rt.git.fillRoom({ path: room.path, commit });
  await rt.files.write(filled, commit);
  return room;
}

export async function removeRoom(rt: Rt, verification: string): Promise<void> {
  await rt.files.remove(roomFolder(rt, verification));
}
