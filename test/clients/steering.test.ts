import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test, vi } from 'vitest';
import type { ScriptedTurn, Turn } from './model-server.ts';
import { aRealWorker, type Person } from './real-worker.ts';

const patience = { timeout: 150_000, interval: 300 };

test.concurrent('what is told to a loop reaches the model in the same iteration, once', async (context) => {
  const { worker, opens } = await aWaitingWorker(context, [
    shell('echo hello > greeting.txt'),
    { say: 'As you said.' },
  ]);

  expect(await worker.loopyard('steer', 'greeting', 'message', 'Say hello, not bye.')).toMatch(
    /^told to the running worker /,
  );
  await worker.shows(/1 told to the worker, not taken up yet/);
  opens();
  const shown = await worker.shows(/"state":\s*"landed"/);

  const { seen } = worker.model;
  const heads = /A message from the strategist of the loop greeting, sent while you work:/g;
  expect(seen[0]?.toldLater).toBe('');
  expect(seen[1]?.toldLater).toMatch(/sent while you work:\n\n```text\nSay hello, not bye.\n```/);
  expect(seen.at(-1)?.toldLater?.match(heads)).toHaveLength(1);
  expect(shown).toMatch(/"iteration":\s*"1\/10"/);
  expect(shown).not.toContain('"messages"');
});

test.concurrent('the request to end reaches the model, and its last words are heard', async (context) => {
  const { worker, opens } = await aWaitingWorker(context, [{ say: 'I end here.' }]);

  const stopped = worker.loopyard('stop', 'greeting', '--reason', 'enough', '--grace-s', '90');
  await worker.shows(/stopping/);
  opens();

  await stopped;
  expect(await worker.shows(/"state":\s*"cancelled"/)).toContain('I end here.');
  expect(worker.model.seen.at(-1)?.toldLater).toContain('# Please stop');
});

test.concurrent('one whose service is silent is asked, which keeps nobody from ending it as hanging', async (context) => {
  const worker = await aRealWorker(aPerson({ stall_minutes: 0.3 }), [[{ hang: true }]], context);
  await worker.start();
  await worker.shows(/ended with: hang/);

  const events = await worker.loopyard('status', 'greeting', '--cursor', '0', '--json');
  const asked = 'no sign of life for 1 min; it was asked whether it is there';
  const reasons = (events.match(/worker\.quiet [^"]*/g) ?? []).map((event) => event.replace(/^.*?: /, ''));
  // An echo that counted as a sign of life would begin a new spell each time, and nothing would ever come of it.
  expect(reasons.join('\n')).toContain(
    [asked, 'no sign of life for 1 min', 'no sign of life for 1 min'].join('\n'),
  );
});

const shell = (command: string): Turn => ({ call: 'Bash', with: { command, description: 'Work' } });

function aPerson(config: object = {}): Person {
  return {
    backend: 'claude',
    env: (modelUrl) => ({
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'sk-ant-scripted',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    }),
    home: () => ({ '.config/loopyard/config.json': JSON.stringify({ keeper_idle_seconds: 1, ...config }) }),
    project: () => ({}),
  };
}

/** A worker in the middle of its first command, which ends when the test lets it. */
async function aWaitingWorker(context: TestContext, rest: readonly ScriptedTurn[]) {
  const gate = { file: '' };
  const waits: ScriptedTurn = () => shell(`until [ -e '${gate.file}' ]; do sleep 0.2; done`);
  const worker = await aRealWorker(aPerson(), [[waits, ...rest]], context);
  gate.file = join(worker.project, '..', 'gate');
  await worker.start('--auto-merge');
  await vi.waitFor(() => expect(worker.model.seen).toHaveLength(1), patience);
  return { worker, opens: () => writeFileSync(gate.file, '') };
}
