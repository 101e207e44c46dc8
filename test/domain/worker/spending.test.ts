import { describe, expect, test } from 'vitest';
import { type DayLimits, overDay, reservation, spend } from '../../../src/domain/worker/spending.ts';
import { aYard, noon } from '../../support/yard-builder.ts';

const day = 86_400_000;

test('what was spent adds up, by day and for ever, and unknown stays unknown', () => {
  const first = spend(undefined, { inputTokens: 5 }, noon);
  expect(spend(undefined, {}, noon)).toBeUndefined();
  expect(spend(first, { inputTokens: 1, costUsd: 0.5 }, noon)).toMatchObject({
    today: { inputTokens: 6, costUsd: 0.5 },
    ever: { inputTokens: 6, costUsd: 0.5 },
  });
  const tomorrow = spend(first, { outputTokens: 2 }, noon + day);
  expect(tomorrow).toMatchObject({ today: { outputTokens: 2 }, ever: { inputTokens: 5, outputTokens: 2 } });
  expect(tomorrow?.today).not.toHaveProperty('inputTokens');
});

describe('what is reserved for a worker', () => {
  const limits = { iterations: 10, iterationMinutes: 1, loopMinutes: 1, infrastructureFailures: 1 };
  const spent = (iterations: number, usage: object) => ({ iterations, infrastructureFailures: 0, usage });

  test.each([
    ['nothing, where nothing is known', spent(2, {}), limits, {}],
    [
      'the average so far',
      spent(2, { inputTokens: 30, outputTokens: 3, costUsd: 1 }),
      limits,
      { inputTokens: 17, costUsd: 0.5 },
    ],
    [
      'its share of the limit before the first',
      spent(0, {}),
      { ...limits, costUsd: 5, tokens: 100 },
      { inputTokens: 10, costUsd: 0.5 },
    ],
  ])('is %s', (_title, used, allowed, reserved) => {
    expect(reservation({ spent: used, limits: allowed })).toEqual(reserved);
  });
});

describe('the limit of a day', () => {
  /** A yard that spent so much today, with a worker for whom so much is reserved. */
  const yardWith = (spentUsd: number, reservedUsd: number) =>
    aYard()
      .withLoop({ id: 'a', state: 'working' })
      .withLoop({ id: 'b' })
      .record(
        { type: 'loop.nothing_changed', id: 'a', reason: 'x', usage: { costUsd: spentUsd } },
        {
          type: 'worker.starting',
          worker: { id: 'w', loop: 'b', iteration: 1, backend: 'codex', reserved: { costUsd: reservedUsd } },
        },
      )
      .build();
  const limits: DayLimits = { costUsd: 10 };

  test.each<[string, number, number, number, string | undefined]>([
    ['lets a worker start while there is room', 2, 3, 4, undefined],
    [
      'counts what is reserved: not all pass the gate before one has spent',
      2,
      5,
      4,
      'of 10 US dollars a day 2.00 are spent and 5.00 reserved; a new day begins at 2023-11-15 00:00 UTC',
    ],
    ['lets what is left be used when nothing is reserved', 9, 0, 4, undefined],
    [
      'ends at the limit',
      10,
      0,
      0,
      'of 10 US dollars a day 10.00 are spent and 0.00 reserved; a new day begins at 2023-11-15 00:00 UTC',
    ],
  ])('%s', (_title, spentUsd, reservedUsd, wish, sentence) => {
    expect(overDay(yardWith(spentUsd, reservedUsd), limits, { costUsd: wish }, noon)).toBe(sentence);
  });

  test('is new on the next day, and of nobody who tells nothing', () => {
    expect(overDay(yardWith(10, 0), limits, {}, noon + day)).toBeUndefined();
    expect(overDay(aYard().build(), limits, {}, noon)).toBeUndefined();
  });
});
