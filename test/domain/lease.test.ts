import { describe, expect, test } from 'vitest';
import { holderLiveness } from '../../src/core/leases.ts';
import { applyToLease, claim, type Holder, type Lease, type Liveness } from '../../src/domain/lease.ts';
import { aYard } from '../support/yard-builder.ts';

const identity = { host: 'h', boot: 'b', namespace: 'none', pid: 7, startTime: '1' };
const keeper: Holder = { kind: 'process', identity, role: 'keeper' };
const lease: Lease = { resource: 'keeper', epoch: 4, holder: keeper, purpose: 'work', since: 1 };
const { holder: _, ...released } = lease;

describe('a claim', () => {
  test.each<[string, Lease | undefined, Liveness, ReturnType<typeof claim>]>([
    ['what nobody ever held is free', undefined, 'unknown', { outcome: 'free', epoch: 1 }],
    ['what was released is free under the next epoch', released, 'alive', { outcome: 'free', epoch: 5 }],
    ['a live holder is not robbed', lease, 'alive', { outcome: 'held', holder: keeper }],
    ['a holder that cannot be judged is not robbed', lease, 'unknown', { outcome: 'held', holder: keeper }],
    [
      'a dead holder is replaced at once, and named',
      lease,
      'dead',
      { outcome: 'dead_holder', epoch: 5, takenFrom: 'keeper (process 7)' },
    ],
  ])('%s', (_title, before, liveness, answer) => {
    expect(claim(before, () => liveness)).toEqual(answer);
  });

  test('nobody is looked for when nobody holds it', () => {
    claim(released, () => {
      throw new Error('looked');
    });
  });

  test.each([
    ['ready', 'held'],
    ['working', 'held'],
    ['landed', 'dead_holder'],
    ['cancelled', 'dead_holder'],
  ] as const)('a loop that is %s makes its working tree %s, whatever its processes do', (state, outcome) => {
    const yard = aYard().withLoop({ state, workspace: 'in_place' }).build();
    const processes = {
      liveness(): Liveness {
        throw new Error('a loop is no process');
      },
    };
    expect(
      claim(yard.leases['checkout/repo'], (holder) => holderLiveness(yard, holder, processes)).outcome,
    ).toBe(outcome);
  });

  test('a loop that has left the yard holds nothing any more', () => {
    const yard = aYard()
      .withLoop({ state: 'closed', workspace: 'in_place' })
      .record({ type: 'loop.archived', id: 'l' })
      .build();
    const answer = claim(yard.leases['checkout/repo'], (holder) =>
      holderLiveness(yard, holder, { liveness: () => 'alive' }),
    );
    expect(answer).toEqual({ outcome: 'dead_holder', epoch: 2, takenFrom: 'loop l' });
  });
});

describe('a lease', () => {
  const take = (epoch: number) =>
    ({ type: 'lease.taken', resource: 'keeper', epoch, holder: keeper, purpose: 'work' }) as const;

  test('is not given back by a late release of an old epoch', () => {
    expect(applyToLease(lease, { type: 'lease.released', resource: 'keeper', epoch: 3 }, 9)).toBe(lease);
    expect(applyToLease(lease, { type: 'lease.released', resource: 'keeper', epoch: 5 }, 9)).toBe(lease);
    expect(
      applyToLease(undefined, { type: 'lease.released', resource: 'keeper', epoch: 1 }, 9),
    ).toBeUndefined();
  });

  test('keeps its epoch when it is released, so that it never starts again', () => {
    const free = applyToLease(lease, { type: 'lease.released', resource: 'keeper', epoch: 4 }, 9);
    expect(free).toEqual({ resource: 'keeper', epoch: 4, purpose: 'work', since: 9 });
    expect(applyToLease(free, take(4), 10)).toBe(free);
    expect(applyToLease(free, take(5), 10)).toMatchObject({ epoch: 5, holder: keeper, since: 10 });
  });

  test('is not taken under the epoch it has already', () => {
    expect(applyToLease(lease, take(4), 9)).toBe(lease);
    expect(applyToLease(lease, take(1), 9)).toBe(lease);
  });
});
