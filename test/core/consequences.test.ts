import { describe, expect, test } from 'vitest';
import { consequences } from '../../src/core/verification/conclusion.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import { failureSignature } from '../../src/domain/progress.ts';
import { type Verdict, Verification, verdicts } from '../../src/domain/verification/verification.ts';
import type { Yard } from '../../src/domain/yard.ts';
import { aPlan, aRunEnd, aYard, type LoopWish, noon } from '../support/yard-builder.ts';

const failing = { name: 'unit', argv: [], passed: false, end: aRunEnd, run: 'r', tail: 'boom 12 ms' };
const passing = { ...failing, name: 'lint', passed: true, tail: 'fine' };
const backOff = 2_000;

function follow(yard: Yard, id: string, verdict: Verdict, reason?: string) {
  const judgement = { verdict, ...(reason === undefined ? {} : { reason }) };
  const verification = Verification.parse(yard.verifications[id]);
  return consequences(yard, verification, judgement, { checks: [passing, failing] }, noon);
}
const yardWith = (wish: LoopWish) => aYard().withLoop(wish).build();

describe('the verdict on a candidate', () => {
  const yard = yardWith({ state: 'verifying' });
  const about = { id: 'l', verification: 'l-v' };
  const signature = failureSignature([failing]);

  test.each<[Verdict, object]>([
    ['passed', { type: 'loop.passed', ...about }],
    ['failed', { type: 'loop.failed', ...about, signature, reason: 'why' }],
    ['tampered', { type: 'loop.tampered', ...about, reason: 'why', signature }],
    ['inconclusive', { type: 'loop.inconclusive', ...about, reason: 'why', notBefore: noon + backOff }],
  ])('%s becomes one event of its loop', (verdict, event) =>
    expect(follow(yard, 'l-v', verdict, 'why')).toEqual([event]),
  );

  test.each(verdicts)('%s is an event that its loop may take now', (verdict) => {
    const events = follow(yard, 'l-v', verdict);
    expect(() =>
      aYard()
        .withLoop({ state: 'verifying' })
        .record(...events),
    ).not.toThrow();
  });

  test('that could not be reached costs no iteration', () => {
    const after = aYard()
      .withLoop({ state: 'verifying' })
      .record(...follow(yard, 'l-v', 'inconclusive'))
      .build().loops.l;
    expect(after).toMatchObject({ state: 'submitted', iteration: 1, outcomes: [] });
  });

  test('passed leaves the landing to a person when its commit changes protected files', () => {
    const judgement = { verdict: 'passed' as const };
    const remarks = { overruled: { paths: ['test/a.js'], count: 3 } };
    const verification = Verification.parse(yard.verifications['l-v']);
    const [event] = consequences(yard, verification, judgement, { checks: [], remarks }, noon);
    expect(event).toMatchObject({
      type: 'loop.passed',
      byHand: expect.stringContaining('test/a.js and 2 more'),
    });
  });

  test.each(verdicts)('%s is recorded however long its reason is', (verdict) => {
    const events = follow(yard, 'l-v', verdict, 'x'.repeat(100_000));
    expect(() =>
      aYard()
        .withLoop({ state: 'verifying' })
        .record(...events),
    ).not.toThrow();
  });

  test('waits longer after each failure in a row', () => {
    const failed: YardEvent = { type: 'loop.infrastructure_failed', id: 'l', reason: 'x', notBefore: 0 };
    const later = aYard().withLoop({ state: 'verifying' }).record(failed, failed).build();
    expect(follow(later, 'l-v', 'inconclusive')).toMatchObject([{ notBefore: noon + 4 * backOff }]);
  });
});

describe('the verdict on a baseline', () => {
  const yard = yardWith({ baseline: 'running' });

  test.each(['passed', 'failed', 'tampered'] as const)('%s is noted', (verdict) =>
    expect(follow(yard, 'l-b', verdict)).toEqual([
      { type: 'loop.baseline_judged', id: 'l', verification: 'l-b', verdict },
    ]),
  );

  test('that could not be reached is a failure of the machinery, and tried again later', () =>
    expect(follow(yard, 'l-b', 'inconclusive', 'why')).toEqual([
      { type: 'loop.baseline_judged', id: 'l', verification: 'l-b', verdict: 'inconclusive' },
      { type: 'loop.infrastructure_failed', id: 'l', reason: 'why', notBefore: noon + backOff },
    ]));
});

describe('a verdict has no consequence', () => {
  test.each<[string, Yard, string]>([
    [
      'when another baseline was asked for',
      aYard()
        .withLoop({ baseline: 'running' })
        .record({ type: 'loop.baseline_requested', id: 'l', verification: 'other' })
        .build(),
      'l-b',
    ],
    ['when its loop is verified already', yardWith({ state: 'verified' }), 'l-v'],
    [
      'when its loop was cancelled',
      aYard()
        .withLoop({ state: 'verifying' })
        .record({ type: 'loop.cancelled', id: 'l', reason: 'enough' })
        .build(),
      'l-v',
    ],
    [
      'when its loop was cancelled during the baseline',
      aYard().withLoop({ baseline: 'running', state: 'cancelled' }).build(),
      'l-b',
    ],
  ])('%s', (_title, yard, id) => {
    for (const verdict of verdicts) expect(follow(yard, id, verdict)).toEqual([]);
  });

  test('when it belongs to a merge, or to no loop at all', () => {
    const { checks } = aPlan;
    const yard = aYard()
      .withLoop({ state: 'merging' })
      .record(
        {
          type: 'verification.requested',
          verification: { id: 'm', kind: 'merge', loop: 'l', commit: 'c', checks, failFast: true },
        },
        {
          type: 'verification.requested',
          verification: { id: 'c', kind: 'commit', commit: 'c', checks, failFast: true },
        },
        {
          type: 'verification.requested',
          verification: { id: 'g', kind: 'candidate', loop: 'gone', commit: 'c', checks, failFast: true },
        },
      )
      .build();
    for (const id of ['m', 'c', 'g']) expect(follow(yard, id, 'failed')).toEqual([]);
  });
});
