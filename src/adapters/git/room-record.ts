import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/**
 * What only we know of a room, in a folder below our home:
 *
 * - `index`: our own index of the room as it was when it was put in order, or filled.
 * - `layer`: an index of just the files in which the room was brought forward since. The large one is not written then.
 * - `room.json`: what the room holds, and by which changes it came there.
 * - `directories`: how every directory looked when the room was in order. Without it the room is in use, or was.
 */
export const indexOf = (record: string) => join(record, 'index');
export const layerOf = (record: string) => join(record, 'layer');
export const directoriesOf = (record: string) => join(record, 'directories');

export const RoomRecord = z.object({
  /** The commit or tree the index was made of, and what is known of it. Paths are bytes, one per character. */
  tree: z.string(),
  plain: z.boolean(),
  links: z.record(z.string(), z.string()),
  /** LFS files whose content is not on this machine. */
  pointers: z.array(z.string()).readonly().optional(),
  /** The index is younger than all files but few, so that a proof by it reads few of them. */
  settled: z.boolean(),
  /** Changes from the index to what lies in the room now; they are in the layer, unless gone. */
  changes: z.array(z.object({ oldMode: z.string(), mode: z.string(), id: z.string(), path: z.string() })),
});
export type RoomRecord = z.infer<typeof RoomRecord>;

export async function writeRecord(record: string, room: RoomRecord): Promise<void> {
  await writeFile(join(record, 'room.json'), JSON.stringify(room), { mode: 0o600 });
}

/** Throws when there is none, or half a one: then nothing is known of the room. */
export async function readRecord(record: string): Promise<RoomRecord> {
  return RoomRecord.parse(JSON.parse(await readFile(join(record, 'room.json'), 'utf8')));
}
