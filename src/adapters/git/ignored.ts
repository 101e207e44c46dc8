import { join } from 'node:path';
import type { Git } from '../../ports/git.ts';
import { readOwn } from '../open-own.ts';
import { fields } from './command.ts';
import type { Repository } from './repository.ts';
import { adminDirectory } from './worktree.ts';

/** The file in which a repository says which ignored files a new worktree gets; a convention several programs share. */
const includeFile = '.worktreeinclude';
const mostBytes = 64 * 1024;

/** What git ignores in a working tree, by the rules of the repository and of the user. */
export function gitIgnored({
  git,
  commonDir,
  userSettings,
}: Repository): Pick<Git, 'ignoredFiles' | 'ignoredPaths'> {
  const at = async (checkout: string) => {
    const gitDir = (await adminDirectory(commonDir, checkout)) ?? commonDir;
    return { gitDir, commonDir, workTree: checkout, config: await userSettings() };
  };

  const ignoredPaths = async (checkout: string, paths: readonly string[]) => {
    if (paths.length === 0) return [];
    const input = paths.map((path) => `${path}\0`).join('');
    const args = ['check-ignore', '-z', '--stdin'];
    return filled((await git.run({ ...(await at(checkout)), args, input }, [1])).stdout);
  };

  return {
    ignoredPaths,
    async ignoredFiles({ checkout, patterns }) {
      const text = (await readOwn(join(checkout, includeFile), mostBytes)) ?? '';
      const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
      const all = [...lines, ...patterns];
      if (all.length === 0) return [];
      const args = ['ls-files', '--others', '--ignored', '-z', ...all.map((line) => `--exclude=${line}`)];
      const named = filled((await git.run({ ...(await at(checkout)), args })).stdout);
      // A folder here is a repository of its own, which is nobody's to copy.
      return ignoredPaths(
        checkout,
        named.filter((path) => !path.endsWith('/')),
      );
    },
  };
}

const filled = (stdout: Buffer) => fields(stdout).filter((path) => path !== '');
