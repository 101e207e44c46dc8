import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { until } from '../e2e/watching.ts';
import { bundle } from '../support/bundle.ts';
import { aSession, type Session } from '../support/mcp-client.ts';
import { aProject, type ScratchProject } from '../support/scratch-project.ts';

/** A repository in which loops are opened side by side. */
export interface Arena {
  readonly project: ScratchProject;
  readonly session: Session;
}

export interface Outcome {
  readonly state: string;
  /** Of the verification of the candidate; `none` when there is no candidate. */
  readonly verdict: string;
  readonly reason: string;
  readonly notes: readonly string[];
  readonly isolation: string;
  readonly verification: string;
}

export interface Walls {
  /** Whether bubblewrap is to be had. */
  readonly bubblewrap: boolean;
}

const settings = {
  LOOPYARD_MAX_LOOPS: '64',
  LOOPYARD_MAX_VERIFICATIONS: '3',
  LOOPYARD_STOP_GRACE_SECONDS: '1',
};

export async function anArena(
  fill: (project: ScratchProject) => Promise<void>,
  { bubblewrap }: Walls,
  env: (home: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<Arena> {
  const found = bubblewrap ? {} : { PATH: pathWithoutBubblewrap() };
  const project = await aProject({ empty: true, env: { ...settings, ...found } });
  await fill(project);
  // What NODE_OPTIONS may name has to be there.
  writeFileSync(path.join(project.home, 'preload.cjs'), '');
  return { project, session: await aSession(project, { env: { ...env(project.home) } }) };
}

/** Opens a loop of one iteration for the worker `name` and waits until it has its verdict. */
export async function played(
  { session }: Pick<Arena, 'session'>,
  name: string,
  plan: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  const worker = await bundle(fileURLToPath(new URL('worker.ts', import.meta.url)));
  const { loop } = await session.call('start_loop', {
    goal: 'mend the calculator',
    max_iterations: 1,
    command: [process.execPath, worker, name].map((word) => `'${word}'`).join(' '),
    ...plan,
  });
  const settled = await until(
    session,
    String(loop),
    ({ state, hold }) => ['verified', 'landed', 'closed', 'cancelled'].includes(state) || hold !== undefined,
    150,
  );
  const { verification, last = '' } = settled as { verification?: string; last?: string };
  let { state } = settled;
  if (plan.auto_merge === true && state === 'verified')
    ({ state } = await until(
      session,
      String(loop),
      ({ state, hold }) => state === 'landed' || hold !== undefined,
      60,
    ));
  if (verification === undefined || !/failed|tampered|passed|inconclusive/.test(last))
    return { ...nothing, state: settled.state, reason: last || String(settled.trouble ?? settled.doing) };
  const answer = await session.call('verify', { verification });
  return {
    state,
    verdict: String(answer.verdict),
    reason: String(answer.reason ?? ''),
    notes: (answer.notes ?? []) as string[],
    isolation: String(answer.isolation ?? ''),
    verification,
  };
}

const nothing = { verdict: 'none', reason: '', notes: [], isolation: '', verification: '' };

/** PATH with every folder that has bwrap replaced by one with links to all its other programs. */
function pathWithoutBubblewrap(): string {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders
    .map((folder) => (existsSync(path.join(folder, 'bwrap')) ? without(folder) : folder))
    .join(path.delimiter);
}

const replaced = new Map<string, string>();
afterAll(() => {
  for (const folder of replaced.values()) rmSync(folder, { recursive: true, force: true });
});

function without(folder: string): string {
  const known = replaced.get(folder);
  if (known) return known;
  const links = mkdtempSync(path.join(tmpdir(), 'loopyard-path-'));
  for (const name of readdirSync(folder))
    if (name !== 'bwrap') symlinkSync(path.join(folder, name), path.join(links, name));
  replaced.set(folder, links);
  return links;
}

export const hasBubblewrap = (() => {
  try {
    execFileSync('bwrap', ['--dev-bind', '/', '/', '--unshare-pid', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
