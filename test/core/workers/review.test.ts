import { expect, test } from 'vitest';
import { startReview } from '../../../src/core/workers/review.ts';
import type { Backend } from '../../../src/ports/backend.ts';
import { viewLoop } from '../../../src/tools/views.ts';
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

test('a reviewer counts against the budget of the day, and what it will probably use is reserved', async () => {
  const yard = aYard()
    .withLoop({
      state: 'verified',
      plan: { ...aPlan, review: true, limits: { ...aPlan.limits, costUsd: 10 } },
    })
    .withLoop({ id: 'other', state: 'working' })
    .record({ type: 'loop.nothing_changed', id: 'other', reason: 'x', usage: { costUsd: 5 } })
    .build();
  const { rt } = aScriptedRuntime(yard);
  const command = rt.backends.get('command');
  const critic = { ...command, id: 'critic', probe: ['critic'], permissions: { read_only: 'looks' } };
  const within = (max_usd_a_day: number) => ({
    ...rt,
    config: { ...rt.config, max_usd_a_day },
    backends: new Map([...rt.backends, ['critic', critic as unknown as Backend]]),
    git: { ...rt.git, patch: async () => '' },
    processes: { ...rt.processes, which: async () => '/bin/critic' },
  });
  const reviewers = async () =>
    Object.values((await rt.store.read()).workers).filter(({ role }) => role === 'reviewer');

  await startReview(within(5), yard, loopIn(yard));
  expect(await reviewers()).toEqual([]);
  const { doing } = await viewLoop(within(5), yard, loopIn(yard));
  expect(doing).toMatch(/^its reviewer waits: of 5 US dollars a day 5\.00 are spent.*a new day begins at /);

  await startReview(within(7), yard, loopIn(yard));
  expect(await reviewers()).toMatchObject([{ reserved: { costUsd: 1 } }]);
});
