import { rm, rmdir, unlink } from 'node:fs/promises';
import type { ObjectId, RoomPlace } from '../../ports/git.ts';
import { errno, isMissing } from '../errno.ts';
import type { GitCommand } from './command.ts';
import type { Repository } from './repository.ts';
import { at } from './room-directories.ts';
import { layerOf } from './room-record.ts';
import { changesOf, gitlinkMode, indexInfo, noMode, pathsAsInput, type TreeChange } from './tree-objects.ts';

/**
 * The difference between what an index was made of and a tree. Two trees are compared by walking what differs; in a
 * mirror that was made anew the first of them may be missing, and then the index stands for it.
 */
export async function changesBetween(
  git: Repository['git'],
  gitDir: string,
  from: ObjectId,
  index: string,
  to: ObjectId,
): Promise<TreeChange[]> {
  if (from === to) return [];
  const raw = ['--raw', '-z', '--no-renames', '--no-abbrev'];
  const answer = await git.ask({ gitDir, args: ['diff-tree', '-r', ...raw, from, to] });
  if (answer.code === 0) return changesOf(answer.stdout);
  const reverse = ['diff-index', '--cached', '-R', ...raw, to];
  return changesOf((await git.run({ gitDir, index, slow: true, args: reverse })).stdout);
}

/**
 * Writes a difference into a room that was proved to be in order. Only the files of the difference are read and
 * written, and an index of these alone, the layer: the index of the whole is as large as the repository, and is written
 * when there is time.
 */
export async function bringForward(
  git: Repository['git'],
  here: Pick<GitCommand, 'gitDir' | 'workTree' | 'config' | 'env'>,
  { path, record }: RoomPlace,
  changes: readonly TreeChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const layer = { ...here, index: layerOf(record) };
  await rm(layer.index, { force: true });
  for (const change of changes) if (change.mode === noMode) await takeOut(path, change);
  const written = changes.filter(({ mode }) => mode !== noMode);
  if (written.length === 0) return;
  await git.run({
    ...layer,
    args: ['update-index', '-z', '--add', '--index-info'],
    input: indexInfo(written),
  });
  await git.run({ ...layer, args: ['checkout-index', '--all', '--force', '--index', '--quiet'] });
}

/** With the folders that are empty then, as git does. */
async function takeOut(room: string, { path, oldMode }: TreeChange): Promise<void> {
  if (oldMode === gitlinkMode) await rmdir(at(room, path)).catch(stillUsed);
  else await unlink(at(room, path));
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const gone = await rmdir(at(room, path.slice(0, end))).then(() => true, stillUsed);
    if (!gone) return;
  }
}

function stillUsed(error: unknown): false {
  if (isMissing(error) || ['ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '')) return false;
  throw error;
}

/** Makes the index of the whole say what the layer says, without times for the files of the layer. */
export async function foldLayer(
  git: Repository['git'],
  here: Pick<GitCommand, 'gitDir' | 'workTree' | 'config' | 'env'>,
  index: string,
  changes: readonly TreeChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const args = ['update-index', '-z', '--add', '--index-info'];
  await git.run({ ...here, index, args, input: indexInfo(changes) });
}

/** Writes files of an index into a working tree anew, each as a new file. */
export async function writeAnew(
  git: Repository['git'],
  here: Pick<GitCommand, 'gitDir' | 'workTree' | 'index' | 'config' | 'env'>,
  paths: readonly string[],
  ...options: readonly string[]
): Promise<void> {
  if (paths.length === 0) return;
  const args = ['checkout-index', '--force', '--quiet', ...options, '-z', '--stdin'];
  await git.run({ ...here, args, input: pathsAsInput(paths) });
}
