import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { Git } from '../../ports/git.ts';
import { type GitCommand, gitFailed, objectIdPattern } from './command.ts';
import type { Repository } from './repository.ts';
import { adminDirectory } from './worktree.ts';

type Checkouts = Pick<Git, 'head' | 'isClean' | 'followBranch' | 'settleWorktree'>;

/** What concerns one working tree and its own HEAD and index: the user's checkout, or a worktree of ours. */
export function gitCheckouts({ git, commonDir, userSettings }: Repository): Checkouts {
  /** The git directory of this very tree: the shared one for the main tree, its record for a linked one. */
  const at = async (checkout: string) => {
    const gitDir = (await adminDirectory(commonDir, checkout)) ?? commonDir;
    return { gitDir, commonDir, workTree: checkout, config: await userSettings() };
  };

  return {
    async head(checkout) {
      const { gitDir } = await at(checkout);
      const [commit, branch] = await Promise.all([
        git.ask({ gitDir, commonDir, args: ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'] }),
        git.run({ gitDir, commonDir, args: ['symbolic-ref', '--quiet', 'HEAD'] }, [1]),
      ]);
      return {
        commit: commit.code === 0 && objectIdPattern.test(commit.text) ? commit.text : undefined,
        branch: branch.code === 0 ? branch.text.replace(/^refs\/heads\//, '') : undefined,
      };
    },

    /** Untracked files are not looked at: whether one is in the way depends on the commit, and followBranch tells. */
    async isClean(checkout) {
      const args = [
        'status',
        '--porcelain=v2',
        '-z',
        '--untracked-files=no',
        '--ignore-submodules=all',
        '--no-renames',
      ];
      return (await git.run({ ...(await at(checkout)), args })).stdout.length === 0;
    },

    /**
     * Git's own two-way merge: a file that differs between the commits and was touched is in the way, any other change
     * stays. First a rehearsal, so that a refusal changes nothing. A crash in between leaves a mixture in which every
     * file is one of the two versions, and running it again completes it.
     */
    async followBranch({ checkout, from, to, rehearse = false }) {
      const here = await at(checkout);
      const readTree = ['read-tree', '--no-recurse-submodules', '-m', '-u'];
      await git.run({ ...here, args: ['update-index', '-q', '--ignore-submodules', '--refresh'] }, [1]);
      const rehearsal: GitCommand = { ...here, args: [...readTree, '--dry-run', from, to] };
      const answer = await git.ask(rehearsal);
      if (answer.code !== 0) {
        // The same exit code says "refused" and "no such commit"; whether the commits are there tells them apart.
        for (const commit of [from, to])
          await git.run({ gitDir: commonDir, args: ['cat-file', '-e', `${commit}^{tree}`] });
        if (answer.code < 0) throw gitFailed(rehearsal, answer);
        return 'in_the_way';
      }
      if (!rehearse) await git.run({ ...here, args: [...readTree, from, to] });
      return 'followed';
    },

    /**
     * Branch, HEAD, index, in this order; each step can be repeated. The worker may have detached HEAD or switched to
     * another branch: the worktree is ours and stands for its branch, so HEAD is put back. The index is built aside and
     * renamed into place, so a lock that a killed git left on it does not stop us. Only the shared git directory's
     * configuration counts here, not what the worktree's own record says.
     */
    async settleWorktree({ path, branch, commit }) {
      const admin = await adminDirectory(commonDir, path);
      if (!admin)
        throw new LoopyardError('GIT_FAILED', `"${path}" is not a linked worktree of this repository.`, {
          path,
        });
      const gitDir = commonDir;
      const ref = `refs/heads/${branch}`;
      const log = ['--create-reflog', '-m', 'loopyard: candidate'];
      const current = (await git.ask({ gitDir, args: ['rev-parse', '--verify', '--quiet', ref] })).text;
      if (current !== commit) {
        await git.run({
          gitDir,
          args: ['update-ref', '--no-deref', ...log, ref, commit, current || '0'.repeat(commit.length)],
        });
      }
      await git.run({ gitDir, args: ['symbolic-ref', `worktrees/${basename(admin)}/HEAD`, ref] });
      const index = join(admin, `index-${randomUUID()}`);
      const here = { gitDir, workTree: path, index, config: await userSettings() };
      try {
        await git.run({ ...here, args: ['read-tree', commit] });
        await git.run(
          { ...here, args: ['update-index', '-q', '--ignore-submodules', '--really-refresh'] },
          [1],
        );
        await rename(index, join(admin, 'index'));
      } finally {
        await rm(index, { force: true });
      }
    },
  };
}
