import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, script, withoutSandbox } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, look, opened, until } from './watching.ts';

const checks = ['node check.mjs'];

test.concurrent('workers that change nothing hold the loop as stuck; a message and resume let it go on', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('changes-nothing') });
  const held = await until(session, loop, (now) => now.hold !== undefined);
  expect(held.hold).toBe('stuck: 3 iterations in a row changed nothing');

  await session.call('steer', { loop, action: 'message', text: 'please mend it' });
  await session.call('steer', { loop, action: 'resume' });
  expect(await until(session, loop, isIn('verified'))).toMatchObject({ iteration: '4/10' });
});

test.concurrent('a loop that used its iterations is held, and goes on when it gets more', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('tries-in-vain', '3'), max_iterations: 2 });
  const held = await until(session, loop, (now) => now.hold !== undefined);
  expect(held).toMatchObject({ hold: 'budget: all 2 iterations are used', iteration: '2/2' });

  await session.call('steer', { loop, action: 'update', max_iterations: 4 });
  expect(await until(session, loop, isIn('verified'))).toMatchObject({ iteration: '3/4' });
});

test.concurrent('a worker asks through its own server, which shows it its own loop and nothing else', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const other = await opened(session, { checks, command: script('fixes-at-once'), mode: 'guided' });
  const report = project.file('report.json');
  const loop = await opened(session, { checks, command: script('asks-a-question', report, other) });
  const asking = await until(session, loop, (now) => now.question !== undefined);
  expect(asking.question).toContain('Which word shall it be?');

  await session.call('steer', { loop, action: 'answer', text: 'serendipity' });
  const { candidate } = await until(session, loop, isIn('verified'));
  expect(await project.git('show', `${candidate}:README.md`)).toBe('serendipity');
  const seen = JSON.parse(readFileSync(report, 'utf8'));
  expect(seen.tools.toSorted()).toEqual(['ask', 'load_context', 'remember', 'report', 'verify']);
  expect(seen.context.files.map(({ name }: { name: string }) => name)).toContain('PLAN.md');
  expect(seen.context).toMatchObject({ loop, iteration: 1 });
  expect(seen.spawned.isError).toBe(true);
  expect(seen.steered.isError).toBe(true);
  // Whatever loop it names, it is its own that is verified.
  expect(JSON.stringify(seen.other)).not.toContain(other);
  expect((await look(session, other)).hold).toBeUndefined();
  const { loops } = await session.call('status');
  expect(loops).toHaveLength(2);
});

test.concurrent('a worker sees the request to stop, acknowledges it and ends; its loop is paused and goes on', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const entered = project.file('entered');
  const loop = await opened(session, {
    checks,
    command: script('edits-then-hangs', entered, 'acknowledges'),
  });
  await eventually(() => existsSync(entered));
  const worker = (await look(session, loop)).worker?.split(' ')[0];

  const stopped = await session.call('shutdown', { worker, reason: 'another way is better', grace_s: 20 });

  expect(stopped.stopped).toMatchObject([{ loop, worker, state: 'ended' }]);
  const held = await until(session, loop, (now) => now.state === 'submitted' && now.hold !== undefined);
  expect(held.hold).toContain('paused: Its worker was stopped: another way is better');
  expect(await project.git('show', `${held.candidate}:half.txt`)).toBe('stopped politely: true');
  expect(project.running('edits-then-hangs')).toEqual([]);
  await session.call('steer', { loop, action: 'resume' });
  await until(session, loop, (now) => now.iteration === '2/10');
});

test.concurrent('shutdown ends a deaf worker with its whole tree, keeps its work, and is done once per key', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const entered = project.file('entered');
  const loop = await opened(session, { checks, command: script('edits-then-hangs', entered, 'deaf') });
  await eventually(() => existsSync(entered));

  const ask = { loop, now: true, idempotency_key: 'enough' };
  const first = await session.call('shutdown', ask);
  expect(first.stopped).toMatchObject([{ loop, state: 'cancelled' }]);
  expect((await session.call('shutdown', ask)).stopped).toEqual(first.stopped);
  const { kept = [] } = await look(session, loop);
  const works = await Promise.all(kept.map((ref) => project.git('show', `${ref}:half.txt`).catch(() => '')));
  expect(works).toContain('half done');
  expect(project.running('edits-then-hangs')).toEqual([]);
  expect(await project.git('worktree', 'list')).not.toContain('/loops/');
});

test.concurrent('shutdown of all ends every loop, whatever it is doing', async () => {
  const project = await aProject(withoutSandbox);
  const session = await aSession(project);
  const gate = gateOf(project, 'check-gate');
  const entered = project.file('entered');
  const loops = [
    await opened(session, { checks, command: script('edits-then-hangs', entered) }),
    await opened(session, { checks: [script('gated-check', gate.file)], command: 'true' }),
    await opened(session, { checks, command: script('fixes-at-once'), mode: 'guided' }),
    await opened(session, { checks, command: script('fixes-at-once') }),
  ];
  await eventually(() => existsSync(entered));
  await gate.reached();
  await until(session, loops[3] ?? '', isIn('verified'));

  const { stopped } = await session.call('shutdown', { all: true, grace_s: 1, wait_s: 40 });

  const ends = (stopped as { loop: string; state: string }[]).map(({ loop, state }) => [loop, state]);
  expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(loops.map((loop) => [loop, 'cancelled'])));
  expect(await project.git('worktree', 'list')).not.toContain('/loops/');
  await session.close();
  await eventually(() => project.processes().length === 0);
});

test.concurrent('a child that escaped from its worker is gone before its work is judged', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const mark = project.file('escaped');
  const loop = await opened(session, { checks, command: script('escapes', mark) });
  await until(session, loop, isIn('verified'));
  expect(project.running('setInterval', mark)).toEqual([]);
});

test.concurrent('the fifth live loop is refused with the way out, and an ended one makes room', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const plan = { checks, command: script('fixes-at-once'), mode: 'guided' };
  const loops = [];
  for (const id of ['one', 'two', 'three', 'four']) loops.push(await opened(session, { ...plan, id }));

  const refusal = await session.refused('start_loop', { goal: 'more', ...plan });
  expect(refusal).toMatchObject({ error: 'LOOP_LIMIT', limit: 4, paths: 10, live: loops });
  expect(refusal.message).toBe(
    '4 loops are live and the limit is 4: one, two, three, four. One more would make 10 communication paths to ' +
      'coordinate. Finish or stop one, raise max_loops, or pass force.',
  );
  await session.call('shutdown', { loop: 'two', now: true });
  await opened(session, { ...plan, id: 'five' });
  await opened(session, { ...plan, id: 'six', force: true });
  const taken = await session.refused('start_loop', { goal: 'again', ...plan, id: 'six', force: true });
  expect(taken.message).toContain('six');
  expect(taken.error).toBe('INVALID_ARGUMENT');
});

test.concurrent('verify judges any commit without a loop: passed, failed, or not to be judged', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const broken = await project.git('rev-parse', 'HEAD');
  const failed = await session.call('verify', { ref: broken, checks, wait_s: 50 });
  expect(failed).toMatchObject({ verdict: 'failed', commit: broken });
  expect(JSON.stringify(failed.checks)).toContain('add is wrong');

  await project.write({ 'calc.mjs': 'this is not committed' });
  const passed = await session.call('verify', {
    ref: 'HEAD',
    checks: ['node -e 0', 'git --version'],
    wait_s: 50,
  });
  expect(passed).toMatchObject({ verdict: 'passed', commit: broken });
  const missing = await session.call('verify', { checks: ['./not-there'], wait_s: 50 });
  expect(missing).toMatchObject({ verdict: 'inconclusive' });
  const slow = await session.call('verify', { checks: ['sleep 60'], check_minutes: 0.01, wait_s: 50 });
  expect(slow).toMatchObject({ verdict: 'failed', checks: [{ result: 'timed out' }] });
  expect((await session.call('status')).loops).toBeUndefined();

  const cli = await project.cli(['verify', 'HEAD', '--check', 'node check.mjs', '--json']);
  expect(cli.code).toBe(1);
  expect(JSON.parse(cli.stdout)).toMatchObject({ verdict: 'failed' });
});
