import { randomUUID } from 'node:crypto';
import { copyFile, lstat, open, readlink, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RoomPlace } from '../../ports/git.ts';
import type { GitCommand } from './command.ts';
import type { Repository } from './repository.ts';
import { foldLayer, writeAnew } from './room-change.ts';
import { at, removeForeign, secondOf, writeDirectories } from './room-directories.ts';
import { dwellerIn } from './room-dwellers.ts';
import { directoriesOf, indexOf, layerOf, type RoomRecord, readRecord, writeRecord } from './room-record.ts';
import { noMode, pieces, type TreeFile, textOf } from './tree-objects.ts';

type Git = Repository['git'];
type Here = Pick<GitCommand, 'gitDir' | 'workTree' | 'index' | 'config' | 'env'>;

/**
 * Makes a used room pristine: takes out what is not of its tree, writes anew every file that does not look exactly as
 * it was left, and notes how everything looks then. A file that was only touched is written anew too, so that in the
 * index the time of the content and the time of the last change are always of the same second: whoever edits a file and
 * puts its time back is found by the second, which git compares, and in the second in which the index is written git
 * compares contents.
 */
export async function orderRoom(
  git: Git,
  here: Here,
  { path, record }: RoomPlace,
  hurry: boolean,
): Promise<void> {
  const index = indexOf(record);
  const dweller = await dwellerIn(path);
  if (dweller !== undefined) throw new Error(`The process ${dweller} still works in the room.`);
  await rm(directoriesOf(record), { force: true });
  const { changes, ...held } = await readRecord(record);
  await foldLayer(git, here, index, changes);
  await rm(layerOf(record), { force: true });

  const directories = await removeForeign(path, await filesOf(git, here));
  const changed = await changedFiles(git, here);
  await writeAnew(git, here, changed, '--index');
  const settles = !hurry && (!held.settled || changed.length > fewFiles);
  if (settles) await nextSecond(index);
  const second = await secondOf(`${index}.clock`);
  const [busy] = await changedFiles(git, here);
  if (busy !== undefined) throw new Error(`Somebody still writes in the room: "${textOf(busy)}" changed.`);
  if (settles) await utimes(index, second, second);
  await writeRecord(record, {
    ...held,
    changes: [],
    settled: settles || (held.settled && changed.length <= fewFiles),
  });
  await writeDirectories(path, ['..', ...directories], directoriesOf(record));
}

/** So many files a proof may read for being of the second in which the index was written. */
const fewFiles = 500;

/**
 * After it everything can be compared once more, and then the index may count as younger than every file in it: a change
 * from then on shows a later second, and the next proof reads no file.
 */
async function nextSecond(index: string): Promise<void> {
  const written = Math.floor((await stat(index)).mtimeMs / 1000);
  while ((await secondOf(`${index}.clock`)) <= written) await pause(20);
}

/**
 * Files that are not what the tree says, in a room in use. Whatever does not look as it was left is compared, byte by
 * byte, with a copy made of our own objects and the attributes of the tree: what the room's attributes call equal
 * does not count.
 */
export async function alteredFiles(
  git: Git,
  here: Here,
  { path, record }: RoomPlace,
): Promise<readonly string[]> {
  const { changes } = await readRecord(record);
  const suspects = await writtenFiles(git, here, record, changes);
  if (suspects.length === 0) return [];
  const scratch = join(record, `compare-${randomUUID()}`);
  try {
    const index = `${scratch}.index`;
    await copyFile(indexOf(record), index);
    await foldLayer(git, here, index, changes);
    await writeAnew(git, { ...here, index }, suspects, `--prefix=${scratch}/`);
    const altered: string[] = [];
    for (const file of suspects)
      if (!(await isSame(at(scratch, file), at(path, file)))) altered.push(textOf(file));
    return altered.sort();
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(`${scratch}.index`, { force: true });
  }
}

async function writtenFiles(
  git: Git,
  here: Here,
  record: string,
  changes: RoomRecord['changes'],
): Promise<string[]> {
  const later = new Set(changes.map((change) => change.path));
  const written = changes.some(({ mode }) => mode !== noMode);
  const [below, above] = await Promise.all([
    changedFiles(git, here),
    written ? changedFiles(git, { ...here, index: layerOf(record) }) : [],
  ]);
  return [...below.filter((file) => !later.has(file)), ...above];
}

async function changedFiles(git: Git, here: Here): Promise<string[]> {
  return pieces((await git.run({ ...here, args: ['diff-files', '--name-only', '-z'] })).stdout);
}

async function filesOf(git: Git, here: Here): Promise<TreeFile[]> {
  const { stdout } = await git.run({ ...here, args: ['ls-files', '--stage', '-z'] });
  return pieces(stdout).map((entry) => {
    const tab = entry.indexOf('\t');
    const [mode = '', id = ''] = entry.slice(0, tab).split(' ');
    return { mode, id, path: entry.slice(tab + 1) };
  });
}

async function isSame(expected: Buffer, found: Buffer): Promise<boolean> {
  const [ours, theirs] = await Promise.all([lstat(expected), lstat(found).catch(() => undefined)]);
  if (!theirs) return false;
  if (ours.isSymbolicLink())
    return theirs.isSymbolicLink() && (await readlink(expected)) === (await readlink(found));
  if (!ours.isFile()) return theirs.isDirectory();
  if (!theirs.isFile() || ours.size !== theirs.size) return false;
  if ((ours.mode & 0o100) !== (theirs.mode & 0o100)) return false;
  return sameBytes(expected, found).catch(() => false);
}

async function sameBytes(one: Buffer, other: Buffer): Promise<boolean> {
  const files = await Promise.all([open(one), open(other)]);
  const chunks: [Buffer, Buffer] = [Buffer.alloc(1 << 16), Buffer.alloc(1 << 16)];
  try {
    for (;;) {
      const [a, b] = await Promise.all(files.map((file, i) => file.read(chunks[i as 0 | 1], 0, 1 << 16)));
      if (!a || a.bytesRead !== b?.bytesRead) return false;
      if (!chunks[0].subarray(0, a.bytesRead).equals(chunks[1].subarray(0, a.bytesRead))) return false;
      if (a.bytesRead === 0) return true;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
