import { describe, expect, test } from 'vitest';
import { charge, defaultLimits, exhausted, Limits, nothingSpent } from '../../../src/domain/worker/budget.ts';
import { addUsage } from '../../../src/domain/worker/run.ts';

const limits: Limits = {
  iterations: 3,
  iterationMinutes: 5,
  loopMinutes: 60,
  infrastructureFailures: 2,
  tokens: 100,
  costUsd: 1.5,
};
const hour = 3_600_000;

describe('a budget', () => {
  test.each([
    ['nothing spent', nothingSpent, 0, undefined],
    ['one iteration left', { ...nothingSpent, iterations: 2 }, 0, undefined],
    ['the last iteration', { ...nothingSpent, iterations: 3 }, 0, /all 3 iterations/],
    ['one millisecond left', nothingSpent, hour - 1, undefined],
    ['the last millisecond', nothingSpent, hour, /60 minutes/],
    ['failures left', { ...nothingSpent, infrastructureFailures: 1 }, 0, undefined],
    ['the last failure', { ...nothingSpent, infrastructureFailures: 2 }, 0, /2 failures in a row/],
    ['a token left', { ...nothingSpent, usage: { inputTokens: 60, outputTokens: 39 } }, 0, undefined],
    ['the last token', { ...nothingSpent, usage: { inputTokens: 60, outputTokens: 40 } }, 0, /100 tokens/],
    ['a cent left', { ...nothingSpent, usage: { costUsd: 1.49 } }, 0, undefined],
    ['the last cent', { ...nothingSpent, usage: { costUsd: 1.5 } }, 0, /1.5 US dollars/],
  ] as const)('with %s: %#', (_title, spent, elapsed, reason) => {
    const answer = exhausted(limits, spent, 1_000, 1_000 + elapsed);
    if (reason) expect(answer).toMatch(reason);
    else expect(answer).toBeUndefined();
  });

  test('without a limit on tokens or money no amount of them is too much', () =>
    expect(
      exhausted(defaultLimits, { ...nothingSpent, usage: { inputTokens: 1e12, costUsd: 1e6 } }, 0, 0),
    ).toBeUndefined());

  test.each(['iterations', 'iterationMinutes', 'loopMinutes', 'infrastructureFailures'] as const)(
    'cannot be without an end: %s',
    (key) => {
      for (const value of [0, -1, Number.POSITIVE_INFINITY, Number.NaN, undefined, 1e9])
        expect(Limits.safeParse({ ...defaultLimits, [key]: value }).success).toBe(false);
    },
  );

  test('charges what was reported; what nobody reported stays unknown', () => {
    expect(addUsage({}, {})).toEqual({});
    expect(addUsage({ inputTokens: 1 }, { outputTokens: 2 })).toEqual({ inputTokens: 1, outputTokens: 2 });
    expect(addUsage({ costUsd: 0 }, { costUsd: 0.5 })).toEqual({ costUsd: 0.5 });
    expect(charge({ ...nothingSpent, iterations: 2 }, { inputTokens: 5 })).toEqual({
      iterations: 2,
      infrastructureFailures: 0,
      usage: { inputTokens: 5 },
    });
  });
});
