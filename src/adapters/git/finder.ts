import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { Checkout, GitFinder } from '../../ports/git.ts';
import { type GitRunner, gitRunner } from './command.ts';

/**
 * The only place where git looks around for a repository: in a directory the user named, once. With hooks and monitor
 * off, `rev-parse` runs nothing. The user's own configuration counts here, because `safe.directory` in it says whose
 * repositories they trust; git refuses the others, and so do we.
 */
export function gitFinder({ env }: { env: NodeJS.ProcessEnv }): GitFinder {
  const git = gitRunner(env);
  return {
    async locate(path) {
      const cwd = await realDirectory(path);
      const ask = (...args: string[]) =>
        git.ask({ cwd, asUser: true, args: ['rev-parse', '--path-format=absolute', ...args] });
      const [, inside, top] = await Promise.all([
        requireGit(git, cwd),
        ask('--is-bare-repository', '--is-inside-git-dir', '--git-common-dir'),
        ask('--show-toplevel'),
      ]);
      if (inside.code !== 0) throw await noRepository(path, cwd, inside.complaint);
      const [bare, inGitDir, ...common] = inside.text.split('\n');
      if (bare === 'true')
        throw new LoopyardError(
          'BARE_REPOSITORY',
          `"${path}" is in a bare repository, which has no files to work on.`,
        );
      if (inGitDir === 'true' || top.code !== 0) {
        throw new LoopyardError(
          'NOT_A_REPOSITORY',
          `"${path}" lies inside a git directory, not in a checkout.`,
        );
      }
      return checkout(await realpath(top.text), await realpath(common.join('\n')));
    },
  };
}

/** `merge-tree --write-tree` came with it. */
const oldestGit = [2, 38] as const;

async function requireGit(git: GitRunner, cwd: string): Promise<void> {
  const { text } = await git.run({ cwd, args: ['version'] });
  const [version = text, major, minor] = /(\d+)\.(\d+)\S*/.exec(text) ?? [];
  const isOld =
    Number(major) < oldestGit[0] || (Number(major) === oldestGit[0] && Number(minor) < oldestGit[1]);
  if (isOld)
    throw new LoopyardError('GIT_MISSING', `git ${version} is too old: loopyard needs 2.38 or newer.`, {
      version,
    });
}

async function realDirectory(path: string): Promise<string> {
  if (!isAbsolute(path))
    throw new LoopyardError('NO_WORKSPACE', `The workspace "${path}" is not an absolute path.`);
  const real = await realpath(path).catch((cause: unknown) => {
    throw new LoopyardError(
      'NO_WORKSPACE',
      `The workspace "${path}" does not exist or cannot be entered.`,
      {},
      { cause },
    );
  });
  if (!(await stat(real)).isDirectory())
    throw new LoopyardError('NO_WORKSPACE', `The workspace "${path}" is not a directory.`);
  return real;
}

async function checkout(path: string, commonDir: string): Promise<Checkout> {
  const { dev, ino } = await stat(path, { bigint: true });
  return { path, key: `${dev}:${ino}`, commonDir };
}

/** Git refuses another user's repository with the same exit code as no repository, so we look for ourselves. */
async function noRepository(path: string, cwd: string, complaint: string): Promise<LoopyardError> {
  const cause = new Error(complaint);
  const owner = await foreignOwner(cwd);
  if (owner === undefined)
    return new LoopyardError('NOT_A_REPOSITORY', `"${path}" is not in a git repository.`, {}, { cause });
  const message = `The repository of "${path}" belongs to another user (${owner}), and git does not trust it. If you do, add it to safe.directory.`;
  return new LoopyardError('NOT_A_REPOSITORY', message, { owner }, { cause });
}

async function foreignOwner(from: string): Promise<number | undefined> {
  const self = process.getuid?.(); // undefined on Windows, where the owner is not to be had this way (untested)
  for (let at = from; self !== undefined; at = dirname(at)) {
    const entry = await lstat(join(at, '.git')).catch(() => undefined);
    const owner = entry && [entry.uid, (await lstat(at)).uid].find((uid) => uid !== self);
    if (entry || dirname(at) === at) return owner;
  }
  return undefined;
}
