import { expect, test } from 'vitest';
import * as z from 'zod';
import { type Extra, extraOf } from '../../../src/edges/cli/extra.ts';
import { type Circumstances, type } from './typed.ts';

const seen = (...pairs: readonly string[]) => expect.objectContaining({ seen: pairs });
const defaults = ['topic="loops"', 'limit=10', 'labels=[]', 'details=true'] as const;

test.each<[string, unknown]>([
  ['look', seen(...defaults)],
  ['look workers', seen('topic="workers"', ...defaults.slice(1))],
  ['look --limit 3', seen(defaults[0], 'limit=3', ...defaults.slice(2))],
  ['look --limit=3', seen(defaults[0], 'limit=3', ...defaults.slice(2))],
  ['look --label a --label b', seen(...defaults.slice(0, 2), 'labels=["a","b"]', defaults[3])],
  ['look --no-details', seen(...defaults.slice(0, 3), 'details=false')],
  ['look --details', seen(...defaults)],
  ['look --since -5', seen(...defaults, 'since=-5')],
  ['acts now green a.ts b.ts', expect.objectContaining({ goal: 'green', verdict: 'good' })],
  [
    'acts now green --check {"name":"t","command":"npm"}',
    expect.objectContaining({ checks: [{ name: 't', command: 'npm' }] }),
  ],
  ['-C /repo/below look', expect.objectContaining({ workspace: '/repo/below' })],
  ['look --workspace below', expect.objectContaining({ workspace: '/repo/below' })],
  ['look', expect.objectContaining({ workspace: '/repo', client: 'cli', by: 'person' })],
])('loopyard %s --json answers what the tool answers', async (line, expected) => {
  const { code, stdout, stderr } = await type([...line.split(' '), '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual(expected);
});

test.each<[string, number, string]>([
  ['lok', 2, "Unknown command 'lok'. Did you mean look?"],
  ['help lok', 2, "Unknown command 'lok'. Did you mean look?"],
  ['look --limits 3', 2, "Unknown option '--limits'. Did you mean --limit?"],
  ['look --limit', 2, "Option '--limit <n>' argument missing."],
  ['look --limit three', 2, '--limit takes a whole number, not "three".'],
  ['look --limit 1.5', 2, '--limit takes a whole number, not "1.5".'],
  ['look --limit 99', 2, '"limit": it takes at most 50.'],
  ['look worker', 2, 'topic takes one of loops, workers, not "worker". Did you mean workers?'],
  ['look loops more', 2, "Too many arguments for 'look'. Expected 1 argument but got 2."],
  ['acts now', 2, "Missing required argument 'goal'."],
  [
    'acts now x --outcome god',
    2,
    '--outcome takes one of good, no, held, disk, bug, huge, crowd, hostile, not "god". Did you mean good?',
  ],
  ['acts now x --check nope', 2, '--check takes JSON, and "nope" is none.'],
  ['acts now x --outcome held', 3, 'It is held by another.'],
  ['acts now x --outcome disk', 4, 'The disk is full.'],
  ['acts now x --outcome bug', 70, 'loopyard failed in a way it did not foresee.'],
  ['-C /elsewhere look', 2, '"/elsewhere" is in no git repository.'],
])('loopyard %s ends with %i and says why', async (line, expected, sentence) => {
  const plain = await type(line.split(' '));
  expect(plain).toMatchObject({ code: expected, stdout: '' });
  expect(plain.stderr.split('\n')[0]).toBe(`loopyard: ${sentence}`);

  const json = await type([...line.split(' '), '--json']);
  expect(json).toMatchObject({ code: expected, stderr: '' });
  expect(JSON.parse(json.stdout)).toMatchObject({
    message: sentence,
    error: expect.any(String),
    hint: expect.any(String),
  });
});

test('a line that is not understood opens no repository', async () => {
  let opened = 0;
  const open = async () => {
    opened += 1;
    throw new Error('not now');
  };
  for (const line of ['lok', 'look --limits 3', 'look --limit x', 'look --help', '', 'acts']) {
    await type(line === '' ? [] : line.split(' '), { front: { open } });
  }
  expect(opened).toBe(0);
});

test('an answer that is no ends with 1, and is an answer', async () => {
  expect(await type(['acts', 'now', 'x', '--outcome', 'no'])).toMatchObject({
    code: 1,
    stdout: 'x: no\n',
    stderr: '',
  });
});

test('a failure nobody foresaw keeps its details for the log', async () => {
  const { stderr, logged } = await type(['acts', 'now', 'x', '--outcome', 'bug']);
  expect(stderr).not.toContain('secret');
  expect(logged.join()).toMatch(/error The command acts now failed.*secret detail/);
});

test('LOOPYARD_WORKSPACE stands in for the flag, and the flag wins', async () => {
  const front = { env: { LOOPYARD_WORKSPACE: '/repo/variable', CLAUDE_PROJECT_DIR: '/repo/claude' } };
  expect(JSON.parse((await type(['look', '--json'], { front })).stdout)).toMatchObject({
    workspace: '/repo/variable',
  });
  const both = await type(['look', '--json', '-C', '/repo/flag'], { front });
  expect(JSON.parse(both.stdout)).toMatchObject({ workspace: '/repo/flag' });
});

test('loopyard alone shows what there is', async () => {
  const { code, stdout } = await type([], { extras: [extra([])] });
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "loopyard 1.2.3 runs and coordinates autonomous coding loops in a repository.

      look      Use this to see how things stand
      acts now  Use this to do something that cannot be undone
      linger    Use this to wait
      logs      Follow the log of the keeper

    loopyard <command> --help says more, with examples.
    "
  `);
});

test('help is grouped by what a command does', async () => {
  const { code, stdout } = await type(['--help'], { extras: [extra([])] });
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Usage: loopyard [options] [command]

    Runs and coordinates autonomous coding loops in this repository.

    Options:
      -V, --version           print the version
      --json                  answer as JSON, errors too
      -C, --workspace <path>  the checkout to act on (default: this directory)
      --set <key=value>       a setting for this command and the keeper it starts; repeatable
      -h, --help              print this

    Look (changes nothing):
      look                    Use this to see how things stand

    End or remove:
      acts                    now

    Act:
      linger                  Use this to wait

    Run:
      logs                    Follow the log of the keeper
      help                    Print the help of a command

    Exit codes: 0 fine, 1 the answer is no, 2 wrong input, 3 conflict, 4 environment, 5 could not be judged, 70 internal, 128+n signal n.
    "
  `);
});

test('the help of a command names its flags, an example and the exit codes', async () => {
  const { code, stdout } = await type(['look', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Usage: loopyard look [options] [topic]

    Use this to see how things stand. Changes nothing.

    Arguments:
      topic                   What to look at. (one of loops, workers; default: loops)

    Options:
      --limit <n>             At most so many. (default: 10)
      --label <text>          Only those with one of these labels. (repeatable)
      --no-details            not: With everything known about each.
      --since <n>             Cursor of the last answer.
      -h, --help              print this

    Global Options:
      -V, --version           print the version
      --json                  answer as JSON, errors too
      -C, --workspace <path>  the checkout to act on (default: this directory)
      --set <key=value>       a setting for this command and the keeper it starts; repeatable

    Examples:
      loopyard look workers --limit 3

    Exit codes: 0 fine, 1 the answer is no, 2 wrong input, 3 conflict, 4 environment, 5 could not be judged, 70 internal, 128+n signal n.
    "
  `);
});

test('the version is printed', async () => {
  expect(await type(['--version'])).toMatchObject({ code: 0, stdout: '1.2.3\n' });
});

test('a command that needs another word shows its help and ends with 2', async () => {
  const { code, stderr } = await type(['acts']);
  expect(code).toBe(2);
  expect(stderr).toContain('now');
});

test('help that was asked for is printed and is fine, however it was asked for', async () => {
  for (const line of [['help'], ['help', 'look'], ['look', '--help']])
    expect(await type(line), line.join(' ')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: loopyard/),
      stderr: '',
    });
});

function extra(calls: unknown[]): Extra {
  const face = {
    description: 'Follow the log of the keeper: all of it.',
    input: z.strictObject({
      id: z.string().optional().describe('whose'),
      follow: z.boolean().default(false).describe('go on').meta({ short: 'f' }),
      colour: z.boolean().default(true).describe('with colours'),
    }),
    cli: { path: 'logs', positional: ['id'], examples: ['logs -f'], note: 'See also look.' },
  };
  return extraOf(face, async (line) => {
    calls.push(line);
    return 7;
  });
}

test('a command that is no tool is typed as a tool is', async () => {
  const calls: unknown[] = [];
  const extras = [extra(calls)];
  expect((await type(['logs', '-f', '-C', 'x', '--', '-h'], { extras })).code).toBe(7);
  expect((await type(['-C', '/repo/a', 'logs', 'one', '--no-colour', '--json'], { extras })).code).toBe(7);
  expect(calls).toEqual([
    { id: '-h', follow: true, colour: true, workspace: 'x', json: false },
    { id: 'one', follow: false, colour: false, workspace: '/repo/a', json: true },
  ]);
  expect(await type(['log'], { extras })).toMatchObject({ code: 2, stderr: expect.stringContaining('logs') });
  expect(await type(['logs', '--folow'], { extras })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Unknown option '--folow'. Did you mean --follow?"),
  });
});

test('the help of a command that is no tool is made like that of one', async () => {
  const { code, stdout } = await type(['logs', '--help'], { extras: [extra([])] });
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Usage: loopyard logs [options] [id]

    Follow the log of the keeper: all of it. See also look.

    Arguments:
      id                      whose

    Options:
      -f, --follow            go on
      --no-colour             not: with colours
      -h, --help              print this

    Global Options:
      -V, --version           print the version
      --json                  answer as JSON, errors too
      -C, --workspace <path>  the checkout to act on (default: this directory)
      --set <key=value>       a setting for this command and the keeper it starts; repeatable

    Examples:
      loopyard logs -f

    Exit codes: 0 fine, 1 the answer is no, 2 wrong input, 3 conflict, 4 environment, 5 could not be judged, 70 internal, 128+n signal n.
    "
  `);
});

test.each<[string, Circumstances, number]>([
  ['SIGINT', {}, 130],
  ['SIGTERM', {}, 143],
])('%s reaches the tool and decides the exit code', async (reason, circumstances, expected) => {
  const interruption = new AbortController();
  const { code, logged, stdout } = await type(['linger', '--steps', '400'], {
    ...circumstances,
    tty: true,
    signal: interruption.signal,
    heard: (stderr) => stderr.includes('step 3') && interruption.abort(reason),
  });
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(logged).toContain('info asked to stop');
});

test('a tool that does not listen is left after a moment', async () => {
  const from = performance.now();
  const { code } = await type(['linger', '--deaf', '--steps', '600'], { signal: AbortSignal.timeout(20) });
  expect(code).toBe(130);
  expect(performance.now() - from).toBeLessThan(2_500);
});

test('progress is one line on a terminal, gone before the answer, and nothing in a pipe', async () => {
  const watched = await type(['linger', '--steps', '3'], { tty: true });
  expect(watched.stderr).toBe(['step 1', 'step 2', 'step 3'].map((step) => `${step}\r      \r`).join(''));
  expect(watched.stdout).toBe('by itself\n');
  expect(await type(['linger', '--steps', '3'])).toMatchObject({ stderr: '', stdout: 'by itself\n' });
});
