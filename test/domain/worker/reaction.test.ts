import { describe, expect, test } from 'vitest';
import type { YardEvent } from '../../../src/domain/events.ts';
import { chooseBackend } from '../../../src/domain/worker/choice.ts';
import { reactionTo, rules, turnsAway } from '../../../src/domain/worker/reaction.ts';
import { type InfrastructureClass, infrastructureClasses } from '../../../src/domain/worker/run.ts';
import { aYard, loopIn, noon } from '../../support/yard-builder.ts';

const minute = 60_000;
const moment = { now: noon, chance: 0.5, backOffMs: 4_000 };

/** How a loop reacts to a failure of its first backend, after so many others in a row. */
function reaction(
  kind: InfrastructureClass,
  wish: { fallbacks?: string[]; before?: number; resetAt?: number },
) {
  const { fallbacks = [], before = 0, resetAt } = wish;
  const yard = aYard()
    .withLoop({ state: 'working', plan: { backend: 'claude', fallbacks } })
    .build();
  const loop = loopIn(yard);
  const failing = { ...loop, spent: { ...loop.spent, infrastructureFailures: before } };
  const failure = { class: kind, text: 'words', ...(resetAt === undefined ? {} : { resetAt }) };
  return reactionTo(yard, failing, 'claude', failure, moment);
}

describe('a failure that is not the fault of the work', () => {
  test('has a rule for each class', () =>
    expect(Object.keys(rules).sort()).toEqual([...infrastructureClasses].sort()));

  test.each<[InfrastructureClass, number, object]>([
    ['authentication', 0, { bar: { backend: 'claude' } }],
    ['model_unknown', 0, { bar: { backend: 'claude' } }],
    ['quota', 0, { bar: { until: noon + 30 * minute } }],
    ['rate_limit', 0, { bar: { until: noon + 2 * minute } }],
    ['hang', 0, { bar: { until: noon + 30 * minute } }],
    ['other', 0, { bar: { until: noon + 30 * minute } }],
    ['overloaded', 0, { notBefore: noon + 20_000 }],
    ['overloaded', 1, { bar: { until: noon + 30 * minute } }],
    ['network', 0, { notBefore: noon + 20_000 }],
    ['network', 1, { bar: { until: noon + 30 * minute } }],
    ['context_too_long', 0, { notBefore: noon + 4_000 }],
  ])('%s after %i others, with another backend to turn to', (kind, before, expected) => {
    const found = reaction(kind, { fallbacks: ['codex'], before });
    expect(found).toMatchObject(expected);
    expect(found.hold).toBeUndefined();
    expect('bar' in expected).toBe(found.notBefore === undefined);
  });

  test.each<[InfrastructureClass, object]>([
    ['authentication', { bar: { backend: 'claude' } }],
    ['model_unknown', { bar: { backend: 'claude' } }],
    ['quota', { hold: { kind: 'backend', reason: expect.stringMatching(/top it up .* It said: words$/) } }],
    ['rate_limit', { notBefore: noon + 2 * minute }],
    ['overloaded', { notBefore: noon + 20_000 }],
    ['hang', { notBefore: noon + 4_000 }],
    ['other', { notBefore: noon + 4_000 }],
  ])('%s with no other backend', (kind, expected) => {
    expect(reaction(kind, { before: 1 })).toMatchObject(expected);
  });

  test('a limit that says when it ends is waited for, and a little longer, each loop by its own chance', () => {
    const { hold, notBefore } = reaction('rate_limit', { resetAt: noon + minute });
    expect(hold).toEqual({ kind: 'rate_limited', reason: 'words', until: noon + minute + 15_000 });
    expect(notBefore).toBeUndefined();
  });

  test('a limit is no reason to wait while another backend may work', () => {
    expect(reaction('quota', { fallbacks: ['codex'], resetAt: noon + minute })).toMatchObject({
      bar: { until: noon + minute + 15_000 },
      news: [{ type: 'backend.failed' }, { type: 'backend.rested', until: noon + minute + 15_000 }],
    });
  });

  test('the last of too many in a row holds the loop, with what to do about each backend that failed', () => {
    const yard = aYard()
      .withLoop({ state: 'working', plan: { backend: 'claude', fallbacks: ['codex', 'gemini', 'qwen'] } })
      .build();
    const loop = loopIn(yard);
    const over = { backend: 'codex', class: 'hang' as const, text: 'x', until: noon - 1 };
    const barred = [over, { backend: 'qwen', class: 'authentication' as const, text: 'x' }];
    const failing = { ...loop, barred, spent: { ...loop.spent, infrastructureFailures: 2 } };
    const { hold } = reactionTo(yard, failing, 'claude', { class: 'network', text: 'words' }, moment);
    expect(hold).toEqual({
      kind: 'backend',
      reason:
        "3 failures in a row that are not the work's fault. The backend claude cannot reach its service: " +
        'mend the network, then resume. The backend qwen is not logged in, or its credentials were refused: ' +
        'log in with it, then resume. The last: words',
    });
  });

  test.each(infrastructureClasses)('held for %s, the loop says what a person has to do', (kind) => {
    const reason = reaction(kind, { before: 2 }).hold?.reason;
    expect(reason).toMatch(/then resume|: resume later|open the loop with another one/);
    expect(reason).toContain('backend claude');
  });

  test.each<[string, InfrastructureClass, string[], number, boolean]>([
    ['there is another', 'rate_limit', ['codex'], 0, true],
    ['there is none', 'rate_limit', [], 0, false],
    ['one failure is not enough', 'overloaded', ['codex'], 0, false],
    ['two are', 'overloaded', ['codex'], 1, true],
  ])('is a reason to turn to another backend or not: %s', (_title, kind, fallbacks, before, expected) => {
    const yard = aYard()
      .withLoop({ state: 'working', plan: { backend: 'claude', fallbacks } })
      .build();
    const loop = loopIn(yard);
    const barred = [{ backend: 'claude', class: 'hang' as const, text: 'long ago', until: noon - 1 }];
    const failing = { ...loop, barred, spent: { ...loop.spent, infrastructureFailures: before } };
    expect(turnsAway(yard, failing, 'claude', kind, noon)).toBe(expected);
  });

  test('a command of the user’s own tells nothing about another loop’s', () => {
    const yard = aYard().withLoop({ state: 'working' }).build();
    const failure = { class: 'other' as const, text: 'x' };
    expect(reactionTo(yard, loopIn(yard), 'command', failure, moment).news).toEqual([]);
  });
});

describe('the backend of the next worker', () => {
  const plan = { backend: 'claude', fallbacks: ['codex', 'claude'] };
  const lost = (bar: { class: InfrastructureClass; until?: number; backend?: string }): YardEvent[] => [
    {
      type: 'loop.worker_lost',
      id: 'l',
      reason: 'x',
      usage: {},
      bar: { backend: 'claude', text: 'x', ...bar },
    },
  ];
  const failed = (n: number): YardEvent[] =>
    Array.from({ length: n }, () => ({
      type: 'backend.failed',
      backend: 'claude',
      class: 'network',
      text: 'x',
    }));
  const again: YardEvent = { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'l-w' };
  const rested: YardEvent = {
    type: 'backend.rested',
    backend: 'claude',
    until: noon + minute,
    reason: 'tired',
  };
  const ended: YardEvent = {
    type: 'worker.ended',
    id: 'l-w',
    end: {
      run: { cause: 'exited', exitCode: 1, startedAt: noon, endedAt: noon, bytes: 0 },
      usage: {},
      denied: [],
      survivors: [],
    },
  };
  const chosen = (events: readonly YardEvent[], now = noon, fallbacks = plan.fallbacks) => {
    const yard = aYard()
      .withLoop({ state: 'working', plan: { ...plan, fallbacks } })
      .record(ended, ...events)
      .build();
    return chooseBackend(yard, loopIn(yard), now);
  };

  test.each<[string, readonly YardEvent[], number, object]>([
    ['is the first while nothing is wrong', [], noon, { use: 'claude' }],
    ['is the next when the first is barred', lost({ class: 'authentication' }), noon, { use: 'codex' }],
    [
      'is the first again after the bar',
      lost({ class: 'hang', until: noon + 5 }),
      noon + 5,
      { use: 'claude' },
    ],
    ['is the next while the first rests', [rested], noon, { use: 'codex' }],
    ['is the first on trial after its rest', [rested], noon + minute, { use: 'claude' }],
    ['is the next just after a failure', failed(1), noon + 1_999, { use: 'codex' }],
    ['is the first when that is a while ago', failed(1), noon + 2_000, { use: 'claude' }],
    [
      'is the first when a person let the loop go on',
      [
        ...lost({ class: 'authentication' }),
        rested,
        { type: 'loop.held', id: 'l', hold: { kind: 'backend', reason: 'log in' } },
        { type: 'loop.released', id: 'l', reason: 'did' },
      ],
      noon,
      { use: 'claude' },
    ],
    [
      'is the first at once when it recovered',
      [rested, { type: 'backend.recovered', backend: 'claude' }],
      noon,
      { use: 'claude' },
    ],
  ])('%s', (_title, events, now, choice) => expect(chosen(events, now)).toEqual(choice));

  test('waits for the one that comes back first', () => {
    const both = [
      ...lost({ class: 'hang', until: noon + 90_000 }),
      again,
      ...lost({ class: 'quota', until: noon + 30_000, backend: 'codex' }),
    ];
    expect(chosen(both)).toEqual({ until: noon + 30_000, why: 'the backend codex rests: quota' });
  });

  test('is nobody, and says what a person has to do, when all are barred for good', () => {
    const both = [
      ...lost({ class: 'authentication' }),
      again,
      ...lost({ class: 'model_unknown', backend: 'codex' }),
    ];
    expect(chosen(both)).toEqual({
      none: expect.stringMatching(/claude is not logged in.*codex does not know the model/),
    });
  });
});
