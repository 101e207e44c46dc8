import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, program, type ScratchProject, script } from '../support/scratch-project.ts';
import { eventually, isIn, opened, until } from './watching.ts';

const check = 'node --test';
const right = 'export const add = (a, b) => a + b;\n';
const wrong = 'export const add = (a, b) => a - b;\n';
const tests = `import assert from 'node:assert';
import { test } from 'node:test';
import { add } from './calc.mjs';
test('adds', () => assert.equal(add(20, 3), 23));
test('adds nothing', () => assert.equal(add(1, 0), 1));
test('is commutative', () => assert.equal(add(4, 9), add(9, 4)));
`;

interface Verdict {
  readonly code: number;
  readonly verdict: string;
  readonly verification: string;
  readonly reason?: string;
  readonly reused?: string;
  readonly notes?: readonly string[];
  readonly all?: readonly string[];
  readonly commit: string;
  readonly checks: readonly { tests?: string; flaky?: boolean; log: string; first_log?: string }[];
}

async function verify(project: ScratchProject, ...args: readonly string[]): Promise<Verdict> {
  const { code, stdout } = await project.cli(['verify', '--json', ...args]);
  return { code, ...(JSON.parse(stdout) as Omit<Verdict, 'code'>) };
}

/** A calculator that subtracts, and a test that says so. */
async function aTestedProject(): Promise<{ project: ScratchProject; base: string }> {
  const project = await aProject({ empty: true });
  const base = await project.commit({ 'calc.mjs': wrong, 'calc.test.mjs': tests }, 'A calculator with a bug');
  return { project, base };
}

test.concurrent('a weakened test is judged as it was, unless its change is allowed', async () => {
  const { project, base } = await aTestedProject();
  await project.commit({ 'calc.test.mjs': "import { test } from 'node:test';\ntest('adds', () => {});\n" });
  const judged = await verify(project, 'HEAD', '--base', base, '--check', check);
  expect(judged).toMatchObject({ verdict: 'failed', code: 1, checks: [{ tests: '3 tests, 2 failed' }] });
  expect(judged.notes?.join()).toContain('calc.test.mjs (tests)');
  const allowed = await verify(project, 'HEAD', '--base', base, '--allow', '*.test.mjs', '--check', check);
  expect(allowed).toMatchObject({ verdict: 'passed', code: 0 });
  expect(allowed.notes?.join()).toContain('allowed to change: calc.test.mjs');

  const told = await project.cli(['verify', '--explain', judged.verification]);
  expect(told.code).toBe(1);
  expect(told.stdout).toContain('restored calc.test.mjs (modified; tests)');
  expect(told.stdout).toContain(`base          ${base}`);
});

test.concurrent('a pass with fewer tests than the base ran is tampered with', async () => {
  const { project, base } = await aTestedProject();
  await project.commit({ 'calc.mjs': `${wrong}process.exit(0);\n` });
  const judged = await verify(project, 'HEAD', '--base', base, '--check', check);
  expect(judged).toMatchObject({
    verdict: 'tampered',
    code: 1,
    reason: expect.stringMatching(/on the base|ran no test/),
  });
  expect(judged.notes?.join()).toContain('ends the process by process.exit');
  await project.commit({ 'calc.mjs': right });
  expect(await verify(project, 'HEAD', '--base', base, '--check', check)).toMatchObject({
    verdict: 'passed',
  });
});

test.concurrent('what failed before can be left out of the account, and is named in any case', async () => {
  const { project, base } = await aTestedProject();
  await project.commit({ 'other.mjs': 'export const more = 1;\n' });
  const against = ['HEAD', '--base', base, '--check', check];
  const judged = await verify(project, ...against);
  expect(judged).toMatchObject({ verdict: 'failed' });
  expect(judged.notes?.join()).toMatch(/failed on the base too: adds/);
  const ignoring = await verify(project, ...against, '--ignore-preexisting');
  expect(ignoring).toMatchObject({ verdict: 'passed', reused: judged.verification });
});

test.concurrent('a verdict is known the second time, and reached again when asked for', async () => {
  const { project } = await aTestedProject();
  const head = await project.commit({ 'calc.mjs': right });
  const first = await verify(project, '--check', check);
  expect(first).toMatchObject({ verdict: 'passed', commit: head, checks: [{ tests: '3 tests' }] });
  const again = await verify(project, '--check', check);
  expect(again).toMatchObject({ verdict: 'passed', reused: first.verification });
  expect((await verify(project, '--check', check, '--fresh')).reused).toBeUndefined();
});

test.concurrent('several commits and the working tree are judged at once, and the worst decides', async () => {
  const { project, base } = await aTestedProject();
  await project.commit({ 'calc.mjs': right });
  await project.git('tag', 'good');
  await project.write({ 'calc.mjs': wrong });
  const status = await project.git('status', '--porcelain');
  const judged = await verify(project, 'good', base, '--working-tree', '--check', check);
  expect(judged).toMatchObject({ verdict: 'failed', code: 1 });
  expect(judged.all?.map((line) => line.split(' ')[0])).toEqual(['passed', 'failed', 'failed']);
  expect(await project.git('status', '--porcelain')).toBe(status);
  expect(readFileSync(`${project.path}/calc.mjs`, 'utf8')).toBe(wrong);
});

test.concurrent('what is uncommitted is said not to be judged, and what cannot be judged has an exit code of its own', async () => {
  const { project } = await aTestedProject();
  await project.write({ 'calc.mjs': right });
  const head = await verify(project, '--check', check);
  expect(head).toMatchObject({ verdict: 'failed', code: 1, notes: [expect.stringContaining('uncommitted')] });
  const unknown = await verify(project, '--check', './not-there.sh');
  expect(unknown).toMatchObject({ verdict: 'inconclusive', code: 5 });
});

test.concurrent('a check that fails once and then passes on the same files is flaky, and both outputs stay', async () => {
  const project = await aProject({ env: { LOOPYARD_SANDBOX: 'off' } }); // its memory lies outside the room
  const mark = project.file('seen');
  await writeFile(mark, '');
  await project.commit({
    'flaky.mjs':
      `import { appendFileSync, readFileSync } from 'node:fs';\nconst seen = readFileSync(${JSON.stringify(mark)}, 'utf8');\n` +
      `appendFileSync(${JSON.stringify(mark)}, 'x');\nconsole.log('run ' + seen.length);\nprocess.exit(seen === '' ? 1 : 0);\n`,
  });
  const judged = await verify(project, '--check', 'node flaky.mjs');
  expect(judged).toMatchObject({ verdict: 'passed', checks: [{ flaky: true }] });
  const [run] = judged.checks;
  for (const [id, text] of [
    [run?.first_log, 'run 0'],
    [run?.log, 'run 1'],
  ])
    expect((await project.cli(['log', String(id)])).stdout).toContain(text);
  expect((await verify(project, '--check', 'node flaky.mjs')).reused).toBeUndefined();
});

test.concurrent('a loop whose commit changes its tests passes on the code, and a person lands it', async () => {
  const { project, base } = await aTestedProject();
  const session = await aSession(project);
  const loop = await opened(session, {
    checks: [check],
    command: script('weakens-the-test'),
    auto_merge: true,
  });
  const verified = await until(
    session,
    loop,
    (now) => now.state === 'verified' && now.doing.startsWith('waits'),
  );
  expect(verified.doing).toContain('waits for the person');
  expect(verified.doing).toContain('calc.test.mjs');
  expect(await project.git('rev-parse', 'main')).toBe(base);
  expect(await session.call('merge', { loop })).toMatchObject({
    state: 'landed',
    protected: ['calc.test.mjs'],
  });
});

test.concurrent('a loop whose goal is to change its tests lands them by itself', async () => {
  const { project, base } = await aTestedProject();
  const session = await aSession(project);
  const loop = await opened(session, {
    checks: [check],
    command: script('weakens-the-test'),
    auto_merge: true,
    allow_changes: ['*.test.mjs'],
  });
  const landed = await until(session, loop, isIn('landed'));
  expect(landed.judged).toContain('Protected, and allowed to change: calc.test.mjs (tests).');
  expect(await project.git('diff', '--name-only', base, 'main')).toBe('calc.mjs\ncalc.test.mjs');
});

test('Ctrl-C calls off what was asked for, and its checks end', async () => {
  const { project } = await aTestedProject();
  const argv = [program, 'verify', '--check', `node -e "setInterval(() => {}, 86400)"`];
  const child = spawn(process.execPath, argv, { cwd: project.path, env: project.env });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const checks = () => project.running('86400').filter(({ command }) => !command.includes('verify'));
  await eventually(() => checks().length > 0);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(stderr).toMatch(/Interrupted: verification-\w+ cancelled/);
  await eventually(() => checks().length === 0);
});
