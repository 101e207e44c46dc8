import { rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, end, script } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, look, opened, until } from './watching.ts';

const checks = ['node check.mjs'];

test.concurrent('a broken configuration is in the log of the keeper that met it, and mending it is enough', async () => {
  const project = await aProject();
  const config = project.file('config.json');
  const session = await aSession(project, { env: { LOOPYARD_CONFIG: config } });
  await session.call('status');
  await writeFile(config, '{ "max_loop": 1 }');
  const loop = await opened(session, { checks, command: script('fixes-at-once') });
  const log = async () => (await project.cli(['keeper', '--log'])).stdout;
  await eventually(async () => (await log()).includes('There is no setting'));
  await writeFile(config, '{}');
  await until(session, loop, isIn('verified'));
});

test.concurrent('a process that a worker started, and that hides from its loop, may not act', async () => {
  const project = await aProject();
  const stray = { LOOPYARD_DEPTH: '1' };
  const session = await aSession(project, { env: stray });
  expect(await session.tools()).toContain('load_context');
  expect(await session.tools()).not.toContain('start_loop');
  expect(await session.refused('verify', { checks })).toMatchObject({ error: 'NOT_ALLOWED_HERE' });
  const start = ['start', 'mend it', '--check', 'node check.mjs', '--command', 'true'];
  expect((await project.cli(start, { env: stray })).code).toBe(2);
  expect((await project.cli(['status'], { env: stray })).code).toBe(0);
});

test.concurrent('the line that starts the server is understood whole, or refused', async () => {
  const project = await aProject();
  const refused = await project.cli(['--json', 'mcp']);
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('"--json"') });
  const served = await project.cli(['-C', project.path, 'mcp'], { cwd: project.home });
  expect(served).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

test.concurrent('what keeps a merge from landing is shown, and mending it is enough', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const loop = await opened(session, { checks, command: script('fixes-at-once') });
  await until(session, loop, isIn('verified'));
  // A git that was killed leaves this, and it is not ours to remove.
  const lock = `${project.path}/.git/refs/heads/main.lock`;
  await writeFile(lock, '');
  await session.call('merge', { loop, wait_s: 0 });
  await until(session, loop, (now) => now.trouble !== undefined);
  await rm(lock);
  await until(session, loop, isIn('landed'));
});

test.concurrent('a tree that is taken while nobody keeps the yard is not worked in afterwards', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const gate = gateOf(project, 'gate');
  const loop = await opened(session, { checks, command: script('fixes-at-once', gate.file), id: 'taken' });
  await gate.reached();
  const leases = JSON.parse((await project.cli(['leases', '--json'])).stdout).leases;
  const { resource } = leases.find(({ holder }: { holder: string }) => holder === 'loop taken');
  for (const { pid } of project.keepers()) end(pid);
  expect(await project.cli(['takeover', resource])).toMatchObject({ code: 0 });
  await gate.open();
  // The shim of the ended worker may have started a keeper that gathered what it left before the tree was taken.
  await until(session, loop, (now) => now.hold !== undefined && ['ready', 'submitted'].includes(now.state));
  expect(await look(session, loop)).toMatchObject({ hold: expect.stringContaining('paused') });
  expect(await project.git('status', '--porcelain')).toBe('');
  expect(project.running('fixes-at-once')).toEqual([]);
});
