import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lookAtKeepers } from '../src/front.ts';
import type { ToolRuntime } from '../src/tools/define.ts';
import { aScriptedRuntime } from './support/scripted-runtime.ts';
import { aYard } from './support/yard-builder.ts';

function aFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'loopyard-front-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A yard with work in it. */
function working() {
  const { rt } = aScriptedRuntime(aYard().withLoop().build());
  const woken: number[] = [];
  return { rt: { ...rt, wakeKeeper: async () => void woken.push(1) } as ToolRuntime, woken };
}

test('a yard that cannot be read does not keep the others from getting a keeper', async () => {
  const bad = working();
  await bad.rt.store.close();
  const good = working();
  const opened = new Map([
    [aFolder(), Promise.resolve(bad.rt)],
    [aFolder(), Promise.resolve(good.rt)],
  ]);
  await lookAtKeepers(opened);
  expect(good.woken).toEqual([1]);
});

test('a yard whose repository is gone is forgotten', async () => {
  const { rt, woken } = working();
  const opened = new Map([[path.join(aFolder(), 'gone', '.git'), Promise.resolve(rt)]]);
  await lookAtKeepers(opened);
  expect([opened.size, woken.length]).toEqual([0, 0]);
});
