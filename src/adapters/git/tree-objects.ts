import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectId } from '../../ports/git.ts';
import { gitFailed } from './command.ts';
import type { Repository } from './repository.ts';

type Git = Repository['git'];

/**
 * A file of a tree as git lists it. Its path is bytes, one per character, because nothing says that a name is UTF-8:
 * `textOf` is for people, `bytesOf` for the file system and git.
 */
export interface TreeFile {
  readonly mode: string;
  readonly id: ObjectId;
  readonly path: string;
}

/** One path that differs between two trees; a side that is not there has mode `000000`. */
export interface TreeChange extends TreeFile {
  readonly oldMode: string;
}

/** One repository within another: where its submodules and LFS objects lie on this machine, and where it is in the room. */
export interface Level {
  readonly treeish: ObjectId;
  readonly files: readonly TreeFile[];
  /** Its git directory. */
  readonly store: string;
  /** What its paths begin with in the room, with a slash at the end; empty for the outermost. */
  readonly prefix: string;
}

export const linkMode = '120000';
export const gitlinkMode = '160000';
export const noMode = '000000';

export const textOf = (path: string) => Buffer.from(path, 'latin1').toString();
export const bytesOf = (path: string) => Buffer.from(path, 'latin1');
export const pathOf = (text: string) => Buffer.from(text).toString('latin1');

/** Files of a commit or tree, or those at and below some paths. */
export async function listTree(
  git: Git,
  gitDir: string,
  treeish: ObjectId,
  paths: readonly string[] = [],
): Promise<TreeFile[]> {
  if (paths.length > mostPathsAsArguments) {
    const wanted = new Set(paths.map((path) => path.replace(/\/+$/, '')));
    return (await listTree(git, gitDir, treeish)).filter(({ path }) => isAtOrBelow(path, wanted));
  }
  const { stdout } = await git.run({
    gitDir,
    env: { GIT_LITERAL_PATHSPECS: '1' },
    args: ['ls-tree', '-r', '-z', '--full-tree', treeish, ...paths.map(textOf)],
  });
  return pieces(stdout).map((entry) => {
    const tab = entry.indexOf('\t');
    const [mode = '', , id = ''] = entry.slice(0, tab).split(' ');
    return { mode, id, path: entry.slice(tab + 1) };
  });
}

const mostPathsAsArguments = 200;

function isAtOrBelow(path: string, wanted: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
    if (wanted.has(path.slice(0, end))) return true;
  return false;
}

/** What `--raw -z` prints of a difference, renames not looked for. */
export function changesOf(stdout: Buffer): TreeChange[] {
  const parts = pieces(stdout);
  const changes: TreeChange[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [oldMode = '', mode = '', , id = ''] = (parts[i] ?? '').slice(1).split(' ');
    changes.push({ oldMode, mode, id, path: parts[i + 1] ?? '' });
  }
  return changes;
}

/** The pieces of `-z` output as bytes. */
export function pieces(stdout: Buffer): string[] {
  const parts = stdout.toString('latin1').split('\0');
  parts.pop();
  return parts;
}

/** For commands that read paths with `-z --stdin`. */
export const pathsAsInput = (paths: readonly string[]) => bytesOf(paths.map((path) => `${path}\0`).join(''));

/** For `update-index -z --index-info`: what is gone first, so that a file can take the place of a folder. */
export function indexInfo(files: readonly TreeFile[]): Buffer {
  const line = ({ mode, id, path }: TreeFile) => `${mode} ${id}\t${path}\0`;
  const gone = files.filter(({ mode }) => mode === noMode).map((file) => line({ ...file, mode: '0' }));
  const there = files.filter(({ mode }) => mode !== noMode).map(line);
  return bytesOf([...gone, ...there].join(''));
}

/** The tree that comes of another one with some files put in, replaced or (mode `noMode`) gone. */
export async function editTree(
  git: Git,
  gitDir: string,
  treeish: ObjectId,
  edits: readonly TreeFile[],
): Promise<ObjectId> {
  const index = join(gitDir, `index-${randomUUID()}`);
  try {
    await git.run({ gitDir, index, slow: true, args: ['read-tree', treeish] });
    if (edits.length > 0)
      await git.run({
        gitDir,
        index,
        args: ['update-index', '-z', '--add', '--index-info'],
        input: indexInfo(edits),
      });
    return (await git.run({ gitDir, index, args: ['write-tree'] })).text;
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/** In the order asked for; each answer is a line `<id> blob <size>`, the bytes, and a line end. */
export async function readBlobs(git: Git, gitDir: string, ids: readonly ObjectId[]): Promise<Buffer[]> {
  if (ids.length === 0) return [];
  const command = { gitDir, args: ['cat-file', '--batch'], input: ids.map((id) => `${id}\n`).join('') };
  const answer = await git.run(command);
  const contents: Buffer[] = [];
  for (let at = 0; at < answer.stdout.length; ) {
    const start = answer.stdout.indexOf('\n', at) + 1;
    const [, size] = / blob (\d+)\n$/.exec(answer.stdout.subarray(at, start).toString()) ?? [];
    if (size === undefined) throw gitFailed(command, answer); // one that is missing is told with exit code 0
    contents.push(answer.stdout.subarray(start, start + Number(size)));
    at = start + Number(size) + 1;
  }
  return contents;
}

/** Sizes of blobs, in the order asked for; undefined for what is none or is missing. */
export async function blobSizes(
  git: Git,
  gitDir: string,
  ids: readonly ObjectId[],
): Promise<(number | undefined)[]> {
  if (ids.length === 0) return [];
  const input = ids.map((id) => `${id}\n`).join('');
  const { text } = await git.run({ gitDir, args: ['cat-file', '--batch-check'], input });
  return text.split('\n').map((line) => {
    const [, size] = / blob (\d+)$/.exec(line) ?? [];
    return size === undefined ? undefined : Number(size);
  });
}
