import { describe, expect, test } from 'vitest';
import { type Quiet, quietSince, rungDue, rungMs, type Signs } from '../../../src/domain/worker/stall.ts';

const minute = 60_000;
const now = 100 * minute;
const period = 5 * minute;
const signs = (rest: Partial<Signs> = {}): Signs => ({ startedAt: 0, watchedSince: 0, ...rest });

describe('a worker is quiet since', () => {
  test.each<[string, Signs, number]>([
    ['its start, when it said nothing', signs({ startedAt: 7 }), 7],
    ['its last word', signs({ heardAt: 90 * minute }), 90 * minute],
    ['its last use of a processor', signs({ heardAt: 1, busyAt: 95 * minute }), 95 * minute],
    ['the last change of a file', signs({ heardAt: 1, changedAt: 96 * minute }), 96 * minute],
    ['a whole millisecond', signs({ changedAt: 96 * minute + 0.7 }), 96 * minute],
    ['we began to look, at the earliest', signs({ heardAt: 1, watchedSince: 99 * minute }), 99 * minute],
    ['now, while a command it started runs', signs({ heardAt: 1, toolSince: 95 * minute }), now],
    ['two periods after it started a command', signs({ heardAt: 1, toolSince: 80 * minute }), 90 * minute],
    ['now at the latest, whatever a clock says', signs({ changedAt: 500 * minute }), now],
  ])('%s', (_title, seen, since) => expect(quietSince(seen, now, period)).toBe(since));
});

describe('the ladder', () => {
  const at = (minutes: number) => now - minutes * minute;
  const was = (level: Quiet['level'], since: number, then: number): Quiet => ({
    level,
    since: at(since),
    at: at(then),
  });

  test.each<[string, Quiet | undefined, number, string | undefined]>([
    ['says nothing before one period', undefined, 4.9, undefined],
    ['notes one period', undefined, 5, 'noted'],
    ['skips no rung, however late it looks', undefined, 60, 'noted'],
    ['does not note the same silence twice', was('noted', 6, 1), 6, undefined],
    ['warns after two', was('noted', 10, 5), 10, 'warned'],
    ['does not warn before', was('noted', 9.9, 5), 9.9, undefined],
    ['gives up after three', was('warned', 15, 5), 15, 'given_up'],
    ['has nothing left then', was('given_up', 30, 15), 30, undefined],
    ['begins again after a sign of life', was('warned', 60, 50), 5, 'noted'],
  ])('%s', (_title, quiet, since, rung) => {
    expect(rungDue(quiet, at(since), now, { everyMs: period, mayEnd: true })).toBe(rung);
  });

  test('is climbed within one period by a worker that has done nothing yet', () => {
    expect([rungMs(period, true), rungMs(period, false)]).toEqual([period, period / 3]);
  });

  test('stops at the warning for one that may be quiet by nature', () => {
    expect(rungDue(was('warned', 99, 5), at(99), now, { everyMs: period, mayEnd: false })).toBeUndefined();
  });
});
