import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { readIndependently } from '../stress/witness.ts';
import { aSession, type Session } from '../support/mcp-client.ts';
import { aProject, end, type ScratchProject, script, withoutSandbox } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, opened, until } from './watching.ts';

type Gate = ReturnType<typeof gateOf>;
export type Victim = 'keeper' | 'shim' | 'worker' | 'server';

/** Where a loop is when somebody dies: how it gets there, and how it is let go on. */
interface Stage {
  readonly name: string;
  readonly plan: (work: Gate, judge: Gate) => Record<string, unknown>;
  reach(story: Story): Promise<void>;
}

interface Story {
  readonly project: ScratchProject;
  readonly session: Session;
  readonly loop: string;
  readonly work: Gate;
  readonly judge: Gate;
}

const gatedWork = (work: Gate) => ({
  checks: ['node check.mjs'],
  command: script('fixes-at-once', work.file),
});
const gatedCheck = (_: Gate, judge: Gate) => ({
  checks: [script('gated-check', judge.file)],
  command: script('fixes-at-once'),
});

async function close(gate: Gate): Promise<void> {
  await rm(gate.file, { force: true });
  await rm(`${gate.file}.entered`, { force: true });
}

const types = (project: ScratchProject) =>
  readIndependently(project.state).flatMap(({ e }) => (e ?? []).map(({ type }) => type));

const stages: readonly Stage[] = [
  { name: 'its tree is prepared', plan: gatedWork, reach: async ({ work }) => work.open() },
  { name: 'the baseline is judged', plan: gatedCheck, reach: ({ judge }) => judge.reached() },
  { name: 'its worker works', plan: gatedWork, reach: ({ work }) => work.reached() },
  {
    name: 'its work is gathered',
    plan: gatedWork,
    async reach({ work, project }) {
      await work.reached();
      await work.open();
      await eventually(() => types(project).includes('worker.ended'));
    },
  },
  {
    name: 'its candidate is judged',
    plan: gatedCheck,
    async reach({ judge, session, loop, project }) {
      await judge.reached();
      // The next check waits again, so the gate has to be closed before the worker can be through.
      await judge.open();
      await eventually(() => types(project).includes('loop.baseline_judged'));
      await close(judge);
      await until(session, loop, isIn('verifying', 'verified'));
    },
  },
  {
    name: 'it is landed',
    plan: gatedCheck,
    async reach({ judge, session, loop, project }) {
      await judge.open();
      await until(session, loop, isIn('verified'));
      await close(judge);
      await project.commit({ 'other.txt': 'from main\n' });
      await session.call('merge', { loop, wait_s: 0 });
      await judge.reached();
    },
  },
];

export interface Blow {
  readonly victim: Victim;
  readonly stage: Stage;
}

/** Every victim in every stage in which there is one. */
export const blows: readonly Blow[] = stages.flatMap((stage) =>
  (['keeper', 'server', 'shim', 'worker'] as const)
    .filter((victim) => {
      if (victim === 'shim') return stage.name === 'its worker works' || stage.name.includes('judged');
      return victim !== 'worker' || stage.name === 'its worker works';
    })
    .map((victim) => ({ stage, victim })),
);

/** Tells the story of a loop with one blow in it, and asserts that it ends as well as without. */
export async function survives({ stage, victim }: Blow): Promise<void> {
  const project = await aProject(withoutSandbox);
  let session = await aSession(project);
  const work = gateOf(project, 'work-gate');
  const judge = gateOf(project, 'check-gate');
  const loop = await opened(session, stage.plan(work, judge));
  await stage.reach({ project, session, loop, work, judge });
  await session.call('steer', { loop, action: 'message', text: 'said before the blow' });

  // While it is prepared or gathered, the victim may have come to its end before we aim.
  for (const pid of victims(project, victim)) end(pid);

  if (victim === 'server') session = await aSession(project, { era: 'modern' });
  await work.open();
  await judge.open();
  const verified = await until(session, loop, isIn('verified', 'landed', 'merging'));
  if (verified.state === 'verified') await session.call('merge', { loop });
  await until(session, loop, isIn('landed'));
  expect(await project.git('show', 'main:calc.mjs')).toContain('a * b');
  expect(await project.git('status', '--porcelain')).toBe('');
  // Two may be started by two who miss one; the second finds the lease taken and leaves.
  await eventually(() => project.keepers().length <= 1);
  expect(types(project).filter((type) => type === 'loop.told')).toHaveLength(1);
  expect(types(project).filter((type) => type === 'loop.landed')).toHaveLength(1);
  await eventually(() => project.running('gated-check').length === 0);
  await eventually(() => project.running('fixes-at-once').length === 0);
  await eventually(async () => (await project.git('worktree', 'list')).split('\n').length === 1);
  await session.close();
  await eventually(() => project.processes().length === 0);
  const left = readdirSync(path.join(project.root, 'place'), { recursive: true }).map(String);
  // Clean rooms are kept for the next verification.
  const kept = (name: string) => /[\\/]pool[\\/]ready-/.test(name);
  expect(left.filter((name) => name.endsWith('calc.mjs') && !kept(name))).toEqual([]);
}

function victims(project: ScratchProject, victim: Victim): number[] {
  switch (victim) {
    case 'keeper':
      return project.keepers().map(({ pid }) => pid);
    case 'shim':
      return project.running('bin.js shim').map(({ pid }) => pid);
    case 'worker':
      return project.running('fixes-at-once').map(({ pid }) => pid);
    case 'server':
      return project.running('bin.js mcp').map(({ pid }) => pid);
  }
}
