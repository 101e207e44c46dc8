import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readIndependently } from '../stress/witness.ts';
import { aSession } from '../support/mcp-client.ts';
import { aProject, end, program, type ScratchProject, script } from '../support/scratch-project.ts';
import { eventually, gateOf, look, opened } from './watching.ts';

const checks = ['node check.mjs'];

function agent(name: string): string {
  const file = fileURLToPath(new URL(`../fixtures/agents/${name}.mjs`, import.meta.url));
  return `'${process.execPath}' '${file}'`;
}

const asked = (project: ScratchProject) =>
  readIndependently(project.state)
    .flatMap(({ e }) => e ?? [])
    .filter(({ type }) => type === 'worker.stop_requested');

test('workers that fork and ignore SIGTERM, or are suspended, end all the same, with proof', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const forks = `sh -c 'trap "" TERM; sleep 4711 & sleep 4712'`;
  const loops = [
    await opened(session, { checks, command: forks }),
    await opened(session, { checks, command: agent('forever') }),
  ];
  const running = () => [...project.running('sleep 471'), ...project.running('forever')];
  await eventually(() => running().length >= 3);
  for (const { pid } of project.running('agents/forever')) end(pid, 'SIGSTOP');

  const { code, stdout } = await project.cli(['stop', '--all', '--grace-s', '1', '--wait-s', '50']);
  expect(stdout.match(/cancelled, 0 processes left/g)).toHaveLength(2);
  expect(code).toBe(0);
  expect(running()).toEqual([]);
  for (const loop of loops) expect((await look(session, loop)).state).toBe('cancelled');
});

test('Ctrl-C while a stop waits skips the grace and goes on watching', async () => {
  const project = await aProject({ env: { LOOPYARD_STOP_GRACE_SECONDS: '600' } });
  const session = await aSession(project);
  const gate = gateOf(project, 'gate');
  const loop = await opened(session, { checks, command: script('fixes-at-once', gate.file) });
  await gate.reached();
  const stop = execFile(process.execPath, [program, 'stop', loop], { cwd: project.path, env: project.env });
  let said = '';
  stop.stdout?.on('data', (text) => {
    said += text;
  });
  await eventually(() => asked(project).length === 1);
  stop.kill('SIGINT');
  await eventually(() => stop.exitCode !== null);
  expect(said).toMatch(/cancelled, 0 processes left, kept: refs\//);
  expect(stop.exitCode).toBe(0);
  expect(asked(project)).toMatchObject([{ request: { graceMs: 600_000 } }, { request: { graceMs: 0 } }]);
});

test('a stop that is left before the end says so in its exit code, and over MCP in what to do next', async () => {
  const project = await aProject({ env: { LOOPYARD_STOP_GRACE_SECONDS: '600' } });
  const session = await aSession(project);
  const gate = gateOf(project, 'gate');
  const loop = await opened(session, { checks, command: script('fixes-at-once', gate.file) });
  await gate.reached();
  expect((await project.cli(['stop', loop, '--wait-s', '0'])).code).toBe(1);
  const { stopped, next } = await session.call('shutdown', { loop, wait_s: 0 });
  expect(stopped).toMatchObject([{ loop, state: 'working' }]);
  expect(next).toMatch(/^Still ending/);
  expect(await session.call('shutdown', { loop, now: true })).toMatchObject({
    stopped: [{ state: 'cancelled', left: '0 processes left' }],
  });
});
