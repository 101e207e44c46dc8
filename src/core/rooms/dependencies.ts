import * as z from 'zod';
import { LoopyardError } from '../../domain/errors.ts';
import type { PlacedDependencies } from '../../ports/dependencies.ts';
import type { ObjectId } from '../../ports/git.ts';
import type { Runtime } from '../runtime.ts';
import { type KeyedPart, type KeyedPlan, keyedPlan } from './dependency-plan.ts';
import { prepare } from './preparation.ts';
import type { Room } from './pristine.ts';
import { fileDigests, giveRoomFiles, runSetup } from './room-setup.ts';

type Rt = Omit<Runtime, 'backends'>;

const AttachedPart = z.strictObject({
  manager: z.string(),
  folder: z.string(),
  key: z.string(),
  how: z.enum(['kept', 'spare', 'copied', 'prepared', 'mounted']),
  ms: z.number(),
});
const Attached = z.strictObject({
  /** Digest over all that was attached; empty when nothing was needed. */
  key: z.string(),
  parts: z.array(AttachedPart),
  /** What was left alone, and why. Sentences of ours. */
  notes: z.array(z.string()),
  /** For the checks. */
  env: z.record(z.string(), z.string()),
  /** Folders outside the tree that the checks must be able to read and write. */
  folders: z.array(z.string()),
});

/** What a room was given. */
export type AttachedDependencies = z.infer<typeof Attached>;

/** With what only we know of the room: no check is told where. */
const recordOf = (rt: Pick<Rt, 'files'>, room: Room) => rt.files.join(room.record, 'dependencies.json');
const Record = z.strictObject({ tree: z.string(), attached: Attached });

/**
 * The key of everything a verification of this tree would be given, from its manifests and lock files, the versions of
 * the tools, the setup commands and the files a room gets from the checkout. Empty when that is nothing.
 */
export async function dependencyKey(rt: Rt, tree: ObjectId): Promise<string> {
  return keyOf(rt, await keyedPlan(rt, tree));
}

/**
 * Gives a room what its checks need and a commit does not hold: dependencies, the named files of the checkout, and what
 * the setup commands make. For each part the cheapest that keeps the room to itself: what the room kept from its last
 * use, if nothing in it changed; a spare copy; a copy; and only when nobody on this machine has prepared these lock files
 * before, a preparation.
 *
 * The record that it is complete is written last. A keeper that takes over a verification whose checks may be running
 * finds it and touches nothing; without it no check has started, and everything is done again from the start.
 */
export async function attachDependencies(
  rt: Rt,
  room: Room,
  tree: ObjectId,
  signal: AbortSignal,
): Promise<AttachedDependencies> {
  const before = room.origin === 'resumed' ? await attachedBefore(rt, room) : undefined;
  if (before?.tree === tree) return before.attached;
  await rt.files.remove(recordOf(rt, room));
  const plan = await keyedPlan(rt, tree);
  const kept = await timed(rt, () =>
    rt.dependencies.restore(
      room,
      plan.parts.map(({ key }) => key),
    ),
  );
  const notes = [...plan.notes];
  const parts: AttachedDependencies['parts'] = [];
  const placed: { keyed: KeyedPart; at: PlacedDependencies }[] = [];
  for (const keyed of plan.parts) {
    const own = kept.value.find(({ key }) => key === keyed.key);
    const got = own
      ? { at: own, how: own.how, ms: kept.ms / kept.value.length }
      : await place(rt, room, keyed, signal);
    const { manager, folder } = keyed.part;
    parts.push({ manager, folder, key: keyed.key, how: got.how, ms: Math.round(got.ms) });
    placed.push({ keyed, at: got.at });
    if (got.at.leftOut.length > 0)
      notes.push(
        `The tree has files of its own at ${got.at.leftOut.join(', ')}; the prepared ones were left out.`,
      );
  }
  notes.push(...(await giveRoomFiles(rt, room)));
  const env = environmentOf(rt, room, placed);
  const folders = placed.flatMap(({ at }) => at.beside ?? []);
  await runSetup(rt, room, { env, writable: folders }, signal);
  const attached = { key: await keyOf(rt, plan), parts, notes, env, folders };
  await rt.files.write(recordOf(rt, room), JSON.stringify({ tree, attached }));
  return attached;
}

/**
 * Takes the dependencies out of the tree and leaves them beside it for the next use of the room; a spare copy is made
 * and the cache is held to its size behind our back, now that no check waits for the disk. Repeatable.
 */
export async function detachDependencies(rt: Rt, room: Room): Promise<void> {
  const before = await attachedBefore(rt, room);
  await rt.files.remove(recordOf(rt, room));
  await rt.dependencies.release(room);
  const taken = before?.attached.parts.filter(({ how }) => how !== 'kept').map(({ key }) => key) ?? [];
  if (taken.length > 0) void lookAhead(rt, taken);
}

async function lookAhead(rt: Rt, keys: readonly string[]): Promise<void> {
  try {
    for (const key of keys) await rt.dependencies.makeAhead(key);
    await rt.dependencies.trim(rt.config.dependency_cache_gb * 1024 ** 3);
  } catch (error) {
    rt.log('warn', 'dependencies could not be made ahead', { error: String(error) });
  }
}

async function attachedBefore(rt: Pick<Rt, 'files'>, room: Room) {
  const text = await rt.files.read(recordOf(rt, room));
  if (text === undefined) return undefined;
  try {
    return Record.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** An entry may go between the moment it is made and the moment it is copied: once more, and no third time. */
async function place(rt: Rt, room: Room, keyed: KeyedPart, signal: AbortSignal) {
  const { value, ms } = await timed(rt, async () => {
    const ready = await rt.dependencies.place(keyed.key, room);
    if (ready) return { at: ready, how: ready.how };
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await prepare(rt, keyed, signal);
      const at = await rt.dependencies.place(keyed.key, room);
      if (at) return { at, how: 'prepared' as const };
    }
    const { manager } = keyed.part;
    throw new LoopyardError(
      'SETUP_FAILED',
      `The prepared ${manager} dependencies were altered before they could be copied.`,
      { key: keyed.key },
    );
  });
  return { ...value, ms };
}

async function timed<T>(
  { clock }: Pick<Rt, 'clock'>,
  work: () => Promise<T>,
): Promise<{ value: T; ms: number }> {
  const began = clock.now();
  const value = await work();
  return { value, ms: clock.now() - began };
}

async function keyOf(rt: Rt, { parts }: KeyedPlan): Promise<string> {
  const { setup, room_files } = rt.config;
  if (parts.length === 0 && setup.length === 0 && room_files.length === 0) return '';
  const own = [parts.map(({ key }) => key).sort(), setup, await fileDigests(rt)];
  return rt.dependencies.digest(JSON.stringify(own)).slice(0, 40);
}

/** Lists are joined; of two parts that set the same variable the one nearer to the root wins. */
function environmentOf(
  rt: Rt,
  room: Room,
  placed: readonly { keyed: KeyedPart; at: PlacedDependencies }[],
): Record<string, string> {
  const env: Record<string, string> = {};
  const lists: Record<string, string[]> = { PATH: [], PYTHONPATH: [] };
  for (const { keyed, at } of placed) {
    const { checkEnv, binaries, folder } = keyed.part;
    const root = folder === '' ? room.path : rt.files.join(room.path, folder);
    const fill = (text: string) => text.replaceAll('{beside}', at.beside ?? '').replaceAll('{root}', root);
    if (at.beside === undefined && usesBeside([...Object.values(checkEnv), binaries ?? ''])) continue;
    if (binaries !== undefined) lists.PATH?.push(fill(binaries));
    for (const [name, value] of Object.entries(checkEnv)) {
      if (lists[name]) lists[name].push(fill(value));
      else env[name] ??= fill(value);
    }
  }
  const separator = rt.files.join('a', 'b').includes('\\') ? ';' : ':';
  for (const [name, values] of Object.entries(lists)) {
    const own = name === 'PATH' ? (rt.env.PATH ?? '') : '';
    if (values.length > 0) env[name] = [...values, own].filter(Boolean).join(separator);
  }
  return env;
}

const usesBeside = (values: readonly string[]) => values.some((value) => value.includes('{beside}'));
