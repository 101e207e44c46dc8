import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { Gate } from '../../ports/gate.ts';
import type { Git } from '../../ports/git.ts';
import { readOwn } from '../open-own.ts';
import { deleteTrash, takeAway } from '../take-away.ts';
import { fields } from './command.ts';
import type { Repository } from './repository.ts';

/**
 * Linked worktrees: making, listing and removing them, one at a time per repository, because git's own administration
 * fails when several do it at once.
 *
 * A crash while adding leaves a branch at its first commit and perhaps part of a directory, under our own names: whoever
 * tries again clears them. A crash while removing leaves the directory under a `.trash-` name beside its old
 * place, or git's record of a directory that is gone; removing again finishes both.
 */
export function gitWorktrees(
  { git, commonDir, log }: Repository,
  gate: Gate,
): Pick<Git, 'worktrees' | 'addWorktree' | 'removeWorktree'> {
  const gitDir = commonDir;

  const remove = async (path: string): Promise<string[]> => {
    const trash = await takeAway(path);
    const gone = await lstat(path).then(
      () => false,
      () => true,
    );
    // Twice: a locked record too. With the directory away this removes the record and nothing else.
    if (gone && (await adminDirectory(commonDir, path)))
      await git.run({ gitDir, slow: true, args: ['worktree', 'remove', '--force', '--force', path] });
    return trash;
  };
  const empty = async (trash: readonly string[]) => {
    for (const path of trash) {
      await deleteTrash(path).catch((error: unknown) =>
        log('warn', 'A removed worktree could not be deleted.', { path, error: String(error) }),
      );
    }
  };

  return {
    async worktrees() {
      const { stdout } = await git.run({ gitDir, args: ['worktree', 'list', '--porcelain', '-z'] });
      return Promise.all(
        records(stdout).map(async (record) => {
          const missing = !(await isThere(record.path));
          const rebasing =
            record.branch === undefined && !missing ? await rebasedIn(commonDir, record.path) : undefined;
          return { ...record, missing, rebasing };
        }),
      );
    },

    async addWorktree({ path, branch, commit }) {
      if (await isThere(path))
        throw new LoopyardError(
          'INVALID_ARGUMENT',
          `The worktree "${path}" cannot be made: something is there already.`,
        );
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      let trash: string[] = [];
      await gate
        .within('worktrees', gatePatienceMs, async () => {
          const ref = `refs/heads/${branch}`;
          // The branch by itself first, so that we know it is ours to take back. It tracks nothing: no configuration is written.
          await git.run({
            gitDir,
            args: [
              'update-ref',
              '--create-reflog',
              '-m',
              'loopyard: new worktree',
              ref,
              commit,
              '0'.repeat(commit.length),
            ],
          });
          try {
            const args = ['worktree', 'add', '--quiet', path, branch];
            await git.run({
              gitDir,
              slow: true,
              args,
              config: ['checkout.workers=0', 'checkout.defaultRemote=', 'worktree.guessRemote=false'],
            });
          } catch (error) {
            trash = await remove(path);
            await git.ask({ gitDir, args: ['update-ref', '-d', ref, commit] });
            throw error;
          }
        })
        .finally(() => empty(trash));
    },

    async removeWorktree(path) {
      if ((await isThere(path)) && !(await adminDirectory(commonDir, path))) {
        throw new LoopyardError(
          'GIT_FAILED',
          `"${path}" is not a linked worktree of this repository, so it was left alone.`,
          { path },
        );
      }
      await empty(await gate.within('worktrees', gatePatienceMs, () => remove(path)));
    },
  };
}

/**
 * The directory of the shared git directory that describes a linked worktree; undefined when there is none. Found from
 * git's own records: the `.git` file inside the worktree is the worker's to rewrite.
 */
export async function adminDirectory(commonDir: string, worktree: string): Promise<string | undefined> {
  const wanted = await realpathOfPlace(worktree);
  const all = join(commonDir, 'worktrees');
  const found: string[] = [];
  for (const name of await readdir(all).catch(() => [])) {
    const pointer = await readOwn(join(all, name, 'gitdir'), longestPointer).catch(() => undefined);
    if (
      pointer &&
      (await realpathOfPlace(dirname(resolve(join(all, name), pointer.replace(/\r?\n$/, ''))))) === wanted
    )
      found.push(join(all, name));
  }
  if (found.length > 1)
    throw new LoopyardError('GIT_FAILED', `Two records of git claim the worktree "${worktree}".`, {
      records: found,
    });
  return found[0];
}

const gatePatienceMs = 30_000;
/** Longer than any path. */
const longestPointer = 64 * 1024;

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Real path also of what is no longer there: of its directory, and the name. */
async function realpathOfPlace(path: string): Promise<string> {
  return realpath(path).catch(async () =>
    join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)),
  );
}

interface WorktreeRecord {
  readonly path: string;
  readonly branch: string | undefined;
  readonly head: string | undefined;
}

/** One block of `key value` fields per worktree, blocks separated by an empty field. */
/** The branch that is being rebased in a working tree: git keeps its name beside HEAD, under two names. */
async function rebasedIn(commonDir: string, tree: string): Promise<string | undefined> {
  const admin = (await adminDirectory(commonDir, tree)) ?? commonDir;
  for (const kind of ['rebase-merge', 'rebase-apply']) {
    const name = await readOwn(join(admin, kind, 'head-name'), 4_096);
    if (name !== undefined) return name.trim().replace(/^refs\/heads\//, '');
  }
  return undefined;
}

function records(stdout: Buffer): WorktreeRecord[] {
  const found: WorktreeRecord[] = [];
  let block = new Map<string, string>();
  for (const field of fields(stdout)) {
    const space = field.indexOf(' ');
    if (field !== '')
      block.set(space < 0 ? field : field.slice(0, space), space < 0 ? '' : field.slice(space + 1));
    if (field !== '') continue;
    const head = block.get('HEAD');
    const path = block.get('worktree');
    if (path !== undefined && !block.has('bare')) {
      found.push({
        // On Windows git writes slashes, and whoever looks for a worktree of ours has the system's. Untested there.
        path: normalize(path),
        branch: block.get('branch')?.replace(/^refs\/heads\//, ''),
        head: head && !/^0+$/.test(head) ? head : undefined,
      });
    }
    block = new Map();
  }
  return found;
}
