import { describe, expect, test } from 'vitest';
import type { YardEvent } from '../../src/domain/events.ts';
import { loopMachine } from '../../src/domain/loop.ts';
import { findWorkspace, isIdle } from '../../src/domain/next.ts';
import { aPlan, aYard, type LoopWish, noon } from '../support/yard-builder.ts';

const archiveAfter = 600_000;
const paused = { kind: 'paused', reason: 'lunch' } as const;
const live = loopMachine.states.filter((state) => !loopMachine.isEnd(state));
const asked: readonly YardEvent[] = [
  {
    type: 'question.asked',
    question: { id: 'q', loop: 'l', worker: 'l-w', text: 'Which?', deadline: noon + 60_000 },
  },
  { type: 'loop.held', id: 'l', hold: { kind: 'question', reason: 'Which?', question: 'q' } },
];

describe('whose working tree', () => {
  const busy = aYard().withLoop({ id: 'other', workspace: 'in_place' }).build();
  const free = aYard().build();
  const keeper = { host: 'h', boot: 'b', namespace: 'none', pid: 7, startTime: '1' };
  const busyByProcess = aYard()
    .record({
      type: 'lease.taken',
      resource: 'checkout/repo',
      epoch: 1,
      holder: { kind: 'process', identity: keeper, role: 'merge' },
      purpose: 'x',
    })
    .build();

  test.each([
    ['worktree', 'wait', free, 'worktree'],
    ['worktree', 'wait', busy, 'worktree'],
    ['in_place', 'wait', free, 'in_place'],
    ['in_place', 'wait', busy, 'waits for the checkout, which loop other holds'],
    ['in_place', 'fail', busy, 'waits for the checkout, which loop other holds'],
    ['in_place', 'worktree', busy, 'worktree'],
    ['in_place', 'wait', busyByProcess, 'waits for the checkout, which merge holds'],
    ['auto', 'wait', free, 'in_place'],
    ['auto', 'wait', busy, 'worktree'],
    ['auto', 'fail', busyByProcess, 'worktree'],
  ] as const)('%s, on busy %s: %#', (isolation, onBusy, yard, answer) => {
    const action = findWorkspace(yard, { id: 'l', isolation, onBusy, checkout: aPlan.checkout });
    if (answer === 'worktree' || answer === 'in_place')
      expect(action).toEqual({ do: 'prepare_workspace', kind: answer });
    else expect(action).toEqual({ do: 'wait', why: answer });
  });

  test('a loop that holds the checkout already may have it', () =>
    expect(
      findWorkspace(busy, { id: 'other', isolation: 'in_place', onBusy: 'wait', checkout: aPlan.checkout }),
    ).toEqual({ do: 'prepare_workspace', kind: 'in_place' }));
});

describe('a yard is idle', () => {
  const idle = (wish: LoopWish, events: readonly YardEvent[] = []) =>
    isIdle(
      aYard()
        .withLoop(wish)
        .record(...events)
        .build(),
      noon,
      archiveAfter,
    );

  test('when it is empty', () => expect(isIdle(aYard().build(), noon, archiveAfter)).toBe(true));

  test.each<[string, LoopWish]>([
    ['paused', { hold: paused }],
    ['guided and not wanted', { plan: { mode: 'guided' } }],
    ['verified and not merged', { state: 'verified' }],
  ])('when its loop is %s', (_title, wish) => expect(idle(wish)).toBe(true));

  test('when its ended loop only waits for the archive', () =>
    expect(idle({ state: 'landed' }, [{ type: 'loop.tidied', id: 'l', removed: [], kept: [] }])).toBe(true));

  test.each<[string, LoopWish]>([
    ...live.filter((state) => state !== 'verified').map((state): [string, LoopWish] => [state, { state }]),
    ['ended and not tidied', { state: 'closed' }],
    ['paused and to be cancelled', { hold: paused, cancel: true }],
    ['limited for a while', { hold: { kind: 'rate_limited', reason: 'quota', until: noon + 1 } }],
    ['waiting for its baseline', { baseline: 'running' }],
  ])('but not when its loop is %s', (_title, wish) => expect(idle(wish)).toBe(false));

  test('but not while a question has a deadline', () => expect(idle({}, asked)).toBe(false));

  test('but not while anything is verified for nobody in particular', () =>
    expect(
      idle({ hold: paused }, [
        {
          type: 'verification.requested',
          verification: { id: 'v', kind: 'commit', commit: 'c', checks: aPlan.checks, failFast: true },
        },
      ]),
    ).toBe(false));
});
