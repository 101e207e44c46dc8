import { expect, test } from 'vitest';
import { evidenceFile } from '../../../src/core/places.ts';
import type { Evidence } from '../../../src/core/verification/evidence.ts';
import { knownRuns, rememberRuns } from '../../../src/core/verification/known-runs.ts';
import { aScriptedRuntime } from '../../support/scripted-runtime.ts';
import { aRunEnd, aYard } from '../../support/yard-builder.ts';

function aMemory() {
  const { rt } = aScriptedRuntime(aYard().build());
  const judged = async (id: string, exitCode: number, flaky?: true) => {
    const check = { name: 'test', argv: ['test'], run: `${id}-1`, end: { ...aRunEnd, exitCode }, tail: '' };
    const evidence: Evidence = {
      id,
      kind: 'commit',
      commit: 'c',
      tree: 't',
      verdict: exitCode === 0 ? 'passed' : 'failed',
      isolation: 'evident',
      checks: [{ ...check, passed: exitCode === 0, ...(flaky ? { flaky } : {}) }],
      notRun: [],
      key: 'k',
      at: 1,
    };
    await rt.files.write(evidenceFile(rt, id), JSON.stringify(evidence));
    await rememberRuns(rt, evidence);
    return (await knownRuns(rt, 'k'))?.verification;
  };
  return { judged };
}

test('runs that ended the same are known by the last of them', async () => {
  const { judged } = aMemory();
  expect(await judged('a', 1)).toBe('a');
  expect(await judged('b', 1)).toBe('b');
});

test('who asks for fresh runs until one passes leaves nothing that is believed', async () => {
  const { judged } = aMemory();
  await judged('a', 1);
  expect(await judged('b', 0)).toBeUndefined();
  expect(await judged('c', 0)).toBeUndefined();
});

test('what was flaky once is run every time', async () => {
  const { judged } = aMemory();
  expect(await judged('a', 0, true)).toBeUndefined();
  expect(await judged('b', 0)).toBeUndefined();
});
