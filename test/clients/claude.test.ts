import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aLabYard } from './lab-yard.ts';
import type { Turn } from './model-server.ts';
import { goesOn } from './worker-suite.ts';

type Person = Readonly<Record<string, string | undefined>>;

test('the worker gets its prompt, edits its worktree and its context, runs commands, and nothing more', async () => {
  const yard = aLabYard();
  const outside = join(yard.root, 'outside.txt');
  const worked = await yard.work([
    {
      call: 'Write',
      with: { file_path: join(yard.worktree, 'check.mjs'), content: 'console.log(6 * 7);\n' },
    },
    { call: 'Write', with: { file_path: join(yard.context, 'notes.md'), content: 'learned\n' } },
    { call: 'Bash', with: { command: 'node check.mjs', description: 'Run the check' } },
    { call: 'Write', with: { file_path: outside, content: 'escaped\n' } },
    { say: 'All done.' },
  ]);

  expect(worked).toMatchObject({ exitCode: 0, stderr: '' });
  expect(worked.facts).toEqual([
    { type: 'session', id: worked.session },
    { type: 'tool', name: 'Write' },
    { type: 'tool', name: 'Write' },
    { type: 'tool', name: 'Bash' },
    { type: 'tool', name: 'Write' },
    { type: 'said', text: 'All done.' },
    { type: 'usage', usage: { inputTokens: 500, outputTokens: 50, costUsd: expect.any(Number) } },
    { type: 'denied', what: `Write ${outside}` },
    { type: 'finished', text: 'All done.' },
  ]);
  expect(readFileSync(join(yard.worktree, 'check.mjs'), 'utf8')).toBe('console.log(6 * 7);\n');
  expect(readFileSync(join(yard.context, 'notes.md'), 'utf8')).toBe('learned\n');
  expect(existsSync(outside)).toBe(false);
  expect(worked.seen[0]?.opening).toContain('Make the check pass.');
  expect(worked.seen.at(-1)?.results).toContain('42');
});

test('the server given to the worker is started and shown at once, those of the project are not started', async () => {
  const worked = await aLabYard().work([
    { call: 'mcp__loopyard__report', with: { text: 'half way' } },
    { say: 'Reported.' },
  ]);

  expect(worked.started).toEqual(['worker']);
  expect(worked.seen[0]?.tools).toContain('mcp__loopyard__report');
  expect(worked.seen.at(-1)?.results).toEqual(['worker heard: half way']);
  expect(worked.facts.at(-1)).toEqual({ type: 'finished', text: 'Reported.' });
});

test('rules of the project reach the worker, its hooks do not run', async () => {
  const yard = aLabYard();
  const worked = await yard.work([{ say: 'Read.' }]);

  expect(worked.seen[0]?.opening).toContain('House rule: tabs.');
  expect(existsSync(join(yard.worktree, 'hooked.txt'))).toBe(false);
});

test('the session ends with its first answer: no background task, timer or other worktree outlasts it', async () => {
  const yard = aLabYard();
  const worked = await yard.work([
    { call: 'ScheduleWakeup', with: { delaySeconds: 60, reason: 'later', prompt: 'go on' } },
    { call: 'Bash', with: { command: 'sleep 2; echo slept', description: 'Wait', run_in_background: true } },
    { call: 'EnterWorktree', with: { name: 'elsewhere' } },
    { say: 'That is all.' },
  ]);

  expect(worked.exitCode).toBe(0);
  expect(worked.facts.filter(({ type }) => type === 'finished')).toEqual([
    { type: 'finished', text: 'That is all.' },
  ]);
  expect(worked.seen[0]?.tools).not.toContain('ScheduleWakeup');
  expect(worked.seen.at(-1)?.results).toEqual([
    expect.stringContaining('ScheduleWakeup'),
    expect.stringContaining('run_in_background'),
    expect.stringContaining('EnterWorktree'),
  ]);
});

test('a worker whose model fails in the middle of its work goes on in the same session', (context) =>
  goesOn(
    {
      backend: 'claude',
      env: (url) => ({
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'sk-ant-scripted',
        CLAUDE_CODE_MAX_RETRIES: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
      }),
      project: () => ({}),
    },
    (word) => ({
      call: 'Bash',
      with: { command: `echo ${word} > greeting.txt`, description: 'Write the greeting' },
    }),
    context,
  ));

const faults: readonly { name: string; turn: Turn; person?: Person; expected: string }[] = [
  {
    name: 'a key that is not accepted',
    turn: { fail: 401, type: 'authentication_error', message: 'invalid x-api-key' },
    expected: 'authentication',
  },
  {
    name: 'a login that is missing',
    turn: { say: 'never asked' },
    person: { ANTHROPIC_API_KEY: undefined },
    expected: 'authentication',
  },
  {
    name: 'a model that does not exist',
    turn: { fail: 404, type: 'not_found_error', message: 'model: none' },
    expected: 'model_unknown',
  },
  {
    name: 'too many requests',
    turn: { fail: 429, type: 'rate_limit_error', message: 'Slow down.' },
    expected: 'rate_limit',
  },
  {
    name: 'an empty account',
    turn: { fail: 400, type: 'invalid_request_error', message: 'Your credit balance is too low.' },
    expected: 'quota',
  },
  {
    name: 'an overloaded model',
    turn: { fail: 529, type: 'overloaded_error', message: 'Overloaded' },
    expected: 'overloaded',
  },
  {
    name: 'a conversation that has grown too long',
    turn: {
      fail: 400,
      type: 'invalid_request_error',
      message: 'prompt is too long: 215000 tokens > 200000 maximum',
    },
    expected: 'context_too_long',
  },
  {
    name: 'an address where nobody listens',
    turn: { say: 'never reached' },
    person: { ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' },
    expected: 'network',
  },
];

test.each(faults)('$name is told as $expected', async ({ turn, person, expected }) => {
  const worked = await aLabYard().work([turn], person);

  expect(worked.exitCode).toBe(1);
  expect(worked.facts.at(-1)).toMatchObject({ type: 'fatal', class: expected });
  expect(worked.facts.some(({ type }) => type === 'finished' || type === 'said')).toBe(false);
});

test('a subscription at its limit is told as quota, with the time it ends', async () => {
  const soon = Math.floor(Date.now() / 1000) + 7_200;
  const headers = {
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': String(soon),
    'anthropic-ratelimit-unified-representative-claim': 'five_hour',
  };
  const subscriber = { ANTHROPIC_API_KEY: undefined, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-scripted' };
  const worked = await aLabYard().work(
    [{ fail: 429, type: 'rate_limit_error', message: 'Limit', headers }],
    subscriber,
  );

  expect(worked.facts).toContainEqual(
    expect.objectContaining({ type: 'fatal', class: 'quota', resetAt: soon * 1000 }),
  );
  expect(worked.facts.at(-1)).toMatchObject({ type: 'fatal', class: 'quota' });
});
