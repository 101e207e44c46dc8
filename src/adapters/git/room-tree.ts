import { LoopyardError } from '../../domain/errors.ts';
import type { ObjectId } from '../../ports/git.ts';
import { lfsFiles } from './lfs.ts';
import type { Bring } from './mirror.ts';
import type { Repository } from './repository.ts';
import { isAttributes } from './room-attributes.ts';
import { submoduleFiles } from './submodules.ts';
import { escapingLink } from './symbolic-links.ts';
import {
  editTree,
  gitlinkMode,
  linkMode,
  listTree,
  readBlobs,
  type TreeChange,
  type TreeFile,
  textOf,
} from './tree-objects.ts';

/** What a room of a commit or tree holds. */
export interface RoomTree {
  /** The commit or tree itself, or one made of it with the files of its submodules and LFS objects put in. */
  readonly tree: ObjectId;
  /** Targets of all symbolic links by path, both as bytes. */
  readonly links: Readonly<Record<string, string>>;
  /** Without submodules and LFS files, so a change of other files needs no new look at the whole. */
  readonly plain: boolean;
  /** LFS files whose content is not on this machine: their pointers lie there. */
  readonly pointers?: readonly string[] | undefined;
}

/**
 * Works out what a room holds, in the mirror and without a working tree: so index, difference and proof of a room know
 * of nothing but one tree, whatever its files came from.
 */
export async function roomTree(
  git: Repository['git'],
  { gitDir, bring, commonDir }: { gitDir: string; bring: Bring; commonDir: string },
  treeish: ObjectId,
): Promise<RoomTree> {
  const files = await listTree(git, gitDir, treeish);
  const lfs = await lfsFiles(git, gitDir, { treeish, files, store: commonDir, prefix: '' });
  const edits = [
    ...lfs.edits,
    ...(await submoduleFiles(git, gitDir, { bring, treeish, files, store: commonDir, prefix: '' })),
  ];
  const tree = edits.length === 0 ? treeish : await editTree(git, gitDir, treeish, edits);
  const links = await targetsOf(git, gitDir, [...files, ...edits]);
  refuseEscapes(links, treeish);
  const plain = edits.length === 0 && lfs.missing.length === 0;
  return { tree, links, plain, ...(lfs.missing.length > 0 ? { pointers: lfs.missing } : {}) };
}

/**
 * The same from what is known of another tree and the difference between the two; undefined when the difference is of a
 * kind that needs a look at the whole.
 */
export async function changedRoomTree(
  git: Repository['git'],
  gitDir: string,
  before: RoomTree,
  treeish: ObjectId,
  changes: readonly TreeChange[],
): Promise<RoomTree | undefined> {
  if (!before.plain || changes.some(needsALook)) return undefined;
  const links: Record<string, string> = { ...before.links };
  const touched = changes.filter(({ oldMode, mode }) => oldMode === linkMode || mode === linkMode);
  for (const { path } of touched) delete links[path];
  Object.assign(links, await targetsOf(git, gitDir, touched));
  if (touched.length > 0) refuseEscapes(links, treeish);
  return { tree: treeish, links, plain: true };
}

function needsALook({ path, oldMode, mode }: TreeChange): boolean {
  return oldMode === gitlinkMode || mode === gitlinkMode || path === '.gitmodules' || isAttributes(path);
}

async function targetsOf(
  git: Repository['git'],
  gitDir: string,
  files: readonly TreeFile[],
): Promise<Record<string, string>> {
  const links = files.filter(({ mode }) => mode === linkMode);
  const targets = await readBlobs(
    git,
    gitDir,
    links.map(({ id }) => id),
  );
  return Object.fromEntries(links.map(({ path }, i) => [path, targets[i]?.toString('latin1') ?? '']));
}

/** A link out of the room would let a check read, or write, what is not in the commit. */
function refuseEscapes(links: Readonly<Record<string, string>>, treeish: ObjectId): void {
  const escaping = escapingLink(new Map(Object.entries(links)));
  if (escaping === undefined) return;
  const path = textOf(escaping);
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `The commit has a symbolic link that leads out of the checkout: "${path}".`,
    { path, commit: treeish },
  );
}
