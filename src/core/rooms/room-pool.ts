import * as z from 'zod';
import { isEnded } from '../../domain/loop.ts';
import type { Yard } from '../../domain/yard.ts';
import type { ObjectId } from '../../ports/git.ts';
import { poolFolder, poolRecord, verificationOf } from '../places.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'git' | 'files' | 'ids' | 'log' | 'clock' | 'processes'>;

/**
 * Says that a room is complete, for which verification, what it holds, and how its directory is named. And since which
 * start of the machine: rooms are not flushed to disk, so after a power cut nobody knows what is in one.
 */
const Made = z.object({
  verification: z.string().optional(),
  tree: z.string(),
  name: z.string(),
  boot: z.string(),
});
type Made = z.infer<typeof Made>;

/** A room's files in the place of the yard, and its record in our home. */
interface Both {
  readonly folder: string;
  readonly record: string;
}

/**
 * Rooms between two verifications. The name of a slot says how it stands: `ready-` is in order, `used-` was given back,
 * `order-` is being put in order and `making-` made by the one keeper there is. A slot changes its name, and its owner,
 * by the rename of its record followed by that of its files, so of two who want it one gets it, and a crash in between
 * leaves a record without files or files without a record, which nobody uses and the next care removes. So it does
 * with what a killed keeper was at work on.
 */
export async function claimRoom(
  rt: Rt,
  room: Both,
  { name, verification }: { readonly name: string; readonly verification: string },
): Promise<boolean> {
  const slots = await rt.files.list(poolRecord(rt));
  // A used one costs being put in order, which is still far less than a new one.
  for (const slot of [...slots.filter(isReady), ...slots.filter(isUsed)]) {
    const made = await readMade(rt, poolRecord(rt, slot));
    // What it gave back itself it must not take for a room it never left, should it be killed over it.
    if (made?.name !== name || made.verification === verification) continue;
    if (await move(rt, slotOf(rt, slot), room)) return true;
  }
  return false;
}

/** Gives a room back when it is complete; anything else is deleted. */
export async function giveBack(rt: Rt, room: Both): Promise<void> {
  const complete = (await readMade(rt, room.record)) !== undefined;
  if (complete && (await move(rt, room, slotOf(rt, `used-${rt.ids.uuid()}`)))) return;
  await throwAway(rt, room);
}

/** Takes a room out of the way at once. The next care deletes it, because that takes as long as making one. */
export async function throwAway(rt: Rt, { folder, record }: Both): Promise<void> {
  await rt.files.remove(record);
  await rt.files.move(folder, poolFolder(rt, `gone-${rt.ids.uuid()}`));
  await rt.files.remove(folder);
}

export async function writeMade(rt: Rt, record: string, made: Omit<Made, 'boot'>): Promise<void> {
  const text = JSON.stringify({ ...made, boot: rt.processes.self.boot } satisfies Made);
  await rt.files.write(rt.files.join(record, 'made.json'), text, { flush: false });
}

/** Undefined for a room that is not complete, or not of this start of the machine. */
export async function readMade(
  rt: Pick<Rt, 'files' | 'processes'>,
  record: string,
): Promise<Made | undefined> {
  const text = await rt.files.read(rt.files.join(record, 'made.json'));
  if (text === undefined) return undefined;
  const made = Made.safeParse(parsed(text)).data;
  return made?.boot === rt.processes.self.boot ? made : undefined;
}

/**
 * Puts a claimed room in order unless that was done in the background. Answers what is beside its files and should not
 * be: only prepared dependencies may.
 */
export async function tidyRoom(rt: Rt, room: Both): Promise<string | undefined> {
  if (!(await rt.files.exists(rt.files.join(room.record, 'directories')))) await order(rt, room, true);
  const [foreign] = await foreignNames(rt, room.folder);
  return foreign === undefined ? undefined : `Something was put beside the files of the room: "${foreign}".`;
}

/**
 * Looks after the pool: puts used rooms in order, keeps `keep` of them, and makes one more ahead of need when `spare`
 * says of what. One at a time per yard.
 */
export async function keepRooms(
  rt: Rt & Pick<Runtime, 'store'>,
  { keep, spare }: { keep: number; spare?: { tree: ObjectId; name: string } | undefined },
): Promise<void> {
  await removeRemains(rt);
  await removeLeftRooms(rt);
  const used = (await rt.files.list(poolRecord(rt))).filter(isUsed);
  let ready = (await rt.files.list(poolRecord(rt))).filter(isReady).length;
  for (const slot of used) {
    const working = slotOf(rt, slot.replace('used-', 'order-'));
    if (!(await move(rt, slotOf(rt, slot), working))) continue;
    if (ready < keep && (await succeeds(rt, working, () => order(rt, working, false)))) {
      if (await move(rt, working, slotOf(rt, slot.replace('used-', 'ready-')))) ready += 1;
    } else await removeBoth(rt, working);
  }
  if (!spare || ready >= keep) return;
  const id = rt.ids.uuid();
  const making = slotOf(rt, `making-${id}`);
  const path = rt.files.join(making.folder, 'tree', spare.name);
  const made = await succeeds(rt, making, async () => {
    await rt.git.fillRoom({ path, record: making.record, tree: spare.tree });
    await rt.git.orderRoom({ path, record: making.record });
    await writeMade(rt, making.record, spare);
  });
  if (!made || !(await move(rt, making, slotOf(rt, `ready-${id}`)))) await removeBoth(rt, making);
}

/** What a spare room should hold: the base of the newest live loop. */
export function spareWanted(yard: Yard): { tree: ObjectId; name: string } | undefined {
  const live = Object.values(yard.loops).filter((loop) => !isEnded(loop));
  const newest = live.sort((a, b) => b.openedAt - a.openedAt)[0];
  return newest && { tree: newest.base, name: checkoutName(newest.checkout.path) };
}

/** The last part of a checkout's path: a room has the same, because some tools show or use the name of their folder. */
export function checkoutName(path: string | undefined): string {
  return path?.split(/[\\/]/).findLast((part) => part.length > 0) ?? 'checkout';
}

/** How often a room of the pool was not what it should have been; for who asks how the yard is. */
export const Rebuilt = z.object({ count: z.number(), why: z.string(), at: z.number() });

export async function countRebuilt(rt: Rt, why: string): Promise<void> {
  rt.log('warn', 'a room of the pool was thrown away', { why });
  const count = ((await readRebuilt(rt))?.count ?? 0) + 1;
  await rt.files.write(rebuiltFile(rt), JSON.stringify({ count, why, at: rt.clock.now() }));
}

export async function readRebuilt(rt: Pick<Rt, 'files'>): Promise<z.infer<typeof Rebuilt> | undefined> {
  const text = await rt.files.read(rebuiltFile(rt));
  return text === undefined ? undefined : Rebuilt.safeParse(parsed(text)).data;
}

/** A power cut can leave half a file, which says nothing. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const rebuiltFile = ({ files }: Pick<Rt, 'files'>) => files.join(files.home, 'rooms-rebuilt.json');

const isReady = (slot: string) => slot.startsWith('ready-');
const isUsed = (slot: string) => slot.startsWith('used-');

function slotOf(rt: Rt, slot: string): Both {
  return { folder: poolFolder(rt, slot), record: poolRecord(rt, slot) };
}

async function move(rt: Rt, from: Both, to: Both): Promise<boolean> {
  return (await rt.files.move(from.record, to.record)) && (await rt.files.move(from.folder, to.folder));
}

async function removeBoth(rt: Rt, { folder, record }: Both): Promise<void> {
  await rt.files.remove(record);
  await rt.files.remove(folder);
}

async function succeeds(rt: Rt, { folder }: Both, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    rt.log('warn', 'a room could not be put in order', { folder, error: String(thrown) });
    return false;
  }
}

/** Checks can write beside their files too, where a program that looks for something upwards would find it. */
async function order(rt: Rt, { folder, record }: Both, hurry: boolean): Promise<void> {
  const name = (await readMade(rt, record))?.name ?? '';
  const tree = rt.files.join(folder, 'tree');
  for (const foreign of await foreignNames(rt, folder)) await rt.files.remove(rt.files.join(folder, foreign));
  for (const other of await rt.files.list(tree))
    if (other !== name) await rt.files.remove(rt.files.join(tree, other));
  await rt.git.orderRoom({ path: rt.files.join(tree, name), record, hurry });
}

/** What belongs to no slot: half of a move, and what nobody is at work on any more. */
async function removeRemains(rt: Rt): Promise<void> {
  const [records, folders] = await Promise.all([
    rt.files.list(poolRecord(rt)),
    rt.files.list(poolFolder(rt)),
  ]);
  for (const slot of new Set([...records, ...folders])) {
    if (slot.startsWith('.')) continue;
    const { folder, record } = slotOf(rt, slot);
    const isWhole = records.includes(slot) && folders.includes(slot) && (await readMade(rt, record));
    if (!isWhole || !(isReady(slot) || isUsed(slot))) await removeBoth(rt, { folder, record });
  }
}

/**
 * A room whose verification has ended: it could not be removed then. The rooms are listed first, so that whoever has
 * one is in the yard that is read afterwards.
 */
async function removeLeftRooms(rt: Rt & Pick<Runtime, 'store'>): Promise<void> {
  const [folders, records] = [rt.files.join(rt.files.place, 'rooms'), rt.files.join(rt.files.home, 'rooms')];
  const names = new Set([...(await rt.files.list(folders)), ...(await rt.files.list(records))]);
  const { verifications } = await rt.store.read();
  for (const name of names) {
    const state = verifications[verificationOf(name)]?.state;
    if (name.startsWith('.') || state === 'requested' || state === 'running') continue;
    await removeBoth(rt, { folder: rt.files.join(folders, name), record: rt.files.join(records, name) });
  }
}

const kept = ['tree', 'dependencies'];

async function foreignNames(rt: Rt, folder: string): Promise<readonly string[]> {
  return (await rt.files.list(folder)).filter((name) => !kept.includes(name));
}
