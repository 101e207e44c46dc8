import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { eventually, isIn, opened, until } from '../e2e/watching.ts';
import { aSession } from '../support/mcp-client.ts';
import { aProject, script } from '../support/scratch-project.ts';

/**
 * Real processes: the keeper that starts a worker, or its shim, is killed before each of its calls in the worker's run
 * directory, or is told that the disk is full. The loop goes on, with one worker at a time, and nothing is left.
 */
const shim = fileURLToPath(new URL('programs/fault-shim.mjs', import.meta.url));
const every = process.env.LOOPYARD_STRESS === 'long' ? 1 : 5;

async function told(role: string, kind: string, at: number): Promise<{ calls: number; trouble: string[] }> {
  const project = await aProject();
  const [log, once] = [project.file('calls'), project.file('struck')];
  Object.assign(project.env, {
    NODE_OPTIONS: `--import=${shim}`,
    FAULT_ROLE: role,
    FAULT_KIND: kind,
    FAULT_AT: String(at),
    FAULT_ONCE: once,
    FAULT_LOG: log,
    FAULT_UNDER: `${project.state}/runs/worker-`,
  });
  const session = await aSession(project);
  const trouble: string[] = [];
  try {
    const loop = await opened(session, { checks: ['node check.mjs'], command: script('fixes-at-once') });
    const end = await until(session, loop, isIn('verified'), 60);
    if (end.iteration !== '1/10') trouble.push(`it took ${end.iteration} iterations`);
    await session.call('shutdown', { loop, now: true });
    const { workers } = await session.call('status', {});
    if (workers !== undefined) trouble.push(`slots are taken: ${workers}`);
    if ((await project.git('worktree', 'list')).split('\n').length > 1) trouble.push('a worktree is left');
  } finally {
    await session.close();
  }
  await eventually(() => project.processes().length === 0);
  if (at > 0 && !existsSync(once)) trouble.push('it did not meet its fate');
  const calls = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
  return { calls, trouble };
}

test.each([
  ['keeper', 'kill'],
  ['keeper', 'ENOSPC'],
  ['shim', 'kill'],
  ['shim', 'ENOSPC'],
])('the %s of a worker may meet %s at any call of its start', async (role, kind) => {
  const { calls, trouble } = await told(role, kind, 0);
  expect(trouble).toEqual([]);
  const found: string[] = [];
  let cases = 0;
  for (let at = 1; at <= calls; at += every) {
    cases += 1;
    const outcome = await told(role, kind, at).catch((error: unknown) => ({ trouble: [String(error)] }));
    found.push(...outcome.trouble.map((line) => `call ${at}: ${line}`));
  }
  console.log(
    `stress: ${role}, ${kind} at a call of a start: ${cases} of ${calls} calls, ${found.length} troubles`,
  );
  expect(calls).toBeGreaterThan(3);
  expect(found).toEqual([]);
});
