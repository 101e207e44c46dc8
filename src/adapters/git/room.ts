import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { Git, ObjectId, RoomPlace } from '../../ports/git.ts';
import { isMissing } from '../errno.ts';
import { removeTree } from '../take-away.ts';
import type { Mirror } from './mirror.ts';
import type { Repository } from './repository.ts';
import { isAttributes, treeAttributesOnly } from './room-attributes.ts';
import { bringForward, changesBetween } from './room-change.ts';
import { changedDirectory } from './room-directories.ts';
import { dwellerIn } from './room-dwellers.ts';
import { alteredFiles, orderRoom } from './room-order.ts';
import { directoriesOf, indexOf, type RoomRecord, readRecord, writeRecord } from './room-record.ts';
import { changedRoomTree, roomTree } from './room-tree.ts';
import { touchedFiles, watchRoom } from './room-watch.ts';
import { listTree, pieces, type TreeChange, textOf } from './tree-objects.ts';

/**
 * Rooms: directories with exactly the files of one tree, out of the mirror. What we know of one lies in a record below
 * our home, so nothing in the room says how to read it, and no git directory can be found from there.
 *
 * A room is filled once and then used again and again: in use, put in order (`orderRoom`), brought forward to the next
 * tree by the difference (`forwardRoom`), in use. The proof before it is used again has two halves. Of every file the
 * index of the record knows inode, size and times, the one among them that nobody can put back too; of a file written in
 * the second in which the index was written git compares the content. And of every directory we know the same, so no
 * name came or went. Neither half asks what is ignored.
 *
 * A crash leaves a room whose record says less than the room is: who finds one that was not given back in order throws
 * it away.
 */
export function gitRooms(
  repository: Repository,
  mirror: Mirror,
): Pick<
  Git,
  'fillRoom' | 'forwardRoom' | 'alteredFiles' | 'watchRoom' | 'touchedFiles' | 'pointersIn' | 'orderRoom'
> {
  const { git, commonDir } = repository;
  return {
    async fillRoom({ path, record, tree }) {
      await mirror.use([tree], async (gitDir, bring) => {
        const held = await roomTree(git, { gitDir, bring, commonDir }, tree);
        await makeDirectories(path, record);
        try {
          const here = inRoom(gitDir, { path, record });
          await git.run({ ...here, args: ['read-tree', held.tree] });
          await git.run({ ...here, args: ['checkout-index', '--all', '--index', '--quiet'] });
          await writeRecord(record, { ...held, changes: [], settled: false });
        } catch (error) {
          await removeTree(path);
          await removeTree(record);
          throw error;
        }
      });
    },
    forwardRoom: ({ path, record, tree }) =>
      mirror.use([tree], async (gitDir, bring) => {
        const room = { path, record };
        // First of all, because our own git works in the room too.
        const dweller = await dwellerIn(path);
        if (dweller !== undefined)
          return { kind: 'altered', why: `The process ${dweller} still works in the room.` };
        const before = await readRecord(record).catch(() => undefined);
        if (!before || before.changes.length > 0)
          return { kind: 'altered', why: 'Nobody wrote down how the room looked when it was in order.' };
        const [why, { changes, held }] = await Promise.all([
          whatChanged(git, gitDir, room),
          planOf({ git, commonDir }, { gitDir, bring }, before, record, tree),
        ]);
        if (why !== undefined) return { kind: 'altered', why };
        await rm(directoriesOf(record), { force: true });
        await bringForward(git, inRoom(gitDir, room), room, changes);
        await writeRecord(record, { ...held, changes: [...changes], settled: before.settled });
        return { kind: 'pristine' };
      }),
    alteredFiles: (room) => mirror.use([], async (gitDir) => alteredFiles(git, inRoom(gitDir, room), room)),
    pointersIn: async ({ record }) => (await readRecord(record)).pointers ?? [],
    watchRoom,
    touchedFiles: (room) => mirror.use([], async (gitDir) => touchedFiles(git, inRoom(gitDir, room), room)),
    orderRoom: ({ hurry = false, ...room }) =>
      mirror.use([], async (gitDir) => orderRoom(git, inRoom(gitDir, room), room, hurry)),
  };
}

/** How git sees a room. `checkout.workers` lets it write with as many processes as there are processors. */
export function inRoom(gitDir: string, { path, record }: RoomPlace) {
  return {
    gitDir,
    workTree: path,
    index: indexOf(record),
    config: [
      ...treeAttributesOnly.config,
      'core.bare=false',
      'checkout.workers=0',
      'core.trustctime=true',
      'core.checkStat=default',
      'core.ignoreStat=false',
      'core.fileMode=true',
      'core.untrackedCache=false',
      'core.sparseCheckout=false',
    ],
    env: treeAttributesOnly.env,
  };
}

async function makeDirectories(path: string, record: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await mkdir(dirname(record), { recursive: true, mode: 0o700 });
  try {
    await mkdir(path, { mode: 0o700 });
    await mkdir(record, { mode: 0o700 }).catch(async (cause: unknown) => {
      await rm(path, { recursive: true, force: true });
      throw cause;
    });
  } catch (cause) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `The room "${path}" cannot be made: it and its record must be new directories.`,
      {},
      { cause },
    );
  }
}

/** What is not as it was left, as a sentence; undefined when everything is. */
async function whatChanged(
  git: Repository['git'],
  gitDir: string,
  room: RoomPlace,
): Promise<string | undefined> {
  const files = git.run({ ...inRoom(gitDir, room), args: ['diff-files', '--name-only', '-z'] });
  const directories = changedDirectory(room.path, directoriesOf(room.record)).catch((error: unknown) => {
    if (isMissing(error)) return '..';
    throw error;
  });
  const [{ stdout }, directory] = await Promise.all([files, directories]);
  const [file] = pieces(stdout);
  if (file !== undefined) return `The file "${textOf(file)}" of the room was changed.`;
  if (directory !== undefined)
    return `Something was added to or removed from "${textOf(directory)}/" of the room.`;
  return undefined;
}

interface Plan {
  readonly changes: readonly TreeChange[];
  readonly held: Pick<RoomRecord, 'tree' | 'plain' | 'links' | 'pointers'>;
}

/** What has to change in the room. New attributes can change files whose content in the tree stays. */
async function planOf(
  { git, commonDir }: Pick<Repository, 'git' | 'commonDir'>,
  { gitDir, bring }: { gitDir: string; bring: Parameters<Parameters<Mirror['use']>[1]>[1] },
  before: RoomRecord,
  record: string,
  tree: ObjectId,
): Promise<Plan> {
  const direct = before.plain ? await changesBetween(git, gitDir, before.tree, indexOf(record), tree) : [];
  const held =
    (await changedRoomTree(git, gitDir, before, tree, direct)) ??
    (await roomTree(git, { gitDir, bring, commonDir }, tree));
  const changes =
    before.plain && held.tree === tree
      ? direct
      : await changesBetween(git, gitDir, before.tree, indexOf(record), held.tree);
  const rewritten = changes.filter(({ path }) => isAttributes(path));
  if (rewritten.length === 0) return { changes, held };
  const folders = rewritten.map(({ path }) => path.slice(0, -'.gitattributes'.length));
  const known = new Set(changes.map(({ path }) => path));
  const also = (await listTree(git, gitDir, held.tree)).filter(
    ({ path, mode }) =>
      mode.startsWith('100') && !known.has(path) && folders.some((folder) => path.startsWith(folder)),
  );
  return { held, changes: [...changes, ...also.map((file) => ({ ...file, oldMode: file.mode }))] };
}
