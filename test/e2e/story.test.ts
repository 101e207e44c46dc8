import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, script } from '../support/scratch-project.ts';
import { eventually, isIn, type Loop, look, opened, until } from './watching.ts';

test.concurrent('a loop fails, learns, passes and lands, while a session of the other era watches', async () => {
  const project = await aProject();
  const strategist = await aSession(project, { era: 'legacy' });
  const watcher = await aSession(project, { era: 'modern' });
  expect(watcher.era).toBe('modern');
  expect(strategist.instructions?.length).toBeGreaterThan(100);
  expect(watcher.instructions).toBe(strategist.instructions);
  const base = await project.git('rev-parse', 'HEAD');

  const started = await strategist.call('start_loop', {
    goal: 'mend the calculator',
    checks: ['node check.mjs'],
    command: script('fixes-in-two'),
  });
  const loop = String(started.loop);
  expect(started).toMatchObject({ base, target: 'main', backend: 'command', workspace: project.path });

  const told: string[] = [];
  let cursor = started.cursor;
  let seen: Loop | undefined;
  while (seen?.state !== 'verified') {
    const answer = await watcher.call('status', { loop, cursor, wait_s: 10 });
    expect(answer.cursor).toBeGreaterThanOrEqual(Number(cursor));
    cursor = answer.cursor;
    told.push(...((answer.events ?? []) as string[]).map((line) => line.split(/[ :]/)[0] ?? ''));
    seen = ((answer.loops ?? []) as Loop[])[0] ?? seen;
  }
  const milestones = [
    'loop.baseline_judged',
    'loop.iteration_started',
    'loop.failed',
    'loop.iteration_started',
    'loop.passed',
  ];
  expect(told.filter((type) => milestones.includes(type))).toEqual(milestones);
  expect(seen).toMatchObject({ baseline: expect.stringContaining('failed'), iteration: '2/10' });
  const log = await strategist.call('read_log', { id: loop });
  expect(log.text).toContain('iteration 2, feedback:');
  expect(log.text).toContain('multiply is wrong: 2 * 3 gave 5');
  expect(await project.git('rev-parse', 'main')).toBe(base);
  expect(await project.git('show', `${seen.candidate}:calc.mjs`)).toContain('a * b');
  const worktrees = await project.git('worktree', 'list', '--porcelain');
  expect(worktrees).toContain(`branch refs/heads/loopyard/${loop}`);
  const worktree = String(worktrees.match(/worktree (.*\/loops\/.*)/)?.[1]);

  const merged = await strategist.call('merge', { loop });
  expect(merged).toMatchObject({ state: 'landed', target: 'main', result: seen.candidate, before: base });
  expect(await project.git('rev-parse', 'main')).toBe(seen.candidate);
  expect(await project.git('status', '--porcelain')).toBe('');
  expect(existsSync(`${project.path}/calc.mjs`)).toBe(true);
  await project.git('diff', '--quiet', 'main');
  expect(await until(watcher, loop, isIn('landed'))).toMatchObject({ landed: seen.candidate });
  await eventually(() => !existsSync(worktree));
  await eventually(async () => (await project.git('branch', '--list', 'loopyard/*')) === '');

  const stopped = await strategist.call('shutdown', { all: true });
  expect(stopped.next).toContain('Nothing was running');
  await strategist.close();
  await watcher.close();
  await eventually(() => project.processes().length === 0);
});

test.concurrent('guided mode waits for the strategist before every iteration, and hands his message on', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, {
    checks: ['node check.mjs'],
    command: script('changes-nothing'),
    mode: 'guided',
  });
  const ready = await until(session, loop, (now) => now.doing.startsWith('waits for the strategist'));
  expect(ready).toMatchObject({ state: 'ready', iteration: '0/10' });

  const keyed = { loop, idempotency_key: 'first' };
  expect(await session.call('spawn_worker', keyed)).toMatchObject({ iteration: 1 });
  const idle = await until(session, loop, (now) => now.last !== undefined && now.state === 'ready');
  expect(idle.last).toContain('nothing_changed');
  expect(await session.call('spawn_worker', keyed)).toMatchObject({ iteration: 1 });
  expect((await look(session, loop)).iteration).toBe('1/10');

  await session.call('spawn_worker', { loop, message: 'please mend it' });
  expect(await until(session, loop, isIn('verified'))).toMatchObject({ iteration: '2/10' });
  const closed = await session.call('steer', { loop, action: 'close' });
  expect(closed.loop).toMatchObject({ state: 'closed' });
  const after = await until(session, loop, (now) => now.kept !== undefined);
  expect(after.kept).toContain(`refs/heads/loopyard/${loop}`);
});

test.concurrent('auto_merge lands what passed, and a green baseline is said aloud', async () => {
  const project = await aProject();
  const session = await aSession(project, { era: 'modern' });
  const loop = await opened(session, {
    checks: ['node -e 0'],
    command: script('commits-itself'),
    auto_merge: true,
    idempotency_key: 'once',
  });
  const again = await opened(session, {
    checks: ['node -e 0'],
    command: script('commits-itself'),
    auto_merge: true,
    idempotency_key: 'once',
  });
  expect(again).toBe(loop);
  const landed = await until(session, loop, isIn('landed'));
  expect(landed.baseline).toMatch(/passed|green/);
  expect(await project.git('show', 'main:README.md')).toBe('A correct calculator.');
  expect(await project.git('show', 'main:NEWS.md')).toBe('It is correct now.');
  expect(await project.git('log', '--format=%s', 'main')).toContain('mend both');
  expect(await project.git('status', '--porcelain')).toBe('');
});
