import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from '../../ports/git.ts';
import { fields, gitFailed } from './command.ts';
import type { Mirror } from './mirror.ts';
import type { Repository } from './repository.ts';

/** Making objects: blobs, commits, and the tree of a merge. Nothing points at them until a ref is moved. */
export function gitObjects(
  { git, commonDir }: Repository,
  mirror: Mirror,
): Pick<Git, 'writeBlob' | 'commitTree' | 'mergeTree'> {
  return {
    async writeBlob(text) {
      const args = ['hash-object', '-w', '--no-filters', '--stdin'];
      return (await git.run({ gitDir: commonDir, args, input: text })).text;
    },
    async commitTree({ tree, parents, message, author }) {
      const command = {
        gitDir: commonDir,
        args: [
          'commit-tree',
          '--no-gpg-sign',
          tree,
          ...parents.flatMap((parent) => ['-p', parent]),
          '-F',
          '-',
        ],
        input: message,
        env: {
          GIT_AUTHOR_NAME: author.name,
          GIT_AUTHOR_EMAIL: author.email,
          GIT_COMMITTER_NAME: author.name,
          GIT_COMMITTER_EMAIL: author.email,
        },
      };
      return (await git.run(command)).text;
    },
    /**
     * Runs with our mirror's configuration and the repository's objects, because a merge driver in the repository's
     * configuration is a program that an ordinary `.gitattributes` line starts.
     */
    mergeTree: (ours, theirs) =>
      mirror.use([], async (gitDir) => {
        const workTree = join(gitDir, 'no-files');
        await mkdir(workTree, { recursive: true });
        const command = {
          gitDir,
          workTree,
          config: ['core.bare=false'],
          env: { GIT_OBJECT_DIRECTORY: join(commonDir, 'objects') },
          args: ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', ours, theirs],
        };
        const answer = await git.run(command, [1]);
        const [tree, ...files] = fields(answer.stdout);
        if (!tree) throw gitFailed(command, answer); // 1 is a conflict, but then there is a tree
        if (answer.code === 0) return { kind: 'merged', tree };
        return { kind: 'conflict', tree, files: files.filter(Boolean) };
      }),
  };
}
