import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import { isMissing } from '../errno.ts';
import type { Repository } from './repository.ts';
import { isAttributes, treeAttributesOnly } from './room-attributes.ts';
import {
  blobSizes,
  type Level,
  pathsAsInput,
  pieces,
  readBlobs,
  type TreeFile,
  textOf,
} from './tree-objects.ts';

/** The specification keeps pointers below this. */
const longestPointer = 1024;

/**
 * The files of one repository that its own attributes give to LFS and that are pointers, each with the content it points
 * to, out of the local LFS store. No filter runs: the object is copied, its size and SHA-256 are compared with the
 * pointer's, and the copy becomes a blob of the mirror. The user's machine keeps LFS files twice for that. Where the store
 * has no object the pointer stays, as it does in the user's own checkout then: `missing` names those files.
 */
export async function lfsFiles(
  git: Repository['git'],
  gitDir: string,
  level: Level,
): Promise<{ readonly edits: readonly TreeFile[]; readonly missing: readonly string[] }> {
  const files = await filtered(git, gitDir, level);
  const sizes = await blobSizes(
    git,
    gitDir,
    files.map(({ id }) => id),
  );
  const small = files.filter((_, i) => (sizes[i] ?? longestPointer) < longestPointer);
  const texts = await readBlobs(
    git,
    gitDir,
    small.map(({ id }) => id),
  );
  const edits: TreeFile[] = [];
  const missing: string[] = [];
  for (const [i, file] of small.entries()) {
    const pointer = pointerOf(texts[i]?.toString() ?? '');
    if (!pointer) continue;
    const path = `${level.prefix}${file.path}`;
    const id = await objectOf(git, gitDir, level.store, pointer, textOf(path));
    if (id === undefined) missing.push(textOf(path));
    else edits.push({ ...file, path, id });
  }
  return { edits, missing };
}

/** Regular files with `filter=lfs`, by the attributes in the tree and no others. */
async function filtered(
  git: Repository['git'],
  gitDir: string,
  { treeish, files }: Level,
): Promise<readonly TreeFile[]> {
  const attributes = files.filter(({ path, mode }) => isAttributes(path) && mode.startsWith('100'));
  const texts = await readBlobs(
    git,
    gitDir,
    attributes.map(({ id }) => id),
  );
  if (!texts.some((text) => text.includes('filter=lfs'))) return [];
  const index = join(gitDir, `index-${randomUUID()}`);
  try {
    await git.run({ gitDir, index, slow: true, args: ['read-tree', treeish] });
    const regular = new Map(
      files.filter(({ mode }) => mode.startsWith('100')).map((file) => [file.path, file]),
    );
    const { stdout } = await git.run({
      gitDir,
      index,
      slow: true,
      config: treeAttributesOnly.config,
      env: treeAttributesOnly.env,
      args: ['check-attr', '--cached', '-z', '--stdin', 'filter'],
      input: pathsAsInput([...regular.keys()]),
    });
    const parts = pieces(stdout);
    const found: TreeFile[] = [];
    for (let i = 0; i + 2 < parts.length; i += 3) {
      const file = parts[i + 2] === 'lfs' ? regular.get(parts[i] ?? '') : undefined;
      if (file) found.push(file);
    }
    return found;
  } finally {
    await rm(index, { force: true });
  }
}

interface Pointer {
  readonly oid: string;
  readonly size: number;
}

function pointerOf(text: string): Pointer | undefined {
  if (!text.startsWith('version https://git-lfs.github.com/spec/v1\n')) return undefined;
  const [, oid] = /^oid sha256:([0-9a-f]{64})$/m.exec(text) ?? [];
  const [, size] = /^size (\d{1,15})$/m.exec(text) ?? [];
  return oid && size ? { oid, size: Number(size) } : undefined;
}

/** The object may change under our eyes, so it is the copy that is measured and taken. */
async function objectOf(
  git: Repository['git'],
  gitDir: string,
  store: string,
  { oid, size }: Pointer,
  path: string,
): Promise<string | undefined> {
  const copy = join(gitDir, `lfs-${randomUUID()}`);
  try {
    const stored = join(store, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);
    await copyFile(stored, copy, constants.COPYFILE_FICLONE);
    const found = await measure(copy);
    if (found.oid !== oid || found.size !== size) throw notWhole(path, oid);
    const args = ['hash-object', '-w', '--no-filters', '--', copy];
    return (await git.run({ gitDir, slow: true, config: ['core.looseCompression=0'], args })).text;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  } finally {
    await rm(copy, { force: true });
  }
}

async function measure(file: string): Promise<Pointer> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { oid: hash.digest('hex'), size };
}

function notWhole(path: string, oid: string): LoopyardError {
  return new LoopyardError(
    'ROOM_INCOMPLETE',
    `The LFS object of "${path}" on this machine is not what its pointer says; remove it and run \`git lfs fetch\`.`,
    { file: path, oid },
  );
}
