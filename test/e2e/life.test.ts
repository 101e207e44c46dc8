import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readIndependently } from '../stress/witness.ts';
import { aSession } from '../support/mcp-client.ts';
import { aProject, end, script } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, look, opened, until } from './watching.ts';

test.concurrent('loops go on without any session, and a session opened later finds them landed', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const work = gateOf(project, 'gate');
  const loop = await opened(session, {
    checks: ['node check.mjs'],
    command: script('fixes-at-once', work.file),
    auto_merge: true,
  });
  await work.reached();
  end(session.pid);
  // The last one who looks after it is its shim.
  for (const { pid } of project.keepers()) end(pid);
  await eventually(() => project.keepers().length === 0);
  await work.open();
  await eventually(async () => (await project.git('show', 'main:calc.mjs')).includes('a * b'));
  await eventually(() => project.processes().length === 0);
  const later = await aSession(project, { era: 'modern' });
  expect(await look(later, loop)).toMatchObject({ state: 'landed' });
});

test.concurrent('a keeper that was frozen for a while is not robbed, and goes on', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const work = gateOf(project, 'gate');
  const loop = await opened(session, {
    checks: ['node check.mjs'],
    command: script('fixes-at-once', work.file),
  });
  await work.reached();
  const [keeper] = project.keepers();
  end(keeper?.pid ?? 0, 'SIGSTOP');
  await work.open();
  // Longer than any beat, and a reader asks all the time. The stress suite freezes for longer.
  const thaw = Date.now() + 4_000;
  while (Date.now() < thaw) {
    await session.call('status', { loop, wait_s: 1 });
    expect(project.keepers().map(({ pid }) => pid)).toEqual([keeper?.pid]);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  expect((await look(session, loop)).state).toBe('working');
  end(keeper?.pid ?? 0, 'SIGCONT');
  await until(session, loop, isIn('verified'));
  const takings = readIndependently(project.state).flatMap(({ e }) =>
    (e ?? []).filter(({ type, resource }) => type === 'lease.taken' && resource === 'keeper'),
  );
  expect(takings).toHaveLength(1);
});

test.concurrent('the server leaves when its input ends, and a keeper comes back for the next request', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, {
    checks: ['node check.mjs'],
    command: script('fixes-at-once'),
    mode: 'guided',
  });
  await until(session, loop, (now) => now.doing.startsWith('waits for the strategist'));
  await eventually(() => project.keepers().length === 0);
  const takings = () =>
    readIndependently(project.state).flatMap(({ e }) =>
      (e ?? []).filter(({ type, resource }) => type === 'lease.taken' && resource === 'keeper'),
    ).length;
  const before = takings();
  const asked = performance.now();
  await session.call('spawn_worker', { loop, wait_s: 0 });
  await eventually(() => takings() > before);
  console.log(`a keeper was at work ${Math.round(performance.now() - asked)} ms after the request`);
  await until(session, loop, isIn('verified'));

  const closing = performance.now();
  const { pid } = session;
  await session.close();
  await eventually(
    () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '),
  );
  expect(performance.now() - closing).toBeLessThan(1_500);
  await eventually(() => project.processes().length === 0);
});
