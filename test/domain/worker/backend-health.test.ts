import { describe, expect, test } from 'vitest';
import {
  applyToBackend,
  type BackendHealth,
  fitness,
  restAfter,
} from '../../../src/domain/worker/backend-health.ts';
import { noon } from '../../support/yard-builder.ts';

const minute = 60_000;
const failed = { type: 'backend.failed', backend: 'b', class: 'network', text: 'x' } as const;

function afterFailures(...minutes: readonly number[]): BackendHealth | undefined {
  return minutes.reduce<BackendHealth | undefined>(
    (health, at) => applyToBackend(health, failed, noon + at * minute),
    undefined,
  );
}

describe('a backend', () => {
  test.each<[string, readonly number[], number, boolean]>([
    ['its first failure', [], 0, false],
    ['its second', [0], 1, false],
    ['its third within ten minutes', [0, 1], 2, true],
    ['its third when the first is long ago', [0, 9], 11, false],
  ])('rests after %s: %s, then %i', (_title, before, now, rests) => {
    expect(restAfter(afterFailures(...before), 'network', noon + now * minute) !== undefined).toBe(rests);
  });

  test('rests at once when it is not logged in, because everybody would meet the same', () => {
    expect(restAfter(undefined, 'authentication', noon)).toBe(noon + 5 * minute);
  });

  test('rests twice as long after each trial that fails, up to an hour', () => {
    let health: BackendHealth | undefined = afterFailures(0, 0);
    let now = noon;
    const rests: number[] = [];
    for (let n = 0; n < 6; n++) {
      const until = restAfter(health, 'network', now) ?? 0;
      rests.push((until - now) / minute);
      health = applyToBackend(
        applyToBackend(health, failed, now),
        { type: 'backend.rested', backend: 'b', until, reason: 'x' },
        now,
      );
      now = until;
    }
    expect(rests).toEqual([5, 10, 20, 40, 60, 60]);
  });

  test('that rested is tried by one worker alone, and is well when it worked', () => {
    const health = applyToBackend(
      afterFailures(0),
      { type: 'backend.rested', backend: 'b', until: noon + minute, reason: 'tired' },
      noon,
    );
    expect(fitness(health, 0, noon)).toEqual({ is: 'later', until: noon + minute, why: 'tired' });
    expect(fitness(health, 0, noon + minute)).toEqual({ is: 'trial' });
    expect(fitness(health, 1, noon + minute)).toMatchObject({ is: 'later' });
    expect(
      fitness(applyToBackend(health, { type: 'backend.recovered', backend: 'b' }, noon), 5, noon),
    ).toEqual({ is: 'well' });
  });
});
