import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { SimpleGit, SimpleGitOptions } from 'simple-git';
import { type Facts, LoopyardError } from '../../domain/errors.ts';
import { endCommand } from './end-command.ts';

/** One git command. Which repository it sees is said here and nowhere else: git never looks around for one. */
export interface GitCommand {
  /** The subcommand and its arguments. */
  readonly args: readonly string[];
  readonly gitDir?: string;
  /** Needed with the git directory of a linked worktree: the `commondir` file in it is not to be believed. */
  readonly commonDir?: string;
  readonly workTree?: string;
  readonly index?: string;
  /** Where it runs; by default in the working tree, or else in the git directory. */
  readonly cwd?: string;
  /** Bytes where a path may be in it that is no UTF-8. */
  readonly input?: string | Buffer;
  /** Further `key=value` settings for this command. */
  readonly config?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Stop the command once it has printed this much. */
  readonly maxBytes?: number;
  /** It copies many files or objects. Commands with a working tree are taken to be slow anyway. */
  readonly slow?: boolean;
  /** The one transport it may use; by default none, whatever the repository asks for. */
  readonly transport?: 'file';
  /** See the user's own global and system configuration too: only to read settings and to find a repository. */
  readonly asUser?: boolean;
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  /** Standard output as text, without the last line's end. */
  readonly text: string;
  /** For people and for `cause`; nothing is ever decided by its words. */
  readonly complaint: string;
}

export interface GitRunner {
  /** Any exit code is an answer. Throws GIT_MISSING, and GIT_FAILED when it had no place to run or did not end in time. */
  ask(command: GitCommand): Promise<GitAnswer>;
  /** Throws GIT_FAILED unless the exit code is 0 or one of `fine`. */
  run(command: GitCommand, fine?: readonly number[]): Promise<GitAnswer>;
}

export interface GitLimits {
  readonly quickMs: number;
  readonly slowMs: number;
}

/** Whoever is slower than this hangs, in a filter that waits for something perhaps. */
const patience: GitLimits = { quickMs: 60_000, slowMs: 600_000 };

/**
 * The one place that runs git. simple-git spawns it without a shell and refuses inherited environment variables and
 * risky settings unless they are named; we name exactly ours. It is loaded on first use because it costs start-up time.
 */
export function gitRunner(userEnv: NodeJS.ProcessEnv, limits: GitLimits = patience): GitRunner {
  const inherited = withoutGit(userEnv);
  const ask = async (command: GitCommand): Promise<GitAnswer> => {
    const { simpleGit } = await import('simple-git');
    const mark = randomUUID();
    const env = { ...inherited, ...gitEnv(command, userEnv, mark), ...command.env };
    const outcome: Outcome = { code: null, stdout: [], stderr: [] };
    const enough = new AbortController();
    const git = inPlace(command, (baseDir) =>
      simpleGit({
        baseDir,
        config: [...safeConfig, ...(command.config ?? [])],
        allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
        unsafe: permitted,
        // Its default, 50 ms after the exit, cuts off output that a busy machine has not delivered by then.
        completion: { onClose: true, onExit: false },
        // Always written, so that standard input always ends; an empty one too.
        input: () => (typeof command.input === 'object' ? command.input : Buffer.from(command.input ?? '')),
        errors: (_error, { exitCode, stdOut, stdErr }) => {
          outcome.code = exitCode;
          outcome.stdout = stdOut;
          outcome.stderr = stdErr;
          return undefined;
        },
        abort: enough.signal,
      }),
    )
      .env(env)
      .outputHandler((_program, stdout) => {
        let bytes = 0;
        stdout.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (command.maxBytes !== undefined && bytes > command.maxBytes) enough.abort();
        });
        // simple-git waits another 50 ms for a command that printed nothing; an empty chunk spares us that.
        stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
      });
    const limitMs = command.slow || command.workTree ? limits.slowMs : limits.quickMs;
    if (await isLate(git.raw([...place(command), ...command.args]), limitMs)) {
      enough.abort();
      await endCommand(markOf(mark));
      throw tooLate(command, limitMs);
    }
    return answer(command, outcome);
  };
  const run: GitRunner['run'] = async (command, fine = []) => {
    const result = await ask(command);
    if (result.code === 0 || fine.includes(result.code)) return result;
    throw gitFailed(command, result);
  };
  return { ask, run };
}

export function gitFailed(
  command: GitCommand,
  { code, complaint }: GitAnswer,
  facts: Facts = {},
): LoopyardError {
  const name = command.args[0] ?? '';
  return new LoopyardError(
    'GIT_FAILED',
    `git ${name} failed with exit code ${code}.`,
    { exitCode: code, command: name, ...facts },
    { cause: new Error(complaint) },
  );
}

/** A full object id of either hash. */
export const objectIdPattern = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The pieces of `-z` output. */
export function fields(text: Buffer | string): string[] {
  const pieces = text.toString().split('\0');
  pieces.pop();
  return pieces;
}

/** Whatever a repository's configuration says, none of these programs is started by an ordinary command of ours. */
const safeConfig = [
  `core.hooksPath=${devNull}`,
  'core.fsmonitor=false',
  'core.pager=cat',
  'diff.external=',
  'protocol.ext.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  'core.quotePath=false',
];

/** What simple-git would otherwise refuse: pointing git at a directory, and the settings above. */
const permitted: NonNullable<SimpleGitOptions['unsafe']> = {
  allowUnsafeConfigPaths: true,
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafePager: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeFilter: true,
  allowUnsafeTemplateDir: true,
};

interface Outcome {
  code: number | null;
  stdout: Buffer[];
  stderr: Buffer[];
}

function placeOf({ cwd, workTree, gitDir }: GitCommand): string {
  return cwd ?? workTree ?? gitDir ?? process.cwd();
}

/** simple-git looks at the directory before anything else and refuses in words of its own. */
function inPlace(command: GitCommand, open: (directory: string) => SimpleGit): SimpleGit {
  try {
    return open(placeOf(command));
  } catch (cause) {
    if (existsSync(placeOf(command))) throw cause;
    throw noPlace(command);
  }
}

function noPlace(command: GitCommand): LoopyardError {
  const [path, name = ''] = [placeOf(command), command.args[0]];
  return new LoopyardError('GIT_FAILED', `git ${name} cannot run in "${path}": there is no such directory.`, {
    path,
    command: name,
  });
}

/** Whether the limit came first. What the command says later interests nobody any more. */
async function isLate(done: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), limitMs);
  });
  try {
    return await Promise.race([done.then(() => false), limit]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate({ args: [name = ''] }: GitCommand, limitMs: number): LoopyardError {
  const message = `git ${name} did not end within ${limitMs / 1000} seconds, so it was ended.`;
  return new LoopyardError('GIT_FAILED', message, { command: name, timedOut: true, limitMs });
}

function place({ gitDir, workTree }: GitCommand): string[] {
  return [...(gitDir ? [`--git-dir=${gitDir}`] : []), ...(workTree ? [`--work-tree=${workTree}`] : [])];
}

/** Everything but git's own variables and the programs git would start for a person. */
function withoutGit(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !/^(git_.*|editor|visual|pager|prefix|ssh_askpass)$/i.test(name))
      kept[name] = value;
  }
  return kept;
}

/** All that a command starts carries it too: by this it is found again. */
function markOf(mark: string): string {
  return `LOOPYARD_GIT=${mark}`;
}

/**
 * Whoever can write the shared configuration can say that objects are missing here and where to get them: a program of
 * theirs at the other end of a `file:` URL. So no transport is allowed, which is said by a name nobody can guess:
 * `remote.<name>.vcs` and an alias could make a program of any other. Git from 2.39.4 on does not even try.
 */
function gitEnv(command: GitCommand, userEnv: NodeJS.ProcessEnv, mark: string): Record<string, string> {
  const env: Record<string, string> = {
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_ALLOW_PROTOCOL: command.transport ?? mark,
    GIT_NO_LAZY_FETCH: '1',
    GIT_LITERAL_PATHSPECS: '0',
    GIT_COMMITTER_NAME: 'loopyard',
    GIT_COMMITTER_EMAIL: 'loopyard@localhost',
    LC_ALL: 'C',
    LOOPYARD_GIT: mark,
  };
  if (command.commonDir) env.GIT_COMMON_DIR = command.commonDir;
  if (command.index) env.GIT_INDEX_FILE = command.index;
  if (!command.asUser) return { ...env, GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1' };
  for (const name of ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM']) {
    const value = userEnv[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function answer(command: GitCommand, outcome: Outcome): GitAnswer {
  if (outcome.code !== null && outcome.code < 0 && getSystemErrorName(outcome.code) === 'ENOENT') {
    if (!existsSync(placeOf(command))) throw noPlace(command);
    throw new LoopyardError('GIT_MISSING', 'There is no program "git" on PATH.');
  }
  const stdout = Buffer.concat(outcome.stdout);
  const stopped = command.maxBytes !== undefined && stdout.length > command.maxBytes;
  return {
    // Ended by a signal has no exit code; when we sent it, having read enough, that is success.
    code: stopped ? 0 : (outcome.code ?? -1),
    stdout,
    text: stdout.toString().replace(/\r?\n$/, ''),
    complaint: Buffer.concat(outcome.stderr).toString(),
  };
}
