import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, script, withoutSandbox } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, look, opened, until } from './watching.ts';

const checks = ['node check.mjs'];

test.concurrent('what conflicts goes back to work with the markers in its files, and lands once they are resolved', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('writes-a-line', 'From the loop.') });
  await until(session, loop, isIn('verified'));
  const theirs = await project.commit({ 'README.md': 'From main.\n' });

  const bounced = await session.call('merge', { loop });
  expect(bounced).toMatchObject({ state: 'bounced', reason: 'Conflicts with main in: README.md' });
  const again = await until(session, loop, (now) => now.state === 'verified' && now.iteration === '2/10');
  const log = await session.call('read_log', { id: loop });
  expect(log.text).toContain('<<<<<<<');
  expect(await session.call('merge', { loop })).toMatchObject({ state: 'landed', before: theirs });
  expect(await project.git('rev-parse', 'main')).toBe(again.candidate);
  expect(readFileSync(path.join(project.path, 'README.md'), 'utf8')).toBe('Both: From the loop.\n');
  expect(await project.git('status', '--porcelain')).toBe('');
});

test.concurrent('uncommitted work in the checkout makes the result wait under a ref; then it lands', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('fixes-at-once') });
  await until(session, loop, isIn('verified'));
  const main = await project.git('rev-parse', 'main');
  await project.write({ 'README.md': 'Not committed.\n' });

  const waiting = await session.call('merge', { loop });
  expect(waiting).toMatchObject({ state: 'waiting' });
  expect(waiting.reason).toContain(`refs/loopyard/ready/${loop}`);
  expect(await project.git('rev-parse', 'main')).toBe(main);
  expect(await project.git('show', `refs/loopyard/ready/${loop}:calc.mjs`)).toContain('a * b');
  expect(readFileSync(path.join(project.path, 'README.md'), 'utf8')).toBe('Not committed.\n');

  await project.git('stash');
  expect(await session.call('merge', { loop })).toMatchObject({ state: 'landed' });
  await project.git('stash', 'pop');
  expect(readFileSync(path.join(project.path, 'README.md'), 'utf8')).toBe('Not committed.\n');
  expect(await project.git('for-each-ref', 'refs/loopyard/ready')).toBe('');
});

test.concurrent('a result the user took himself is landed when asked again', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('fixes-at-once') });
  await until(session, loop, isIn('verified'));
  await project.write({ 'README.md': 'Not committed.\n' });
  await session.call('merge', { loop });
  await project.git('merge', '--ff-only', `refs/loopyard/ready/${loop}`);
  expect(await session.call('merge', { loop })).toMatchObject({ state: 'landed' });
});

test.concurrent('a loop whose result waits can be stopped and can be discarded', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const plan = { checks, command: script('fixes-at-once') };
  const loops = [await opened(session, plan), await opened(session, plan)];
  const [stopped = '', discarded = ''] = loops;
  for (const loop of loops) await until(session, loop, isIn('verified'));
  await project.write({ 'README.md': 'Not committed.\n' });
  for (const loop of loops) expect(await session.call('merge', { loop })).toMatchObject({ state: 'waiting' });

  expect((await session.call('shutdown', { loop: stopped })).stopped).toMatchObject([{ state: 'cancelled' }]);
  const gone = await project.cli(['discard', discarded, '--yes', '--json']);
  expect(JSON.parse(gone.stdout)).toMatchObject({ state: 'cancelled' });
  expect(await project.git('branch', '--list', `loopyard/${discarded}`)).toBe('');
});

test.concurrent('when the target moved, the merge result is verified again before it lands', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('fixes-at-once') });
  const { candidate } = await until(session, loop, isIn('verified'));
  const moved = await project.commit({ 'other.txt': 'from main\n' });

  const landed = await session.call('merge', { loop });
  expect(landed).toMatchObject({ state: 'landed', before: moved });
  expect(await project.git('rev-list', '--parents', '-1', 'main')).toBe(
    `${landed.result} ${moved} ${candidate}`,
  );
});

test.concurrent('a merge result that fails the checks goes back to work, and the target stays', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('fixes-at-once'), mode: 'guided' });
  await until(session, loop, (now) => now.doing.startsWith('waits'));
  await session.call('spawn_worker', { loop });
  await until(session, loop, isIn('verified'));
  const stricter = await project.commit({ 'check.mjs': 'console.error("stricter"); process.exit(1);\n' });

  const bounced = await session.call('merge', { loop });
  expect(bounced).toMatchObject({ state: 'bounced' });
  expect(await project.git('rev-parse', 'main')).toBe(stricter);
  expect(await look(session, loop)).toMatchObject({ state: 'ready' });
});

test.concurrent('a branch that is checked out nowhere is moved without touching the checkout', async () => {
  const project = await aProject();
  const session = await aSession(project);
  await project.git('branch', 'release');
  await project.write({ 'README.md': 'Not committed.\n' });
  const loop = await opened(session, { checks, command: script('fixes-at-once'), target: 'release' });
  const { candidate } = await until(session, loop, isIn('verified'));
  expect(await session.call('merge', { loop })).toMatchObject({ state: 'landed', target: 'release' });
  expect(await project.git('rev-parse', 'release')).toBe(candidate);
  expect(await project.git('status', '--porcelain')).toBe(' M README.md');
});

test.concurrent('a loop opened on a detached HEAD passes, and lands where it is told to', async () => {
  const project = await aProject();
  const session = await aSession(project);
  await project.git('checkout', '--quiet', '--detach');
  const started = await session.call('start_loop', {
    goal: 'mend it',
    checks,
    command: script('fixes-at-once'),
    auto_merge: true,
  });
  expect(started.target).toBeUndefined();
  expect(started.notes).toContain(
    'HEAD is detached and no target was named: the loop can pass, but not land.',
  );
  const loop = String(started.loop);
  await until(session, loop, isIn('verified'));
  expect(await session.refused('merge', { loop })).toMatchObject({ error: 'INVALID_ARGUMENT' });
  expect(await session.call('merge', { loop, target: 'main' })).toMatchObject({ state: 'landed' });
});

test.concurrent('stopping a loop while its landing is executed ends it, landed or not, and leaves nothing waiting', async () => {
  const project = await aProject(withoutSandbox);
  const session = await aSession(project);
  const gate = gateOf(project, 'gate');
  await gate.open();
  const loop = await opened(session, {
    checks: [script('gated-check', gate.file)],
    command: script('fixes-at-once'),
  });
  await until(session, loop, isIn('verified'));
  await project.commit({ 'other.txt': 'from main\n' });
  const { rm } = await import('node:fs/promises');
  await rm(gate.file);
  await rm(`${gate.file}.entered`);
  await session.call('merge', { loop, wait_s: 0 });
  await gate.reached();
  await session.call('shutdown', { loop, wait_s: 0 });
  await project.write({ 'README.md': 'Not committed.\n' });
  await gate.open();
  const over = await until(session, loop, isIn('landed', 'cancelled'), 15);
  expect(over.state).toBe('cancelled');
  await eventually(async () => (await project.git('worktree', 'list')).split('\n').length === 1);
});
