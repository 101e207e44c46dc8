import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';

const run = promisify(execFile);

const roots: string[] = [];

// When the file is over and not each test, because tests that run side by side cannot say which of them has ended.
afterAll(async () => {
  for (const root of roots) {
    for (let found = owned(root); found.length > 0; found = owned(root)) {
      for (const { pid } of found) end(pid);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** The built program, or another build of it, so that one can be tried while the tree is being worked on. */
export const program =
  process.env.LOOPYARD_BIN ?? fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

/** For checks that look at something outside their room, such as a gate: in a sandbox they would not see it. */
export const withoutSandbox = { env: { LOOPYARD_SANDBOX: 'off' } };

/** A scripted worker or check as a command line. */
export function script(name: string, ...args: readonly string[]): string {
  const file = fileURLToPath(new URL(`../fixtures/workers/${name}.mjs`, import.meta.url));
  return [process.execPath, file, ...args].map((word) => `'${word}'`).join(' ');
}

/** Two bugs and a check that finds both: one worker can mend one at a time. */
const files = {
  'calc.mjs': 'export const add = (a, b) => a - b;\nexport const multiply = (a, b) => a + b;\n',
  'check.mjs': `import { add, multiply } from './calc.mjs';
const wrong = [];
if (add(2, 3) !== 5) wrong.push('add is wrong: 2 + 3 gave ' + add(2, 3));
if (multiply(2, 3) !== 6) wrong.push('multiply is wrong: 2 * 3 gave ' + multiply(2, 3));
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
`,
  'README.md': 'A calculator.\n',
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that belongs to this project and to no other: one of loopyard's, a worker, or a check. */
export interface Owned {
  readonly pid: number;
  readonly command: string;
}

export interface ScratchProject {
  /** Everything of this project, the files of loopyard included. */
  readonly root: string;
  readonly path: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where the yard keeps its journal. */
  readonly state: string;
  git(...args: readonly string[]): Promise<string>;
  write(contents: Readonly<Record<string, string>>): Promise<void>;
  commit(contents: Readonly<Record<string, string>>, message?: string): Promise<string>;
  /** A path in the project's folder, outside the checkout: gates and what scripts leave behind. */
  file(name: string): string;
  /** The command line of the built program. */
  cli(args: readonly string[], options?: { env?: Record<string, string>; cwd?: string }): Promise<Ran>;
  processes(): readonly Owned[];
  keepers(): readonly Owned[];
  /** The processes whose command line has all these words. */
  running(...words: readonly string[]): readonly Owned[];
}

/**
 * A small real project in a git repository with a home, a configuration and a place of its own: nothing of this machine
 * reaches it and it reaches nothing. When the test file is over its processes are ended and its files go.
 */
export async function aProject({
  env: more = {},
  empty = false,
}: {
  env?: Readonly<Record<string, string>>;
  empty?: boolean;
} = {}): Promise<ScratchProject> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'loopyard-e2e-')));
  roots.push(root);
  const checkout = path.join(root, 'calc');
  const home = path.join(root, 'home');
  await mkdir(checkout);
  await mkdir(home);
  const gitConfig = path.join(home, 'gitconfig');
  await writeFile(
    gitConfig,
    '[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n',
  );
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TMPDIR: process.env.TMPDIR ?? tmpdir(),
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: gitConfig,
    GIT_CONFIG_NOSYSTEM: '1',
    XDG_CONFIG_HOME: path.join(home, '.config'),
    XDG_STATE_HOME: path.join(home, '.state'),
    LOOPYARD_PLACE: path.join(root, 'place'),
    LOOPYARD_KEEPER_IDLE_SECONDS: '1',
    // Tests must not wait for a machine that others keep busy.
    LOOPYARD_MAX_LOAD: '10000',
    LOOPYARD_MIN_FREE_MEMORY_MB: '0',
    LOOPYARD_MAX_WORKERS: '64',
    LOOPYARD_TEST_PROGRAM: program,
    LOOPYARD_WORKER_ENV: '["LOOPYARD_TEST_PROGRAM"]',
    ...more,
  };
  const processes = () => owned(root);
  const git = (...args: readonly string[]) =>
    run('git', args, { cwd: checkout, env }).then(({ stdout }) => stdout.replace(/\n$/, ''));
  const write = async (contents: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(contents)) await writeFile(path.join(checkout, name), text);
  };
  const commit = async (contents: Readonly<Record<string, string>>, message = 'a change') => {
    await write(contents);
    await git('add', '--all');
    await git('commit', '--quiet', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  await git('init', '--quiet', '--template=');
  if (!empty) await commit(files, 'A calculator with two bugs');
  return {
    root,
    path: checkout,
    home,
    env,
    state: path.join(checkout, '.git', 'loopyard'),
    git,
    write,
    commit,
    file: (name) => path.join(root, name),
    cli: (args, options = {}) => cli(args, options.cwd ?? checkout, { ...env, ...options.env }),
    processes,
    keepers: () => processes().filter(({ command }) => command.includes(' keeper --yard ')),
    running: (...words) => processes().filter(({ command }) => words.every((word) => command.includes(word))),
  };
}

function cli(args: readonly string[], cwd: string, env: Record<string, string>): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args],
      { cwd, env, maxBuffer: 64 << 20 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** Linux: whoever has the project's folder in its command line or environment. The dead that nobody buried are none. */
function owned(root: string): readonly Owned[] {
  const found: Owned[] = [];
  for (const name of existsSync('/proc') ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const command = read(name, 'cmdline').replaceAll('\0', ' ').trim();
    if (command === '') continue;
    const named = command.includes(`${root}/`) || read(name, 'environ').includes(`${root}/`);
    if (named) found.push({ pid: Number(name), command });
  }
  return found;
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

export function end(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
