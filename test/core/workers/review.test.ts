import { expect, test } from 'vitest';
import { startReview } from '../../../src/core/workers/review.ts';
import type { Backend } from '../../../src/ports/backend.ts';
import { aScriptedRuntime } from '../../support/scripted-runtime.ts';
import { aPlan, aYard, loopIn } from '../../support/yard-builder.ts';

test('a reviewer is a worker like any other: beyond the limit it waits', async () => {
  const yard = aYard()
    .withLoop({ state: 'verified', plan: { ...aPlan, review: true } })
    .withLoop({ id: 'other', state: 'working' })
    .build();
  const { rt } = aScriptedRuntime(yard);
  const command = rt.backends.get('command');
  const critic = { ...command, id: 'critic', probe: ['critic'], permissions: { read_only: 'looks' } };
  const reviewers = async (max_workers: number) => {
    const limited = {
      ...rt,
      config: { ...rt.config, max_workers },
      backends: new Map([...rt.backends, ['critic', critic as unknown as Backend]]),
      git: { ...rt.git, patch: async () => '' },
      processes: { ...rt.processes, which: async () => '/bin/critic' },
    };
    await startReview(limited, yard, loopIn(yard));
    return Object.values((await rt.store.read()).workers).filter(({ role }) => role === 'reviewer').length;
  };
  expect(await reviewers(1)).toBe(0);
  expect(await reviewers(2)).toBe(1);
});
