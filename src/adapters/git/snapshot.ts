import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from '../../ports/git.ts';
import { fields } from './command.ts';
import type { Repository } from './repository.ts';

/**
 * Turns what lies in a working tree into a commit, without touching the tree, its index or its branch.
 *
 * The shared git directory and an index of our own are named explicitly, so nothing the worker wrote into its `.git`
 * file or its record says where to look. The index starts as the parent's tree: what the worker staged, hid with
 * assume-unchanged or excluded by a sparse checkout makes no difference. Ignored is what the repository and the user
 * ignore. Clean filters run, of the repository's configuration and of the user's: without them LFS or git-crypt
 * files would be committed raw. They are the one foreign program here, and only who may write the shared configuration
 * decides about them.
 *
 * Repositories inside the tree, submodules too, stay as the parent has them: git would have to run inside them, in a
 * place where the worker decides about its configuration.
 */
export function gitSnapshots(
  { git, commonDir, userSettings }: Repository,
  { commitTree, treeOf }: Pick<Git, 'commitTree' | 'treeOf'>,
): Pick<Git, 'snapshot'> {
  return {
    async snapshot({ worktree, parent, scratch, message, author }) {
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      const index = join(scratch, `index-${randomUUID()}`);
      const here = {
        gitDir: commonDir,
        workTree: worktree,
        index,
        config: [
          ...(await userSettings()),
          'core.sparseCheckout=false',
          'core.ignoreStat=false',
          'core.untrackedCache=false',
          'advice.addEmbeddedRepo=false',
        ],
      };
      try {
        await git.run({ ...here, args: ['read-tree', parent] });
        const [staged, others] = await Promise.all([
          git.run({ ...here, args: ['ls-files', '--stage', '-z'] }),
          git.run({ ...here, args: ['ls-files', '--others', '--exclude-standard', '-z'] }),
        ]);
        const left = [
          ...gitlinks(fields(staged.stdout)),
          ...fields(others.stdout).filter((path) => path.endsWith('/')),
        ];
        const paths = ['.', ...left.map((path) => `:(exclude,literal)${path.replace(/\/$/, '')}`)];
        const add = ['add', '--all', '--pathspec-from-file=-', '--pathspec-file-nul'];
        await git.run({ ...here, args: add, input: `${paths.join('\0')}\0` });
        const { text: tree } = await git.run({ ...here, args: ['write-tree'] });
        if (tree === (await treeOf(parent))) return { kind: 'unchanged' };
        return {
          kind: 'commit',
          tree,
          commit: await commitTree({ tree, parents: [parent], message, author }),
        };
      } finally {
        await rm(index, { force: true });
        await rm(`${index}.lock`, { force: true });
      }
    },
  };
}

function gitlinks(staged: readonly string[]): string[] {
  return staged
    .filter((entry) => entry.startsWith('160000 '))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1));
}
