import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { GitFacts, MachineFacts } from '../../domain/diagnosis/facts.ts';
import { findBubblewrap } from '../processes/isolation.ts';
import { which } from '../processes/which.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What this machine is. `writable`: a folder of ours in which a file may be made and removed, if there is one. */
export async function machineFacts(
  env: Env,
  writable: string | undefined,
): Promise<Omit<MachineFacts, 'clockJumpMs'>> {
  const [bubblewrap, fileTimeSkewMs] = await Promise.all([bubblewrapState(env), fileTimeSkew(writable)]);
  const system = `${os.type()} ${os.release()} ${process.arch}`;
  return { node: process.versions.node, system, bubblewrap, fileTimeSkewMs };
}

/** What git can do, tried in a repository of its own that is thrown away. */
export async function gitFacts(env: Env, commonDir: string | undefined): Promise<GitFacts> {
  const refFormat = commonDir === undefined ? undefined : await refFormatOf(commonDir);
  const program = await which('git', env);
  const said = program && (await printed(program, ['version'], env));
  if (!program || said === undefined) return { version: undefined, mergesWithoutTree: undefined, refFormat };
  const version = /(\d+\.\d+\S*)/.exec(said)?.[1] ?? said.trim().slice(0, 40);
  return { version, mergesWithoutTree: await mergesWithoutTree(program, env), refFormat };
}

/** What a program prints, or undefined when it cannot be started, fails, or takes longer than five seconds. */
export function printed(
  file: string,
  args: readonly string[],
  env: Env,
  cwd?: string,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: 5_000, killSignal: 'SIGKILL' as const, maxBuffer: 1e6 };
    const child = execFile(file, [...args], options, (error, stdout) => resolve(error ? undefined : stdout));
    child.stdin?.end();
  });
}

async function bubblewrapState(env: Env): Promise<MachineFacts['bubblewrap']> {
  if (process.platform !== 'linux') return 'not for this system';
  if ((await which('bwrap', env)) === undefined) return 'missing';
  return (await findBubblewrap(env)) === undefined ? 'refused' : 'works';
}

async function fileTimeSkew(folder: string | undefined): Promise<number | undefined> {
  if (folder === undefined) return undefined;
  const scratch = await mkdtemp(path.join(folder, '.doctor-')).catch(() => undefined);
  if (scratch === undefined) return undefined;
  try {
    const file = path.join(scratch, 'time');
    const before = Date.now();
    await writeFile(file, '');
    const after = Date.now();
    const { mtimeMs } = await stat(file);
    return mtimeMs < before ? mtimeMs - before : Math.max(0, mtimeMs - after);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function mergesWithoutTree(program: string, env: Env): Promise<boolean | undefined> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'loopyard-doctor-')).catch(() => undefined);
  if (scratch === undefined) return undefined;
  const own = {
    PATH: env.PATH,
    HOME: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: os.devNull,
    GIT_AUTHOR_NAME: 'doctor',
    GIT_AUTHOR_EMAIL: 'doctor@localhost',
    GIT_COMMITTER_NAME: 'doctor',
    GIT_COMMITTER_EMAIL: 'doctor@localhost',
  };
  const git = (...args: string[]) => printed(program, args, own, scratch);
  try {
    if ((await git('init', '--quiet', '--bare', '.')) === undefined) return undefined;
    const tree = (await git('mktree'))?.trim();
    const commit = tree && (await git('commit-tree', '-m', 'x', tree))?.trim();
    if (!commit) return undefined;
    return (await git('merge-tree', '--write-tree', commit, commit))?.trim() === tree;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function refFormatOf(commonDir: string): Promise<GitFacts['refFormat']> {
  const text = await readFile(path.join(commonDir, 'config'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return /^\s*refstorage\s*=\s*reftable\s*$/im.test(text) ? 'reftable' : 'files';
}
