import { describe, expect, test } from 'vitest';
import {
  type Bounds,
  evenSince,
  fateOf,
  type KeptRef,
  neededBy,
  noticeMs,
  retentionRules,
  type Stocked,
  whatMayGo,
} from '../../src/domain/retention.ts';
import { projectRuleOf } from '../../src/domain/settings/settings.ts';
import { aPlan, aRunEnd, aYard } from '../support/yard-builder.ts';

const day = 86_400_000;
const now = 1_000 * day;
const item = (name: string, days: number, more: Partial<Stocked> = {}): Stocked => ({
  kind: 'runs',
  name,
  bytes: 100,
  at: now - days * day,
  ...more,
});
const bounds: Bounds = { outputMs: 30 * day, historyMs: 365 * day, bytes: 1e9 };
const going = (
  stock: readonly Stocked[],
  more: Partial<Bounds> = {},
  isNeeded: (one: Stocked) => boolean = () => false,
) => whatMayGo(stock, { ...bounds, ...more }, isNeeded, now).map(({ name, by }) => [name, by]);

describe('what may go', () => {
  test.each<[string, Stocked, readonly (readonly string[])[]]>([
    ['young output stays', item('a', 29), []],
    ['old output goes', item('a', 30), [['a', 'keep_days']]],
    ['old evidence goes', item('a', 31, { kind: 'evidence' }), [['a', 'keep_days']]],
    ['a record of that age stays', item('a', 31, { kind: 'records' }), []],
    ['an old record goes', item('a', 365, { kind: 'records' }), [['a', 'keep_history_days']]],
    ['an old part of the journal goes', item('a', 365, { kind: 'journal' }), [['a', 'keep_history_days']]],
    ['what seems to come from the future stays', item('a', -1), []],
  ])('%s', (_, one, expected) => expect(going([one], { outputMs: 30 * day })).toEqual(expected));

  test('is the oldest first when everything together is too large, and no more than that', () => {
    const stock = [
      item('young', 1),
      item('old', 3),
      item('middle', 2),
      item('record', 4, { kind: 'records' }),
    ];
    expect(going(stock, { bytes: 250 })).toEqual([
      ['old', 'keep_gb'],
      ['middle', 'keep_gb'],
    ]);
  });

  test('counts what goes by age before anything goes by size', () => {
    expect(going([item('a', 1), item('b', 40)], { bytes: 100 })).toEqual([['b', 'keep_days']]);
  });

  test('is nothing that is needed, however old it is and however little there may be', () => {
    const stock = [item('needed', 400), item('free', 1)];
    expect(going(stock, { bytes: 0 }, ({ name }) => name === 'needed')).toEqual([['free', 'keep_gb']]);
  });
});

test('no repository says how long its users keep what they have', () => {
  const settings = retentionRules.filter((rule) => rule !== 'prune');
  for (const name of [...settings, 'archive_after_minutes'] as const)
    expect(projectRuleOf(name), name).toEqual({ rule: undefined, trust: false });
});

describe('a clock', () => {
  test.each<[string, { at: number; evenSince?: number } | undefined, number]>([
    ['nobody looked at', undefined, now],
    ['that goes on', { at: now - day, evenSince: now - 9 * day }, now - 9 * day],
    ['that an earlier loopyard looked at', { at: now - day }, now - day],
    ['that has leapt ahead', { at: now - 8 * day, evenSince: now - 9 * day }, now],
    ['that was set back', { at: now + 1, evenSince: now - 9 * day }, now],
  ])('%s', (_, before, expected) => expect(evenSince(before, now)).toBe(expected));
});

describe('what a yard needs', () => {
  const { checks } = aPlan;
  const results = [{ name: 'npm test', run: 'verification-first-1', end: aRunEnd }];
  const yard = aYard()
    .withLoop({ state: 'verifying', hold: { kind: 'paused', reason: 'x' } })
    .record(
      {
        type: 'verification.requested',
        verification: {
          id: 'verification-second',
          kind: 'commit',
          commit: 'c',
          baseline: 'verification-base',
          checks,
          failFast: true,
        },
      },
      { type: 'verification.started', id: 'verification-second' },
      {
        type: 'verification.passed',
        id: 'verification-second',
        results,
        isolation: 'evident',
        reused: 'verification-first',
      },
    )
    .build();
  const isNeeded = neededBy(yard, new Set(['rescued']), now);

  test.each<[Stocked['kind'], string, boolean]>([
    ['runs', 'l-w', true],
    ['runs', 'l-v-1', true],
    ['runs', 'l-v-1-again', true],
    ['runs', 'l-b-setup-1', true],
    ['runs', 'verification-second-1', true],
    ['runs', 'verification-first-1', true],
    ['runs', 'verification-secondary-1', false],
    ['runs', 'worker-gone', false],
    ['evidence', 'l-v', true],
    ['evidence', 'l-b', true],
    ['evidence', 'verification-base', true],
    ['evidence', 'verification-first', true],
    ['evidence', 'verification-gone', false],
    ['records', 'l', true],
    ['records', 'rescued', true],
    ['records', 'gone', false],
    ['journal', 'journal.1', false],
    ['known_runs', 'key', false],
  ])('%s %s: %s', (kind, name, expected) => expect(isNeeded(item(name, 400, { kind }))).toBe(expected));

  test('is every run of a preparation that may still go on', () => {
    expect(isNeeded(item('deps-x-1', 0))).toBe(true);
    expect(isNeeded(item('deps-x-1', 1))).toBe(false);
  });
});

describe('a ref of a loop that has left the lists', () => {
  const keepMs = 90 * day;
  const ref: KeptRef = { held: false, endedAt: now - 91 * day, namedAt: undefined };
  test.each<[string, Partial<KeptRef>, string]>([
    ['goes when a branch has its commit', { held: true, endedAt: now }, 'goes'],
    ['stays while it is young', { endedAt: now - 89 * day }, 'stays'],
    ['stays when nobody knows how old it is', { endedAt: undefined }, 'stays'],
    ['is named first', {}, 'named'],
    ['is named on', { namedAt: now - noticeMs + 1 }, 'named'],
    ['goes when it was named for long enough', { namedAt: now - noticeMs }, 'goes'],
  ])('%s', (_, more, fate) => expect(fateOf({ ...ref, ...more }, keepMs, now, true)).toBe(fate));

  test('is named on while the clock may be wrong', () => {
    expect(fateOf({ ...ref, namedAt: now - noticeMs }, keepMs, now, false)).toBe('named');
  });
});
