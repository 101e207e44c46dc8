import { describe, expect, test } from 'vitest';
import type { YardEvent } from '../../../src/domain/events.ts';
import { next } from '../../../src/domain/next.ts';
import { opinionIn, pickReviewer, type Review } from '../../../src/domain/worker/review.ts';
import { aWorkerEnd, aYard, type LoopWish, loopIn, noon } from '../../support/yard-builder.ts';

describe('the opinion of a reviewer', () => {
  test.each<[string, string, Review['opinion'], string]>([
    ['approval', 'Looks right.\nVERDICT: approve', 'approved', ''],
    ['approval with reasons, in bold', 'x\n**VERDICT: approve**\n- small', 'approved', '- small'],
    ['a veto', 'VERDICT: veto\n- a.mjs:3 loses data', 'vetoed', '- a.mjs:3 loses data'],
    ['a veto in small letters', 'verdict: Veto\nno', 'vetoed', 'no'],
    ['a veto without a reason', 'VERDICT: veto', 'inconclusive', 'The reviewer vetoed without a reason.'],
    [
      'nothing in that form',
      'I approve of this.',
      'inconclusive',
      expect.stringContaining('no verdict in the form'),
    ],
    ['a quoted form', 'end with VERDICT: approve or VERDICT: veto', 'inconclusive', expect.any(String)],
    [
      'two verdicts',
      'VERDICT: approve\nVERDICT: veto\nno',
      'inconclusive',
      expect.stringContaining('more than one'),
    ],
    ['silence', '', 'inconclusive', expect.any(String)],
  ])('is what it says: %s', (_title, words, opinion, reason) =>
    expect(opinionIn(words)).toEqual({ opinion, reason }),
  );
});

describe('a reviewer', () => {
  const of = (id: string, family: string) => ({ id, family });
  const claude = of('claude', 'anthropic');
  const codex = of('codex', 'openai');
  const pi = of('pi', 'any');

  test.each([
    ['is of another family', claude, [claude, codex], 'codex', false],
    ['is of the same when there is no other', claude, [claude], 'claude', true],
    ['of no known family is not taken for another', claude, [pi], 'pi', true],
    ['of an author of no known family cannot be known to be another', pi, [codex], 'codex', true],
  ])('%s', (_title, author, able, id, sameFamily) => {
    expect(pickReviewer(author, able)).toMatchObject({ backend: { id }, sameFamily });
  });

  test('is nobody where nobody can', () => expect(pickReviewer(claude, [])).toBeUndefined());
});

describe('a loop with a review', () => {
  const commit = 'c'.repeat(40);
  const review = (opinion: Review['opinion']) => ({ commit, opinion, reason: 'because' });
  const plan = { review: true, autoMerge: true };
  const actionOf = (wish: LoopWish, ...events: readonly YardEvent[]) => {
    const yard = aYard()
      .withLoop({ plan, ...wish })
      .record(...events)
      .build();
    return next(yard, loopIn(yard), noon, 0);
  };
  const ended = { type: 'worker.ended', id: 'l-r', end: aWorkerEnd } as const;

  test('is reviewed before it lands', () => {
    expect(actionOf({ state: 'verified' })).toEqual({ do: 'start_review' });
    expect(actionOf({ state: 'reviewing' })).toEqual({ do: 'attend_worker', worker: 'l-r' });
    expect(actionOf({ state: 'reviewing' }, ended)).toEqual({ do: 'judge_review', worker: 'l-r' });
  });

  test.each(['approved', 'unreviewed'] as const)('lands when it is %s, and is not reviewed twice', (how) => {
    const opinion = how === 'approved' ? how : 'inconclusive';
    const judged = { type: `loop.${how}`, id: 'l', review: review(opinion), usage: {} } as const;
    expect(actionOf({ state: 'reviewing' }, ended, judged)).toEqual({ do: 'queue_merge', target: 'main' });
  });

  test('goes back to work when it is vetoed, with the reason as its outcome', () => {
    const vetoed = {
      type: 'loop.vetoed',
      id: 'l',
      review: review('vetoed'),
      usage: { inputTokens: 7 },
    } as const;
    expect(actionOf({ state: 'reviewing' }, ended, vetoed)).toEqual({ do: 'start_iteration' });
    const yard = aYard().withLoop({ plan, state: 'reviewing' }).record(ended, vetoed).build();
    expect(loopIn(yard)).toMatchObject({ spent: { usage: { inputTokens: 7 } } });
    expect(loopIn(yard).outcomes.at(-1)).toMatchObject({ result: 'vetoed', reason: 'because', commit });
  });

  test('that is cancelled waits for its reviewer to end, charges what it used, and asks nobody any more', () => {
    const judged = { type: 'loop.approved', id: 'l', review: review('approved'), usage: {} } as const;
    const vetoed = { ...judged, type: 'loop.vetoed', review: review('vetoed') } as const;
    const wish = { state: 'reviewing', cancel: true } as const;
    expect(actionOf(wish).do).toBe('attend_worker');
    expect(actionOf(wish, ended).do).toBe('judge_review');
    expect(actionOf(wish, ended, judged).do).toBe('cancel');
    expect(actionOf(wish, ended, vetoed).do).toBe('cancel');
  });
});
