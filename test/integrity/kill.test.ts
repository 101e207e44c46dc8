import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually, isIn, look, opened, until } from '../e2e/watching.ts';
import { aSession } from '../support/mcp-client.ts';
import { aProject, end, type ScratchProject, script } from '../support/scratch-project.ts';

/** Waits in its room until a file is put there: nothing else of this machine can be seen from behind the walls. */
const waits = `import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
writeFileSync('entered', '');
while (!existsSync('go')) await setTimeout(20);
await import('./check.mjs');
`;

const names = (folder: string) =>
  (existsSync(folder) ? readdirSync(folder) : []).filter((n) => !n.startsWith('.'));
/** The yard has a folder of its own in the place. */
const placeOf = (project: ScratchProject, ...folders: readonly string[]) => {
  const place = path.join(project.root, 'place');
  return path.join(place, names(place).find((name) => name.startsWith('calc-')) ?? '', ...folders);
};
const rooms = (project: ScratchProject) => names(placeOf(project, 'rooms'));
const treeOf = (project: ScratchProject, room: string) => placeOf(project, 'rooms', room, 'tree', 'calc');

/** The room in which a check waits that has not been let go on. */
function waiting(project: ScratchProject): string | undefined {
  return rooms(project)
    .map((room) => treeOf(project, room))
    .find((tree) => existsSync(path.join(tree, 'entered')) && !existsSync(path.join(tree, 'go')));
}

async function letGo(project: ScratchProject): Promise<void> {
  await eventually(() => waiting(project) !== undefined, 60);
  writeFileSync(path.join(waiting(project) ?? '', 'go'), '');
}

/** Up to the moment at which the candidate, which is right, is being checked. */
async function inMidCheck(plan: Readonly<Record<string, unknown>> = {}) {
  const project = await aProject({ env: { LOOPYARD_STOP_GRACE_SECONDS: '1' } });
  await project.commit({ 'wait.mjs': waits });
  const session = await aSession(project);
  const loop = await opened(session, {
    checks: ['node wait.mjs'],
    command: script('fixes-at-once'),
    max_iterations: 1,
    ...plan,
  });
  await letGo(project);
  await until(session, loop, isIn('verifying'), 90);
  await eventually(() => waiting(project) !== undefined, 60);
  return { project, session, loop };
}

const kill = (project: ScratchProject, ...words: string[]) => {
  const victims = project.running(...words);
  expect(victims.length).toBeGreaterThan(0);
  for (const { pid } of victims) end(pid);
};

/** No room is left, none is half: each slot of the pool has its files and its record, and says that it is whole. */
async function nothingInDoubt(project: ScratchProject): Promise<void> {
  await eventually(() => project.processes().length === 0, 60);
  expect(rooms(project)).toEqual([]);
  expect(names(path.join(project.state, 'rooms'))).toEqual([]);
  const slots = names(placeOf(project, 'pool')).filter((name) => !name.startsWith('gone-'));
  expect(slots.sort()).toEqual(names(path.join(project.state, 'pool')).sort());
  expect(slots.filter((name) => !/^(?:ready|used)-/.test(name))).toEqual([]);
}

test.concurrent('kill -9 of the keeper in mid-check: the next one waits for the same check, in the same room', async () => {
  const { project, session, loop } = await inMidCheck();
  const room = waiting(project);
  kill(project, ' keeper --yard ');
  await session.call('status', { loop });
  await eventually(() => project.keepers().length > 0);
  expect(waiting(project)).toBe(room);
  await letGo(project);
  await until(session, loop, isIn('verified'), 60);
  expect((await look(session, loop)).iteration).toBe('1/1');
  await session.close();
  await nothingInDoubt(project);
});

test.concurrent('kill -9 of the keeper and of the shim: the check is dead with them, and is made again', async () => {
  const { project, session, loop } = await inMidCheck();
  const room = waiting(project);
  kill(project, ' keeper --yard ');
  kill(project, 'bin.js', ' shim ');
  await eventually(() => project.running('wait.mjs').length === 0);
  await session.call('status', { loop });
  await eventually(() => ![undefined, room].includes(waiting(project)), 60);
  await letGo(project);
  await until(session, loop, isIn('verified'), 90);
  await session.close();
  await nothingInDoubt(project);
});

test.concurrent('kill -9 of the keeper while nobody else is there: the check ends, and is judged', async () => {
  const { project, session, loop } = await inMidCheck({ check_minutes: 0.15 });
  await session.close();
  kill(project, ' keeper --yard ');
  await nothingInDoubt(project);
  const { stdout } = await project.cli(['history', loop, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ outcomes: [{ iteration: 1, result: 'failed' }] });
});
