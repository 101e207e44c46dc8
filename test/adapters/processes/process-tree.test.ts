import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { readProcess } from '../../../src/adapters/processes/process-table.ts';
import {
  findTree,
  killTree,
  signal,
  stopTree,
  type Tree,
} from '../../../src/adapters/processes/process-tree.ts';
import { aTag, eventually, processesWith, realClock } from '../../support/real-processes.ts';

test('is found by descent, session and mark', async () => {
  const mark = `LOOPYARD_RUN_MARK=${aTag()}`;
  const leader = await started('sh', ['-c', 'sleep 60 & (sleep 60 &) ; env -i setsid sleep 60 & wait']);
  const marked = await started('sleep', ['60'], {
    env: { ...process.env, ...Object.fromEntries([mark.split('=')]) },
  });
  const tree = treeOf(leader, mark);

  const names = await eventually(() => {
    const found = findTree(tree);
    return found.length === 5 && found.every(({ name }) => name === 'sleep' || name === 'sh')
      ? found
      : undefined;
  });

  expect(names.map(({ pid }) => pid)).toEqual(expect.arrayContaining([leader.pid, marked.pid]));
  expect(await killTree(tree, realClock)).toEqual([]);
  expect(findTree(tree)).toEqual([]);
});

test('of a leader whose pid was reused holds nobody', async () => {
  const stranger = await started('sleep', ['60']);
  const tree: Tree = { ...treeOf(stranger), leader: { pid: stranger.pid ?? 0, startTime: '1' } };

  expect(findTree(tree)).toEqual([]);
  expect(await stopTree(tree, 1_000, realClock)).toEqual([]);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test('is ended by the polite signal alone when it is polite', async () => {
  const leader = await started('sleep', ['60']);
  const exit = new Promise((resolve) => leader.once('exit', (_, name) => resolve(name)));

  expect(await stopTree(treeOf(leader), 60_000, realClock)).toEqual([]);

  expect(await exit).toBe('SIGTERM');
});

test('keeps hold of a process whose last connection with it ended politely', async () => {
  const sleep = `sleep ${5_000_000 + process.pid}`;
  const file = fileURLToPath(new URL('../../fixtures/agents/outlives-its-parent.mjs', import.meta.url));
  const leader = await started(process.execPath, [file, sleep.slice(6)]);
  await eventually(() => findTree(treeOf(leader)).some(({ name }) => name === 'sleep'));

  expect(await stopTree(treeOf(leader), 500, realClock)).toEqual([]);

  const left = processesWith(sleep);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  expect(left).toEqual([]);
});

test.runIf(process.getuid?.() === 0)(
  'leaves processes of other users alone and names them (needs root)',
  async () => {
    const leader = await started('sleep', ['60'], { uid: 65_534, gid: 65_534 });

    expect(await killTree(treeOf(leader), realClock)).toEqual([{ pid: leader.pid, name: 'sleep' }]);

    expect(leader.exitCode ?? leader.signalCode).toBeNull();
  },
);

test('a signal reaches nobody when the start time differs, nor pid 1, nor our own group', async () => {
  const inOurGroup = spawn('sleep', ['60']);
  onTestFinished(() => void inOurGroup.kill('SIGKILL'));
  await new Promise((resolve) => inOurGroup.once('spawn', resolve));
  const apart = await started('sleep', ['60']);

  expect(signal({ pid: apart.pid ?? 0, startTime: '1' }, 'SIGKILL')).toBe(false);
  expect(signal({ pid: 1, startTime: readProcess(1)?.startTime ?? '' }, 'SIGCONT')).toBe(false);
  expect(signal(readProcess(inOurGroup.pid ?? 0) ?? { pid: 0, startTime: '' }, 'SIGKILL')).toBe(false);
  expect(signal(readProcess(process.pid) ?? { pid: 0, startTime: '' }, 'SIGCONT')).toBe(false);
  expect(signal(readProcess(apart.pid ?? 0) ?? { pid: 0, startTime: '' }, 'SIGKILL')).toBe(true);
});

async function started(
  command: string,
  args: readonly string[],
  options: object = {},
): Promise<ChildProcess> {
  const child = spawn(command, args, { detached: true, stdio: 'ignore', ...options });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.once('spawn', resolve));
  return child;
}

function treeOf(leader: ChildProcess, mark = `LOOPYARD_RUN_MARK=${aTag()}`): Tree {
  const pid = leader.pid ?? 0;
  return { leader: { pid, startTime: readProcess(pid)?.startTime ?? '' }, mark, walled: false };
}
