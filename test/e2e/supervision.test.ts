import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { readable } from '../support/real-processes.ts';
import { aProject, script } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, look, opened, until } from './watching.ts';

const checks = ['node check.mjs'];

/** A project on whose PATH a stand-in for Claude Code does what it is told. */
async function withClaude(env: Readonly<Record<string, string>> = {}) {
  const project = await aProject();
  const bin = project.file('bin');
  await mkdir(bin);
  const standIn = fileURLToPath(new URL('../fixtures/workers/acts-claude.mjs', import.meta.url));
  await symlink(standIn, path.join(bin, 'claude'));
  const does = (mode: string) => writeFile(project.file('mode'), mode);
  const more = {
    PATH: `${bin}:${project.env.PATH}`,
    CLAUDE_CONFIG_DIR: project.root,
    ANTHROPIC_API_KEY: 'k',
    ...env,
  };
  const session = await aSession(Object.assign(project, { env: { ...project.env, ...more } }));
  return { project, session, does };
}

test.concurrent('a backend that is not logged in holds the loop with what to do; after that it goes on', async () => {
  const { session, does } = await withClaude();
  await does('authentication');
  const loop = await opened(session, { checks, backend: 'claude' });
  const held = await until(session, loop, (now) => now.hold !== undefined);
  expect(held).toMatchObject({ state: 'ready', iteration: '0/10' });
  expect(held.hold).toMatch(/^backend: The backend claude is not logged in.*log in with it, then resume/);
  const { backends, installed } = await session.call('status', {});
  expect(backends).toEqual([expect.stringMatching(/^claude: rests until /)]);
  expect(installed).toContain('claude (logged in)');

  await does('works');
  await session.call('steer', { loop, action: 'resume' });
  expect(await until(session, loop, isIn('verified'))).toMatchObject({ iteration: '1/10' });
  expect(await session.call('status', {})).not.toHaveProperty('backends');
});

test.concurrent('a worker that hangs without a word is ended for that, costs no iteration, and is tried again', async () => {
  const { session, does } = await withClaude({ LOOPYARD_STALL_MINUTES: '0.02' });
  await does('is silent');
  const loop = await opened(session, { checks, backend: 'claude' });
  const lost = await until(session, loop, (now) => now.trouble !== undefined);
  expect(lost.trouble).toMatch(/The worker \(claude\) ended with: hang\. It gave no sign of life for \d+ s/);
  expect(lost.iteration).toBe('0/10');

  await does('works');
  expect(await until(session, loop, isIn('verified'))).toMatchObject({ iteration: '1/10' });
  const { text } = await session.call('read_log', { id: loop });
  expect(text).toMatch(/✓ finished/);
  expect(text).not.toContain('{"type"');
});

test.concurrent('a worker that only tries again is ended as what it tried, and in the end a person is told what to do', async () => {
  const { session, does } = await withClaude({ LOOPYARD_STALL_MINUTES: '0.02' });
  await does('tries again');
  const loop = await opened(session, { checks, backend: 'claude' });
  const held = await until(session, loop, (now) => now.hold !== undefined, 100);
  expect(held.iteration).toBe('0/10');
  expect(held.trouble).toMatch(
    /ended with: network\. It did nothing but try again for \d+ s .* It said: in vain/,
  );
  expect(held.hold).toMatch(
    /^backend: 3 failures in a row .* cannot reach its service: mend the network, then resume/,
  );
}, 120_000);

test.concurrent('a worker whose service sends it away is ended early when another backend may do the work', async () => {
  const { session, does } = await withClaude({ LOOPYARD_STALL_MINUTES: '0.1' });
  await does('tries again 429');
  const command = script('fixes-at-once');
  const loop = await opened(session, { checks, backend: 'claude,command', command });
  const done = await until(session, loop, isIn('verified'), 60);
  expect(done.iteration).toBe('1/10');
  const { loops } = await session.call('status', { loop });
  expect(JSON.stringify(loops)).not.toContain('silent');
  const { backends } = await session.call('status', {});
  expect(backends).toEqual([expect.stringMatching(/^claude: 1 failure lately, last with rate_limit/)]);
});

test.concurrent('a worker that is gone at once and did nothing costs no iteration', async () => {
  const { session, does } = await withClaude();
  await does('dies');
  const loop = await opened(session, { checks, backend: 'claude' });
  const lost = await until(session, loop, (now) => now.trouble !== undefined);
  expect(lost.trouble).toMatch(/ended with: other\. It ended with exit code 1: cannot start/);
  expect(lost.iteration).toBe('0/10');
});

test.concurrent('a worker whose service failed in the middle of its work is gone on with in its session', async () => {
  const { project, session, does } = await withClaude();
  await does('is interrupted');
  const loop = await opened(session, { checks, backend: 'claude' });
  const verified = await until(session, loop, isIn('verified'), 60);
  expect(verified).toMatchObject({ iteration: '1/10', usage: '112 tokens, 1.0000 USD' });
  expect(verified.worker).toMatch(/claude, resumed session of worker-/);
  const [begun, resumed, ...more] = (await readFile(project.file('sessions'), 'utf8')).trim().split('\n');
  expect(resumed).toBe(begun?.replace('begins', 'resumes'));
  expect(more).toEqual([]);
  const prompt = await readFile(project.file('prompt'), 'utf8');
  expect(prompt).toMatch(
    /^You were interrupted, and go on now in the same session.*the service was overloaded/s,
  );
  expect((await session.call('read_log', { id: loop })).text).toMatch(/^· resumed session /);
});

test.concurrent('a session that cannot be gone on with costs nothing; the next worker starts afresh', async () => {
  const { project, session, does } = await withClaude();
  await does('forgets');
  const loop = await opened(session, { checks, backend: 'claude' });
  const verified = await until(session, loop, isIn('verified'), 60);
  expect(verified).toMatchObject({ iteration: '1/10' });
  const sessions = (await readFile(project.file('sessions'), 'utf8')).trim().split('\n');
  expect(sessions.map((line) => line.split(' ')[0])).toEqual(['begins', 'resumes', 'begins']);
  const { outcomes } = JSON.parse((await project.cli(['history', loop, '--json'])).stdout);
  expect(outcomes[1].reason).toMatch(/^Its session could not be gone on with \(No conversation found/);
  expect((await session.call('status', {})).backends).toBeUndefined();
});

test.concurrent('what passed is reviewed; a veto goes back to work with its reasons, an approval lets it land', async () => {
  const { project, session, does } = await withClaude();
  await does('is reviewed');
  const loop = await opened(session, { checks, backend: 'claude', review: true, auto_merge: true });
  await until(session, loop, isIn('landed'));
  const { outcomes } = JSON.parse((await project.cli(['history', loop, '--json'])).stdout);
  expect(outcomes.map(({ result }: { result: string }) => result)).toEqual(['passed', 'vetoed', 'passed']);
  const { loops } = await session.call('status', { loop });
  expect(loops).toMatchObject([
    { review: 'approved by claude, of the author’s own family because no other was there' },
  ]);
  expect(await project.git('show', 'main:calc.mjs')).toContain('// sums');
});

test.concurrent('beyond max_workers a loop waits its turn, and says which place it has', async () => {
  const project = await aProject({ env: { LOOPYARD_MAX_WORKERS: '1' } });
  const session = await aSession(project);
  const gate = gateOf(project, 'gate');
  const first = await opened(session, {
    checks,
    command: script('edits-then-hangs', `${gate.file}.entered`),
  });
  await gate.reached();
  const second = await opened(session, { checks, command: script('fixes-at-once'), mode: 'guided' });
  await until(session, second, (now) => now.baseline === 'failed');
  const asked = await session.call('spawn_worker', { loop: second, wait_s: 0 });
  expect(asked).toMatchObject({
    queued: 1,
    doing: 'queued, place 1 of 1: 1 of at most 1 workers live',
  });
  expect((await look(session, first)).worker).toMatch(
    /^worker-\S+ \(\p{Lu}\p{Ll}+, command\) (working|silent)/u,
  );

  await session.call('shutdown', { loop: first, now: true });
  await until(session, second, isIn('verified'));
});

test.concurrent('what is told to a loop reaches the worker that works; the next hears it only if that one died of it', async () => {
  const { project, session, does } = await withClaude();
  await does('listens');
  const loop = await opened(session, { checks, backend: 'claude' });
  const works = (iteration: string) =>
    until(session, loop, (now) => now.iteration === iteration && !!now.worker?.match(/working|silent/));

  await works('1/10');
  const first = await session.call('steer', { loop, action: 'message', text: 'use tabs' });
  expect(first.told).toMatch(/^the running worker /);
  await works('2/10');
  await session.call('steer', { loop, action: 'message', text: 'die' });
  const { candidate } = await until(session, loop, isIn('verified'), 60);

  const heard = await project.git('show', `${candidate}:heard.txt`);
  expect(heard).toMatch(/^A message from the strategist of the loop .*\n\n```text\nuse tabs\n```/);
  const prompt = await project.git('show', `${candidate}:prompt.txt`);
  expect(prompt).toContain('```text\ndie\n```');
  expect(prompt).not.toContain('use tabs');
});

test.concurrent('a quiet worker is asked whether it is there, and hears the request to end', async () => {
  const { project, session, does } = await withClaude({ LOOPYARD_STALL_MINUTES: '0.1' });
  await does('listens');
  const loop = await opened(session, { checks, backend: 'claude' });
  const { tree = '', worker = '' } = await until(session, loop, (now) => !!now.worker?.includes('working'));
  const heard = () => readable(path.join(tree.replace('worktree ', ''), 'heard.txt'));
  await eventually(() => heard()?.includes('no sign of life') ?? false);

  const stop = { worker: worker.split(' ')[0], reason: 'enough', grace_s: 30 };
  const { stopped } = await session.call('shutdown', stop);

  expect(stopped).toMatchObject([{ loop, worker: stop.worker, state: 'ended' }]);
  const held = await until(session, loop, (now) => now.candidate !== undefined);
  const told = await project.git('show', `${held.candidate}:heard.txt`);
  expect(told.match(/no sign of life of you for 1 min/g)).toHaveLength(1);
  expect(told).toMatch(/# Please stop\n\nRequest stop-/);
});
