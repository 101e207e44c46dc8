import { LoopyardError } from '../../domain/errors.ts';
import type { Git, ObjectId, TreeEntry } from '../../ports/git.ts';
import type { Mirror } from './mirror.ts';
import type { Repository } from './repository.ts';
import {
  blobSizes,
  editTree,
  listTree,
  noMode,
  pathOf,
  readBlobs,
  type TreeFile,
  textOf,
} from './tree-objects.ts';

/**
 * Trees as they are judged, and what is in them. Everything is made and read in the mirror, so nothing that a worker
 * wrote into the repository beside its commit (replaced refs, rewritten objects, filters, attributes of the checkout)
 * has a say in it.
 */
export function gitJudgedTrees(
  { git }: Repository,
  mirror: Mirror,
): Pick<Git, 'judgedTree' | 'entries' | 'blobs'> {
  return {
    async judgedTree({ commit, base, restore, drop }) {
      const make = (gitDir: string) => judged(git, gitDir, commit, base, restore, drop);
      return mirror.make([commit, base], make);
    },
    entries: (treeish, paths) =>
      mirror.use([treeish], async (gitDir) =>
        (await listTree(git, gitDir, treeish, paths?.map(pathOf))).map(entryOf),
      ),
    blobs: (ids, { maxBytes, mostBytes = 64 << 20 }) =>
      mirror.use([], async (gitDir) => {
        const unique = [...new Set(ids)];
        const sizes = await blobSizes(git, gitDir, unique);
        let left = mostBytes;
        const wanted = unique.filter((_, i) => {
          const size = sizes[i] ?? Number.POSITIVE_INFINITY;
          if (size > maxBytes || size > left) return false;
          left -= size;
          return true;
        });
        const contents = await readBlobs(git, gitDir, wanted);
        return new Map(wanted.map((id, i) => [id, new Uint8Array(contents[i] ?? [])] as const));
      }),
  };
}

async function judged(
  git: Repository['git'],
  gitDir: string,
  commit: ObjectId,
  base: ObjectId,
  restore: readonly string[],
  drop: readonly string[],
): Promise<ObjectId> {
  const tree = (await git.run({ gitDir, args: ['rev-parse', '--verify', `${commit}^{tree}`] })).text;
  const changed = [...restore, ...drop].map(pathOf);
  if (changed.length === 0) return tree;
  const [theirs, ours] = await Promise.all([
    listTree(git, gitDir, commit, changed),
    restore.length === 0 ? [] : listTree(git, gitDir, base, restore.map(pathOf)),
  ]);
  refuseUnknown(changed, [...theirs, ...ours]);
  return editTree(git, gitDir, tree, [...theirs.map((file) => ({ ...file, mode: noMode })), ...ours]);
}

/** A path that names nothing would restore nothing, and nobody would notice. */
function refuseUnknown(paths: readonly string[], files: readonly TreeFile[]): void {
  const known = new Set<string>();
  for (const { path } of files)
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) known.add(path.slice(0, end));
  const unknown = paths.find((path) => !known.has(path.replace(/\/+$/, '')));
  if (unknown === undefined) return;
  const path = textOf(unknown);
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `"${path}" cannot be restored or dropped: neither the commit nor its base has such a file.`,
    { missing: path },
  );
}

function entryOf({ mode, id, path }: TreeFile): TreeEntry {
  return { mode: modeOf(mode), id, path: textOf(path) };
}

/** Old repositories have other permission bits; git takes them for these two. */
function modeOf(mode: string): TreeEntry['mode'] {
  if (mode === '120000' || mode === '160000') return mode;
  return Number.parseInt(mode, 8) & 0o100 ? '100755' : '100644';
}
