import { expect, test } from 'vitest';
import type { ToolRuntime } from '../../src/tools/define.ts';
import { waitFor } from '../../src/tools/waiting.ts';
import { aScriptedRuntime } from '../support/scripted-runtime.ts';
import { aYard } from '../support/yard-builder.ts';

const call = { signal: new AbortController().signal, progress: () => undefined };

test('that no keeper can be started spoils neither the answer nor the wait, and ends no process', async () => {
  const { rt, machine } = aScriptedRuntime(aYard().withLoop().build());
  let tries = 0;
  const wakeKeeper = async () => {
    tries += 1;
    throw new Error('spawn EAGAIN');
  };
  const runtime = { ...rt, wakeKeeper } as ToolRuntime;
  const sleep = rt.clock.sleep;
  // The wait itself is over when it has looked for a keeper a few times.
  runtime.clock.sleep = async (ms, signal) => {
    while (ms > 1_000 && tries < 3) await sleep(5);
    return sleep(ms, signal);
  };
  const { value } = await waitFor(runtime, call, 10, () => undefined);
  expect(value).toBeUndefined();
  expect(tries).toBeGreaterThanOrEqual(3);
  expect(machine.logged.join()).toContain('EAGAIN');
});
