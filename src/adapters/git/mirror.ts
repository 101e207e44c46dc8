import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectId } from '../../ports/git.ts';
import type { Repository } from './repository.ts';

export interface Mirror {
  /** The mirror's git directory, created on first use. */
  directory(): Promise<string>;
  /** Makes sure that the mirror has a commit with all it needs, every object's content checked against its id. */
  hold(commit: ObjectId): Promise<void>;
}

/**
 * A private bare repository with objects and configuration of its own. What is checked out from it owes nothing to
 * hooks, filters, replace refs or rewritten objects of the user's repository: a fetch computes the id of every object
 * it receives, so an object with foreign content under its id is simply missing.
 *
 * It appears by rename, complete; of two processes that make it at once, one wins and the other uses it. A fetched
 * commit stays under `refs/rooms/<id>`: the ref is written after git has checked that nothing is missing, so it is the
 * proof that the commit is there, and it lets the next fetch bring only the difference.
 */
export function openMirror({ git, commonDir, home }: Repository): Mirror {
  const gitDir = join(home, 'mirror.git');
  const settings = join(gitDir, 'reader.config');
  const exists = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    );

  const create = async () => {
    if (await exists(gitDir)) return;
    await mkdir(home, { recursive: true, mode: 0o700 });
    const { text: format } = await git.run({
      gitDir: commonDir,
      args: ['rev-parse', '--show-object-format'],
    });
    const draft = await mkdtemp(join(home, 'mirror-draft-'));
    try {
      await git.run({
        cwd: draft,
        args: ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, draft],
      });
      // The reading half of a fetch asks again who owns the repository. `locate` has already accepted it.
      const file = join(draft, 'reader.config');
      await git.run({ cwd: draft, args: ['config', '--file', file, 'safe.directory', commonDir] });
      await rename(draft, gitDir).catch(async (error: unknown) => {
        if (!(await exists(gitDir))) throw error;
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  };
  let created: Promise<void> | undefined;
  const directory = async () => {
    created ??= create();
    await created.catch((error: unknown) => {
      created = undefined;
      throw error;
    });
    return gitDir;
  };
  const has = async (commit: ObjectId) =>
    (await git.ask({ gitDir, args: ['rev-parse', '--verify', '--quiet', `refs/rooms/${commit}`] })).code ===
    0;

  return {
    directory,
    async hold(commit) {
      await directory();
      if (await has(commit)) return;
      const fetch = {
        gitDir,
        // Protocol 2 serves any object id that exists, so the user's repository needs neither a ref nor a setting.
        config: ['protocol.version=2', 'core.fsync=none', 'fetch.writeCommitGraph=false'],
        env: { GIT_CONFIG_GLOBAL: settings },
        args: [
          ...['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'],
          ...[
            '--no-recurse-submodules',
            '--update-shallow',
            '--refmap=',
            commonDir,
            `${commit}:refs/rooms/${commit}`,
          ],
        ],
      };
      const answer = await git.ask(fetch);
      // Another process may have fetched the same commit and made the ref first.
      if (answer.code !== 0 && !(await has(commit))) await git.run(fetch);
    },
  };
}
