import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject } from '../support/scratch-project.ts';
import { opened } from './watching.ts';

/** A check that shows by a file outside whether it ran. */
const touching = (file: string) => JSON.stringify({ checks: { proof: `touch '${file}'` }, max_loops: 50 });

test.concurrent('what a repository would run is inert until it is trusted, runs then, and asks again when it changes', async () => {
  // Without walls, so that a file outside can show that it ran.
  const project = await aProject({ env: { LOOPYARD_SANDBOX: 'off' } });
  const ran = project.file('ran');
  const text = touching(ran);
  await project.commit({ 'loopyard.json': text });
  const session = await aSession(project);

  const untrusted = { error: 'INVALID_ARGUMENT', message: expect.stringContaining('not trusted yet') };
  expect(await session.refused('verify', { checks: ['proof'] })).toMatchObject(untrusted);
  expect(await session.refused('verify', {})).toMatchObject(untrusted);
  expect(await session.refused('start_loop', { goal: 'x', command: 'true' })).toMatchObject(untrusted);

  const unasked = await project.cli(['trust']);
  expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect(unasked.stdout).toContain(`touch '${ran}'`);
  const worker = await project.cli(['trust', '--yes'], { env: { LOOPYARD_DEPTH: '1' } });
  expect(worker).toMatchObject({ code: 2, stderr: expect.stringContaining('A worker trusts nothing') });
  expect(existsSync(ran)).toBe(false);

  expect((await project.cli(['trust', '--yes'])).code).toBe(0);
  // The session that was refused is the same one that is now allowed.
  const passed = await session.call('verify', { wait_s: 25 });
  expect(passed).toMatchObject({
    verdict: 'passed',
    checks: [{ name: 'proof' }],
    notes: [expect.stringContaining('The checks are those of loopyard.json: proof.')],
  });
  expect(existsSync(ran)).toBe(true);
  const loop = await opened(session, { checks: undefined, command: 'true' });
  expect(await session.call('status', { loop })).toMatchObject({ loops: [{ id: loop }] });

  await project.write({ 'loopyard.json': text.replace('touch', 'rm') });
  const changed = {
    error: 'INVALID_ARGUMENT',
    message: expect.stringContaining('has changed since it was trusted'),
  };
  expect(await session.refused('verify', {})).toMatchObject(changed);
  expect((await project.cli(['trust'])).stdout).toContain(`checks.proof was`);
  await project.write({ 'loopyard.json': text });
  expect((await project.cli(['trust', '--revoke'])).code).toBe(0);
  expect(await session.refused('verify', {})).toMatchObject(untrusted);
});

test.concurrent('a repository cannot loosen what its user has set, and a misspelt key stops what would have used it', async () => {
  const project = await aProject({ env: { LOOPYARD_MAX_LOOPS: '3' } });
  await project.write({ 'loopyard.json': '{\n  "max_loops": 50,\n  "limits": { "iterations": 400 }\n}\n' });
  const shown = JSON.parse((await project.cli(['config', '--json'])).stdout);
  expect(shown.settings.find(({ name }: { name: string }) => name === 'max_loops')).toMatchObject({
    value: 3,
    sources: ['environment'],
    overruled: 'The smaller holds: 3.',
  });
  await project.write({ 'loopyard.json': '{\n  "max_lops": 1\n}\n' });
  const wrong = `${project.path}/loopyard.json:2:3: There is no setting "max_lops"; did you mean "max_loops"?`;
  expect(await project.cli(['config'])).toMatchObject({ code: 2, stdout: expect.stringContaining(wrong) });
  expect(await project.cli(['verify', '--check', 'true'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(wrong),
  });
  // Looking and stopping go on.
  expect((await project.cli(['status'])).code).toBe(0);
});

test.concurrent('a setting is written in place, and what the person writes himself he trusts', async () => {
  const project = await aProject();
  await project.write({ 'loopyard.json': '{\n  // ours\n  "max_loops": 2\n}\n' });
  expect((await project.cli(['config', 'set', 'checks', '{"t":"true"}', '--project'])).code).toBe(0);
  expect(await readFile(`${project.path}/loopyard.json`, 'utf8')).toBe(
    '{\n  // ours\n  "max_loops": 2,\n  "checks": {\n    "t": "true"\n  }\n}\n',
  );
  expect(await project.cli(['verify'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('t: exit 0'),
  });
  expect(await project.cli(['config', 'set', 'max-lops', '3'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean "max_loops"'),
  });
});
