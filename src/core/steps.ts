import type { Loop } from '../domain/loop.ts';
import type { Action } from '../domain/next.ts';
import type { Tx } from '../ports/store.ts';
import type { Runtime } from './runtime.ts';
import { baseOf, requestVerification } from './verification/verification-requests.ts';

/** Actions that are nothing but a decision: recording them is doing them. */
export type Step = Extract<
  Action,
  {
    do:
      | 'request_baseline'
      | 'request_verification'
      | 'hold'
      | 'release'
      | 'expire_question'
      | 'queue_merge'
      | 'cancel';
  }
>;

/** Makes a decision a fact, inside the transaction that has just confirmed it. */
export function recordStep(rt: Pick<Runtime, 'ids'>, tx: Tx, loop: Loop, step: Step): void {
  const { id, candidate } = loop;
  switch (step.do) {
    case 'request_baseline': {
      const verification = rt.ids.next('verification');
      requestVerification(tx, { id: verification, kind: 'baseline', loop, commit: loop.base });
      return tx.record({ type: 'loop.baseline_requested', id, verification });
    }
    case 'request_verification': {
      if (!candidate) return;
      const verification = rt.ids.next('verification');
      const compared = baseOf(rt, tx, loop);
      requestVerification(tx, {
        id: verification,
        kind: 'candidate',
        loop,
        commit: candidate.commit,
        ...compared,
      });
      return tx.record({ type: 'loop.verification_started', id, verification });
    }
    case 'queue_merge':
      return queueMerge(rt, tx, loop, step.target);
    case 'hold':
      return tx.record({ type: 'loop.held', id, hold: step.hold });
    case 'release':
      return tx.record({ type: 'loop.released', id, reason: step.reason });
    case 'expire_question':
      tx.record({ type: 'question.expired', id: step.question });
      if (loop.hold?.question !== step.question) return;
      return tx.record({ type: 'loop.released', id, reason: 'the question was not answered in time' });
    case 'cancel':
      for (const question of Object.values(tx.yard.questions)) {
        if (question.loop === id && question.state === 'open')
          tx.record({ type: 'question.withdrawn', id: question.id });
      }
      return tx.record({ type: 'loop.cancelled', id, reason: step.reason });
  }
}

export function queueMerge(rt: Pick<Runtime, 'ids'>, tx: Tx, loop: Loop, target: string): void {
  if (!loop.candidate) return;
  const entry = rt.ids.next('merge');
  tx.record({
    type: 'merge.queued',
    entry: { id: entry, loop: loop.id, target, candidate: loop.candidate.commit },
  });
  tx.record({ type: 'loop.merge_queued', id: loop.id, entry });
}
