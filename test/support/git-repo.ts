import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

export interface TestRepository {
  /** Real path of the checkout. */
  readonly path: string;
  readonly commonDir: string;
  /** The environment everything in the test runs git with: no configuration of this machine, fixed names and dates. */
  readonly env: NodeJS.ProcessEnv;
  /** Standard output of a git command in the checkout, without the last line end. */
  git(...args: readonly string[]): Promise<string>;
  /** The same in another directory. */
  gitIn(directory: string, ...args: readonly string[]): Promise<string>;
  /** Writes files, with their directories. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Writes files, commits everything, and returns the commit's id. */
  commit(files?: Readonly<Record<string, string>>, message?: string): Promise<string>;
}

/** A git repository of its own for one test, with a first commit, removed when the test is over. */
export async function aRepository({
  files = { 'README.md': 'hello\n' },
}: {
  files?: Readonly<Record<string, string>>;
} = {}): Promise<TestRepository> {
  const home = await aDirectory();
  const path = join(home, 'repo');
  await mkdir(path);
  const globalConfig = join(home, 'gitconfig');
  await writeFile(
    globalConfig,
    '[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n',
  );
  const env = gitEnvironment(home, globalConfig);
  const gitIn = (cwd: string, ...args: readonly string[]) =>
    run('git', args, { cwd, env, maxBuffer: 64 << 20 }).then(({ stdout }) => stdout.replace(/\n$/, ''));
  const git = (...args: readonly string[]) => gitIn(path, ...args);
  const write = async (contents: Readonly<Record<string, string>>) => {
    for (const [name, content] of Object.entries(contents)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), content);
    }
  };
  const commit = async (contents: Readonly<Record<string, string>> = {}, message = 'a commit') => {
    await write(contents);
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  await git('init', '--quiet', '--template=');
  await commit(files, 'first');
  return { path, commonDir: join(path, '.git'), env, git, gitIn, write, commit };
}

/** A temporary directory, by its real path, removed when the test is over. */
export async function aDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'loopyard-test-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

const run = promisify(execFile);

function gitEnvironment(home: string, globalConfig: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.toUpperCase().startsWith('GIT_'));
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    GIT_CONFIG_GLOBAL: globalConfig,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
    LC_ALL: 'C',
  };
}
