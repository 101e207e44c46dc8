import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod';
import { personEnv, run } from './claude-code.ts';
import { type ScriptedTurn, startModelServer, type Turn } from './model-server.ts';

const loopyard = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

const check = `import { readFileSync } from 'node:fs';
const text = readFileSync('greeting.txt', 'utf8').trim();
if (text !== 'hello') throw new Error('The greeting is wrong: ' + text);
`;

test('Claude Code opens a loop, Claude Code works in it until the check passes, and it lands', async () => {
  const { project, home } = aProject();
  const model = await startModelServer([
    { opening: /Have the greeting written/, conversations: [[opensLoop(), looksUntilItEnds]] },
    {
      opening: /You are the worker of iteration/,
      conversations: [
        [loadsContext, writes('bye'), { say: 'Written.' }],
        [loadsContext, writes('hello'), { say: 'Corrected.' }],
      ],
    },
  ]);
  onTestFinished(() => model.close());
  const env = personEnv(home, model.url);
  const git = committed(project, env);
  onTestFinished(() => keeperLeaves(project, env));

  const strategist = await run(
    ['claude', '-p', '--output-format', 'stream-json', '--verbose', '--allowedTools', 'mcp__loopyard'],
    { cwd: project, env, stdin: 'Have the greeting written.' },
  );

  expect(strategist).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('The loop is landed.') });
  expect(git('show', 'main:greeting.txt')).toBe('hello\n');
  const workers = model.seen.filter(({ opening }) => opening.includes('You are the worker of iteration'));
  expect(workers[0]?.opening).toContain('iteration 1');
  expect(workers.at(-1)?.opening).toContain('The greeting is wrong: bye');
  expect(workers.at(-1)?.results[0]).toContain('greeting.txt says hello');
});

function aProject(): { project: string; home: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'loopyard-lab-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const [home, project] = [join(root, 'home'), join(root, 'project')];
  const configuration = join(home, '.config', 'loopyard');
  for (const folder of [project, configuration]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(configuration, 'config.json'), JSON.stringify({ keeper_idle_seconds: 1 }));
  writeFileSync(join(home, '.gitconfig'), '[user]\nname = Ada\nemail = ada@example.invalid\n');
  const server = { command: process.execPath, args: [loopyard, 'mcp'] };
  writeFileSync(join(project, '.mcp.json'), JSON.stringify({ mcpServers: { loopyard: server } }));
  writeFileSync(join(project, 'check.mjs'), check);
  writeFileSync(join(project, 'greeting.txt'), '');
  return { project, home };
}

function committed(project: string, env: Readonly<Record<string, string>>) {
  const git = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: project, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'start');
  return git;
}

/** Also after a failure nothing of ours may go on working in a folder that is about to be removed. */
async function keeperLeaves(project: string, env: Readonly<Record<string, string>>): Promise<void> {
  const cli = (...args: readonly string[]) =>
    run([process.execPath, loopyard, ...args], { cwd: project, env, stdin: '' });
  await cli('stop', '--all', '--now');
  await vi.waitFor(async () => expect((await cli('keeper')).stdout).toContain('No keeper is at work'), {
    timeout: 30_000,
    interval: 500,
  });
}

function opensLoop(): Turn {
  const checks = ['node check.mjs'];
  const plan = {
    id: 'greeting',
    goal: 'greeting.txt says hello',
    checks,
    backend: 'claude',
    auto_merge: true,
  };
  return { call: 'mcp__loopyard__start_loop', with: plan };
}

const Answer = z.looseObject({
  cursor: z.number(),
  loops: z.array(z.looseObject({ state: z.string(), hold: z.string().optional() })).optional(),
});

function looksUntilItEnds(lastResult: string): Turn {
  const { cursor, loops } = Answer.parse(JSON.parse(lastResult));
  const loop = loops?.[0];
  if (loop?.hold) return { say: `The loop is held: ${loop.hold}` };
  if (loop?.state === 'landed') return { say: 'The loop is landed.' };
  return { call: 'mcp__loopyard__status', with: { loop: 'greeting', cursor, wait_s: 20 } };
}

const loadsContext: ScriptedTurn = { call: 'mcp__loopyard__load_context', with: {} };

function writes(word: string): ScriptedTurn {
  return {
    call: 'Bash',
    with: { command: `echo ${word} > greeting.txt`, description: 'Write the greeting' },
  };
}
