import { symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aSession, type Session } from '../support/mcp-client.ts';
import { aProject, type ScratchProject, script } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, look, opened, until, userSide } from './watching.ts';

const checks = ['node check.mjs'];

async function holding(project: ScratchProject, session: Session) {
  const gate = gateOf(project, 'gate');
  const loop = await opened(session, {
    checks,
    command: script('fixes-at-once', gate.file),
    isolation: 'in_place',
    id: 'holder',
  });
  await gate.reached();
  return { loop, gate };
}

test.concurrent('a checkout has one owner however its path is spelt, and the refusal names him', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const { gate, loop } = await holding(project, session);
  await mkdir(path.join(project.path, 'sub'));
  symlinkSync(project.path, project.file('link'));

  for (const workspace of [
    project.path,
    project.file('link'),
    `${project.path}/sub`,
    `${project.file('link')}/sub/`,
  ]) {
    const second = { goal: 'more', checks, command: 'true', isolation: 'in_place', workspace };
    const refusal = await session.refused('start_loop', second);
    expect(refusal).toMatchObject({ error: 'LEASE_HELD', holder: 'loop holder' });
    expect(refusal.message).toMatch(/is held by loop holder since 20.*, for: mend the calculator\.$/);
  }
  const other = await aSession(project, { era: 'modern', cwd: project.file('link') });
  await other.refused('start_loop', { goal: 'more', checks, command: 'true', isolation: 'in_place' });
  expect((await session.call('status')).loops).toHaveLength(1);
  const leases = JSON.parse((await project.cli(['leases', '--json'])).stdout).leases;
  expect(leases.find(({ holder }: { holder: string }) => holder === 'loop holder')).toMatchObject({
    liveness: 'alive',
    path: project.path,
  });
  await gate.open();
  await until(session, loop, isIn('verified'));
});

test.concurrent('on_busy: one waits until the checkout is free, another takes a worktree, and so does auto', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const { gate, loop } = await holding(project, session);
  const plan = { checks, command: script('fixes-at-once') };
  const waiting = await opened(session, { ...plan, isolation: 'in_place', on_busy: 'wait', id: 'waiting' });
  const aside = await opened(session, { ...plan, isolation: 'in_place', on_busy: 'worktree', id: 'aside' });
  const auto = await opened(session, { ...plan, isolation: 'auto', id: 'auto' });
  await until(session, aside, isIn('verified'));
  await until(session, auto, isIn('verified'));
  expect(await look(session, waiting)).toMatchObject({ state: 'ready', iteration: '0/10' });
  expect((await look(session, waiting)).doing).toContain('holder');
  const worktrees = await project.git('worktree', 'list');
  expect(worktrees).toContain('[loopyard/aside]');
  expect(worktrees).toContain('[loopyard/auto]');

  await gate.open();
  await until(session, loop, isIn('verified'));
  expect((await look(session, waiting)).iteration).toBe('0/10');
  await session.call('shutdown', { loop, now: true });
  await until(session, waiting, isIn('verified'));
  expect(await project.git('worktree', 'list')).not.toContain('[loopyard/waiting]');
});

test.concurrent('a takeover ends the worker, pauses its loop and frees the checkout; later the loop goes on', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const { gate, loop } = await holding(project, session);
  const leases = JSON.parse((await project.cli(['leases', '--json'])).stdout).leases;
  const { resource } = leases.find(({ holder }: { holder: string }) => holder === 'loop holder');

  const keeper = leases.find(({ resource }: { resource: string }) => resource === 'keeper');
  expect(keeper).toMatchObject({ liveness: 'alive' });
  expect((await project.cli(['takeover', 'keeper'])).code).toBe(3);
  const taken = await project.cli(['takeover', resource, '--json']);
  expect(taken).toMatchObject({ code: 0 });
  expect(project.running('fixes-at-once')).toEqual([]);
  expect((await look(session, loop)).hold).toContain('paused: its working tree was taken over by cli');

  await gate.open();
  const next = await opened(session, { checks, command: 'true', isolation: 'in_place', mode: 'guided' });
  await session.call('shutdown', { loop: next, now: true });
  await session.call('steer', { loop, action: 'resume' });
  await until(session, loop, isIn('verified'));
});

test.concurrent('loops in worktrees change nothing of the user: branches, index, stash, files', async () => {
  const project = await aProject();
  await project.write({ 'README.md': 'stashed\n' });
  await project.git('stash');
  await project.write({ 'README.md': 'not staged\n', 'new.txt': 'untracked\n', 'calc.mjs': 'staged\n' });
  await project.git('add', 'calc.mjs');
  const before = await userSide(project);
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('commits-itself') });
  await until(session, loop, isIn('verified'));
  const { kept = [] } = await look(session, loop);
  expect(kept).toEqual([]);
  await session.call('shutdown', { loop });
  await eventually(async () => (await project.git('worktree', 'list')).split('\n').length === 1);

  expect(await userSide(project)).toEqual(before);
});

test.concurrent('a loop in the checkout changes files there and nothing else of the user', async () => {
  const project = await aProject();
  await project.write({ 'README.md': 'staged by the user\n' });
  await project.git('add', 'README.md');
  const before = await userSide(project);
  const session = await aSession(project);
  const loop = await opened(session, {
    checks,
    command: script('fixes-at-once'),
    isolation: 'in_place',
  });
  const { candidate } = await until(session, loop, isIn('verified'));
  expect(await project.git('show', `${candidate}:README.md`)).toBe('staged by the user');
  await session.call('shutdown', { loop });

  const { status, ...rest } = await userSide(project);
  const { status: _, ...restBefore } = before;
  expect(rest).toEqual(restBefore);
  expect(status?.split('\n').toSorted()).toEqual([' M calc.mjs', '?? half.txt', 'M  README.md']);
});
