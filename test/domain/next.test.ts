import { describe, expect, test } from 'vitest';
import type { YardEvent } from '../../src/domain/events.ts';
import { next } from '../../src/domain/next.ts';
import { aPlan, aWorkerEnd, aYard, type LoopWish, loopIn, noon, verdictOf } from '../support/yard-builder.ts';

const minute = 60_000;
const archiveAfter = 10 * minute;

/** What `next` says about the loop `l` of such a yard. */
function actionFor(wish: LoopWish, events: readonly YardEvent[] = [], now = noon) {
  const yard = aYard()
    .withLoop(wish)
    .record(...events)
    .build();
  return next(yard, loopIn(yard), now, archiveAfter);
}

const paused = { kind: 'paused', reason: 'lunch' } as const;
const waitsForStrategist = { do: 'wait', why: expect.any(String), asks: 'strategist' };
const failure = (n: number): YardEvent[] =>
  Array.from({ length: n }, () => ({
    type: 'loop.infrastructure_failed',
    id: 'l',
    reason: 'disk full',
    notBefore: noon,
  }));
const workerEnded: YardEvent = { type: 'worker.ended', id: 'l-w', end: aWorkerEnd };
const asked: readonly YardEvent[] = [
  {
    type: 'question.asked',
    question: { id: 'q', loop: 'l', worker: 'l-w', text: 'Which?', deadline: noon + minute },
  },
  { type: 'loop.held', id: 'l', hold: { kind: 'question', reason: 'Which?', question: 'q' } },
];
const spentLimits = { ...aPlan.limits, iterations: 1 };

describe('a loop that is ready', () => {
  test.each<[string, LoopWish, unknown]>([
    [
      'gets a workspace first',
      { workspace: 'none', baseline: 'none' },
      { do: 'prepare_workspace', kind: 'worktree' },
    ],
    ['then a baseline', { baseline: 'none' }, { do: 'request_baseline' }],
    [
      'waits for its baseline',
      { baseline: 'running' },
      { do: 'wait', why: 'the checks run on the base commit' },
    ],
    [
      'asks again for a baseline nobody could judge',
      { baseline: 'inconclusive' },
      { do: 'request_baseline' },
    ],
    ['works when its baseline failed', { baseline: 'failed' }, { do: 'start_iteration' }],
    ['works when its baseline passed', { baseline: 'passed' }, { do: 'start_iteration' }],
    ['waits for the strategist when it is guided', { plan: { mode: 'guided' } }, waitsForStrategist],
    [
      'works when it is guided and wanted',
      { plan: { mode: 'guided' }, wanted: true },
      { do: 'start_iteration' },
    ],
    ['waits while it is paused', { hold: paused }, { do: 'wait', why: 'paused: lunch', asks: 'strategist' }],
    ['is cancelled at once', { cancel: true }, { do: 'cancel', reason: 'no longer wanted' }],
    [
      'is cancelled though it is paused',
      { cancel: true, hold: paused },
      { do: 'cancel', reason: 'no longer wanted' },
    ],
  ])('%s', (_title, wish, action) => expect(actionFor(wish)).toEqual(action));

  test('is held when its time is over, even before it has a workspace', () => {
    const now = noon + 240 * minute;
    expect(actionFor({ workspace: 'none', baseline: 'none' }, [], now - 1).do).toBe('prepare_workspace');
    expect(actionFor({ workspace: 'none', baseline: 'none' }, [], now)).toMatchObject({
      do: 'hold',
      hold: { kind: 'budget' },
    });
  });

  test('is held after too many failures in a row, with the last one as the reason', () => {
    expect(actionFor({}, failure(2)).do).toBe('start_iteration');
    expect(actionFor({}, failure(3))).toMatchObject({
      do: 'hold',
      hold: { kind: 'budget', reason: expect.stringMatching(/3 failures in a row.*: disk full$/) },
    });
  });

  test('goes on after failures when a person lets it', () =>
    expect(actionFor({}, [...failure(3), { type: 'loop.released', id: 'l', reason: 'mended' }]).do).toBe(
      'start_iteration',
    ));

  test('a baseline that could be judged shows that the machinery works again', () => {
    const judged: YardEvent = {
      type: 'loop.baseline_judged',
      id: 'l',
      verification: 'l-b',
      verdict: 'failed',
    };
    expect(actionFor({ baseline: 'running' }, [...failure(2), judged, ...failure(1)]).do).toBe(
      'start_iteration',
    );
    const unjudged: YardEvent = { ...judged, verdict: 'inconclusive' };
    expect(actionFor({ baseline: 'running' }, [...failure(2), unjudged, ...failure(1)]).do).toBe('hold');
  });

  test('backs off after a failure, and then tries again', () => {
    const failed: YardEvent = {
      type: 'loop.infrastructure_failed',
      id: 'l',
      reason: 'x',
      notBefore: noon + 5,
    };
    expect(actionFor({}, [failed], noon + 4)).toEqual({
      do: 'wait',
      why: expect.any(String),
      until: noon + 5,
    });
    expect(actionFor({}, [failed], noon + 5)).toEqual({ do: 'start_iteration' });
  });

  test('is held when it is stuck, and goes on from a release', () => {
    const nothing = (n: number): YardEvent[] => [
      { type: 'loop.iteration_started', id: 'l', iteration: n, worker: 'l-w' },
      { type: 'loop.nothing_changed', id: 'l', reason: 'nothing', usage: {} },
    ];
    const three = [1, 2, 3].flatMap(nothing);
    expect(actionFor({}, three)).toEqual({
      do: 'hold',
      hold: { kind: 'stuck', reason: '3 iterations in a row changed nothing' },
    });
    expect(actionFor({}, [...three, { type: 'loop.released', id: 'l', reason: 'try' }]).do).toBe(
      'start_iteration',
    );
  });
});

describe('a hold', () => {
  const limited: LoopWish = { hold: { kind: 'rate_limited', reason: 'quota', until: noon + minute } };

  test.each(['ready', 'submitted', 'verified'] as const)('stops a loop that is %s', (state) =>
    expect(actionFor({ state, hold: paused })).toEqual({
      do: 'wait',
      why: 'paused: lunch',
      asks: 'strategist',
    }),
  );

  test('for a rate limit ends by itself', () => {
    expect(actionFor(limited, [], noon + minute - 1)).toEqual({
      do: 'wait',
      why: 'rate limited: quota',
      until: noon + minute,
    });
    expect(actionFor(limited, [], noon + minute)).toEqual({
      do: 'release',
      reason: 'the rate limit is over',
    });
  });

  test('for a rate limit whose end nobody knows asks the strategist', () =>
    expect(actionFor({ hold: { kind: 'rate_limited', reason: 'quota' } })).toEqual({
      do: 'wait',
      why: 'rate_limited: quota',
      asks: 'strategist',
    }));

  test('for a rate limit forgives no failure: a backend that is limited for ever comes to an end', () => {
    const lost: YardEvent[] = [
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'l-w' },
      { type: 'loop.worker_lost', id: 'l', reason: 'quota', usage: {} },
      { type: 'loop.held', id: 'l', hold: { kind: 'rate_limited', reason: 'quota', until: noon } },
      { type: 'loop.released', id: 'l', reason: 'the rate limit is over' },
    ];
    expect(actionFor({}, [...lost, ...lost]).do).toBe('start_iteration');
    expect(actionFor({}, [...lost, ...lost, ...lost])).toMatchObject({
      do: 'hold',
      hold: { kind: 'budget' },
    });
  });

  test('for a question asks a person until its deadline, then expires it', () => {
    const wait = { do: 'wait', why: 'a question is open (q)', until: noon + minute, asks: 'person' };
    expect(actionFor({}, asked, noon + minute - 1)).toEqual(wait);
    expect(actionFor({}, asked, noon + minute)).toEqual({ do: 'expire_question', question: 'q' });
  });

  test('for a question expires it also while the worker that asked still works', () => {
    const working: YardEvent[] = [
      { type: 'worker.starting', worker: { id: 'w', loop: 'l', iteration: 1, backend: 'command' } },
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'w' },
    ];
    expect(actionFor({}, [...working, ...asked], noon).do).toBe('attend_worker');
    expect(actionFor({}, [...working, ...asked], noon + minute).do).toBe('expire_question');
  });

  test.each<YardEvent>([
    { type: 'question.answered', id: 'q', answer: '8080', by: 'test' },
    { type: 'question.withdrawn', id: 'q' },
    { type: 'question.expired', id: 'q' },
  ])('for a question that is settled is released: $type', (event) =>
    expect(actionFor({}, [...asked, event])).toEqual({ do: 'release', reason: 'the question is settled' }),
  );

  test('for a question that is not on record is released', () =>
    expect(actionFor({ hold: { kind: 'question', reason: 'Which?', question: 'gone' } }).do).toBe('release'));
});

describe('a loop that is working', () => {
  const gather = { do: 'gather', worker: 'l-w' };
  const attend = { do: 'attend_worker', worker: 'l-w' };

  test.each<[string, LoopWish, readonly YardEvent[], unknown]>([
    ['looks after its worker', {}, [], attend],
    ['also while it is held', { hold: paused }, [], attend],
    ['also when it is to be cancelled', { cancel: true }, [], attend],
    ['also after failures: the worker still runs', {}, failure(3), attend],
    ['gathers when the worker has ended', {}, [workerEnded], gather],
    ['gathers also while it is held', { hold: paused }, [workerEnded], gather],
    ['gathers also when it is to be cancelled', { cancel: true }, [workerEnded], gather],
    ['gathers again after a failure', {}, [workerEnded, ...failure(2)], gather],
    [
      'is held when gathering fails again and again',
      {},
      [workerEnded, ...failure(3)],
      { do: 'hold', hold: { kind: 'budget', reason: expect.stringContaining('disk full') } },
    ],
    ['waits once it is held for that', { hold: paused }, [workerEnded, ...failure(3)], waitsForStrategist],
    [
      'can be cancelled when gathering fails again and again',
      { cancel: true },
      [workerEnded, ...failure(3)],
      { do: 'cancel', reason: 'no longer wanted' },
    ],
  ])('%s', (_title, wish, events, action) =>
    expect(actionFor({ state: 'working', ...wish }, events)).toEqual(action),
  );

  test('names a person when its worker is not on record, and can be cancelled', () => {
    const started: YardEvent = { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'nobody' };
    expect(actionFor({}, [started])).toMatchObject({ do: 'wait', asks: 'person' });
    const yard = aYard().withLoop({ cancel: true }).record(started).build();
    expect(next(yard, loopIn(yard), noon, archiveAfter).do).toBe('cancel');
  });
});

describe('a loop with a candidate', () => {
  test.each<[string, LoopWish, unknown]>([
    ['asks for its verification', { state: 'submitted' }, { do: 'request_verification' }],
    [
      'is judged though it was its last iteration',
      { state: 'submitted', plan: { limits: spentLimits } },
      { do: 'request_verification' },
    ],
    [
      'is cancelled before it is judged',
      { state: 'submitted', cancel: true },
      { do: 'cancel', reason: 'no longer wanted' },
    ],
    ['waits for its verdict', { state: 'verifying' }, { do: 'wait', why: 'its candidate is verified' }],
    [
      'lets a check end before it is cancelled',
      { state: 'verifying', cancel: true },
      { do: 'wait', why: 'its candidate is verified' },
    ],
    ['waits for merge when it passed', { state: 'verified' }, waitsForStrategist],
    [
      'is queued by itself when that was asked for',
      { state: 'verified', plan: { autoMerge: true } },
      { do: 'queue_merge', target: 'main' },
    ],
    [
      'is queued though its budget is spent',
      { state: 'verified', plan: { autoMerge: true, limits: spentLimits } },
      { do: 'queue_merge', target: 'main' },
    ],
    [
      'is not queued while it is paused',
      { state: 'verified', plan: { autoMerge: true }, hold: paused },
      waitsForStrategist,
    ],
    [
      'is cancelled after it passed',
      { state: 'verified', cancel: true },
      { do: 'cancel', reason: 'no longer wanted' },
    ],
    ['waits in the queue', { state: 'merging' }, { do: 'wait', why: 'it is in the merge queue' }],
  ])('%s', (_title, wish, action) => expect(actionFor(wish)).toEqual(action));

  test('is judged when its time is over, but not when judging is what fails', () => {
    expect(actionFor({ state: 'submitted' }, [], noon + 500 * minute)).toEqual({
      do: 'request_verification',
    });
    expect(actionFor({ state: 'submitted' }, failure(3))).toMatchObject({
      do: 'hold',
      hold: { kind: 'budget' },
    });
  });

  test('is cancelled when its verification has ended', () =>
    expect(actionFor({ state: 'verifying', cancel: true }, [verdictOf('l-v', 'inconclusive')]).do).toBe(
      'cancel',
    ));

  test('has no target to be queued for when none was named', () => {
    const { target: _, ...plan } = aPlan;
    const yard = aYard()
      .withLoop({ state: 'verified', plan: { autoMerge: true } })
      .build();
    const { target: _t, ...loop } = loopIn(yard);
    expect(plan.autoMerge).toBe(false);
    expect(next(yard, loop, noon, archiveAfter)).toEqual(waitsForStrategist);
  });

  test('asks a person when its merge result waits', () =>
    expect(
      actionFor({ state: 'merging' }, [
        { type: 'merge.started', id: 'l-m', epoch: 1 },
        { type: 'merge.parked', id: 'l-m', keptAt: 'refs/x', reason: 'main has uncommitted changes' },
      ]),
    ).toEqual({ do: 'wait', why: 'main has uncommitted changes', asks: 'person' }));
});

describe('a loop that has ended', () => {
  test.each(['landed', 'closed', 'cancelled'] as const)('%s: is tidied, rests, and is archived', (state) => {
    const tidied: YardEvent = { type: 'loop.tidied', id: 'l', removed: [], kept: [] };
    expect(actionFor({ state })).toEqual({ do: 'tidy' });
    expect(actionFor({ state }, [tidied], noon + archiveAfter - 1)).toEqual({
      do: 'wait',
      why: state,
      until: noon + archiveAfter,
    });
    expect(actionFor({ state }, [tidied], noon + archiveAfter)).toEqual({ do: 'archive' });
  });
});
