import { type Hold, isEnded, type Loop } from './loop.ts';
import { stuck } from './progress.ts';
import type { Question } from './question.ts';
import { verificationMachine } from './verification/verification.ts';
import { exhausted } from './worker/budget.ts';
import { chooseBackend } from './worker/choice.ts';
import { awaitsReview } from './worker/review.ts';
import type { Yard } from './yard.ts';

/** The one thing that should happen to a loop now. */
export type Action =
  /** Nothing by itself. `until`: look again then. `asks`: whom it waits for. */
  | {
      readonly do: 'wait';
      readonly why: string;
      readonly until?: number;
      readonly asks?: 'strategist' | 'person';
    }
  | { readonly do: 'prepare_workspace'; readonly kind: 'worktree' | 'in_place' }
  | { readonly do: 'request_baseline' }
  | { readonly do: 'hold'; readonly hold: Omit<Hold, 'since'> }
  | { readonly do: 'release'; readonly reason: string }
  | { readonly do: 'expire_question'; readonly question: string }
  | { readonly do: 'start_iteration' }
  | { readonly do: 'attend_worker'; readonly worker: string }
  /** The worker has ended: its work becomes a candidate, or its end an outcome. */
  | { readonly do: 'gather'; readonly worker: string }
  | { readonly do: 'request_verification' }
  | { readonly do: 'start_review' }
  /** The reviewer has ended: what it said becomes an opinion. */
  | { readonly do: 'judge_review'; readonly worker: string }
  | { readonly do: 'queue_merge'; readonly target: string }
  /** Everything of it has stopped: the cancellation becomes a fact. */
  | { readonly do: 'cancel'; readonly reason: string }
  | { readonly do: 'tidy' }
  | { readonly do: 'archive' };

/**
 * What should happen to a loop now? Pure: the yard and the time go in, one action comes out. The keeper asks again
 * after every change, so a crash between two actions needs no special case.
 */
export function next(yard: Yard, loop: Loop, now: number, archiveAfterMs: number): Action {
  if (isEnded(loop)) return afterEnd(loop, now, archiveAfterMs);
  const late = Object.values(yard.questions).find((question) => isLate(question, loop, now));
  if (late) return { do: 'expire_question', question: late.id };
  switch (loop.state) {
    case 'ready':
      return held(yard, loop, now) ?? whenReady(yard, loop, now);
    case 'working':
      return whenWorking(yard, loop, now);
    case 'submitted':
      return (
        held(yard, loop, now) ?? overspent(loop, now) ?? later(loop, now) ?? { do: 'request_verification' }
      );
    case 'verifying':
      return whenVerifying(yard, loop);
    case 'verified':
      return held(yard, loop, now) ?? whenVerified(loop);
    case 'reviewing':
      return whenReviewing(yard, loop, now);
    case 'merging':
      return whenMerging(yard, loop);
    case 'landed':
    case 'closed':
    case 'cancelled':
      return afterEnd(loop, now, archiveAfterMs);
  }
}

/** Is there anything a keeper should stay awake for? Pure; the keeper leaves only when a transaction says no. */
export function isIdle(yard: Yard, now: number, archiveAfterMs: number): boolean {
  const loopsRest = Object.values(yard.loops).every((loop) => {
    const action = next(yard, loop, now, archiveAfterMs);
    return action.do === 'wait' && (action.until === undefined || isEnded(loop));
  });
  return (
    loopsRest &&
    Object.values(yard.verifications).every(({ state }) => verificationMachine.isEnd(state)) &&
    Object.values(yard.merges).every(({ state }) => state !== 'queued' && state !== 'executing')
  );
}

/** In the states between two steps, a cancellation takes effect and a hold stops everything. */
function held(yard: Yard, loop: Loop, now: number): Action | undefined {
  if (loop.cancel) return { do: 'cancel', reason: loop.cancel.reason };
  const { hold } = loop;
  if (!hold) return undefined;
  if (hold.kind === 'question') return whileAsking(yard, hold);
  if (hold.kind === 'rate_limited' && hold.until !== undefined) {
    if (now >= hold.until) return { do: 'release', reason: 'the rate limit is over' };
    return { do: 'wait', why: `rate limited: ${hold.reason}`, until: hold.until };
  }
  return { do: 'wait', why: `${hold.kind}: ${hold.reason}`, asks: 'strategist' };
}

/** Whatever else holds the loop, and while the worker that asked still works: a deadline is a deadline. */
function isLate(question: Question, loop: Loop, now: number): boolean {
  return question.loop === loop.id && question.state === 'open' && now >= question.deadline;
}

function whileAsking(yard: Yard, hold: Hold): Action {
  const question = hold.question === undefined ? undefined : yard.questions[hold.question];
  if (question?.state !== 'open') return { do: 'release', reason: 'the question is settled' };
  return { do: 'wait', why: `a question is open (${question.id})`, until: question.deadline, asks: 'person' };
}

function whenReady(yard: Yard, loop: Loop, now: number): Action {
  const early = overspent(loop, now) ?? later(loop, now);
  if (early) return early;
  if (!loop.workspace) return findWorkspace(yard, loop);
  const { baseline } = loop;
  if (!baseline || baseline.verdict === 'inconclusive') return { do: 'request_baseline' };
  if (baseline.verdict === undefined) return { do: 'wait', why: 'the checks run on the base commit' };
  const reason = stuck(loop.outcomes, loop.releasedAt);
  if (reason) return { do: 'hold', hold: { kind: 'stuck', reason } };
  if (loop.mode === 'auto' || loop.wanted) return whenWanted(yard, loop, now);
  return {
    do: 'wait',
    why: 'the strategist asks for the next iteration with spawn_worker',
    asks: 'strategist',
  };
}

function whenWanted(yard: Yard, loop: Loop, now: number): Action {
  const choice = chooseBackend(yard, loop, now);
  if ('use' in choice) return { do: 'start_iteration' };
  if ('none' in choice) return { do: 'hold', hold: { kind: 'backend', reason: choice.none.slice(0, 2_000) } };
  return { do: 'wait', why: choice.why, until: choice.until };
}

/** Which working tree the loop gets: `auto` takes the checkout when it is free, and a busy one is never shared. */
export function findWorkspace(
  yard: Yard,
  loop: Pick<Loop, 'id' | 'isolation' | 'onBusy' | 'checkout'>,
): Action {
  if (loop.isolation === 'worktree') return { do: 'prepare_workspace', kind: 'worktree' };
  const holder = yard.leases[checkoutResource(loop.checkout.key)]?.holder;
  if (!holder || (holder.kind === 'loop' && holder.loop === loop.id)) {
    return { do: 'prepare_workspace', kind: 'in_place' };
  }
  if (loop.isolation === 'auto' || loop.onBusy === 'worktree')
    return { do: 'prepare_workspace', kind: 'worktree' };
  const who = holder.kind === 'loop' ? `loop ${holder.loop}` : holder.role;
  return { do: 'wait', why: `waits for the checkout, which ${who} holds` };
}

/** One resource per working tree, however its path is spelt. */
export function checkoutResource(key: string): string {
  return `checkout/${key}`;
}

function whenWorking(yard: Yard, loop: Loop, now: number): Action {
  const worker = loop.worker === undefined ? undefined : yard.workers[loop.worker];
  if (!worker) {
    return held(yard, loop, now) ?? { do: 'wait', why: 'its worker is not on record', asks: 'person' };
  }
  if (worker.state !== 'ended') return { do: 'attend_worker', worker: worker.id };
  // What cannot be gathered, however often it is tried, must not keep the loop from being held or cancelled.
  const gatheringFails = loop.spent.infrastructureFailures >= loop.limits.infrastructureFailures;
  const instead = gatheringFails ? (held(yard, loop, now) ?? overspent(loop, now)) : undefined;
  return instead ?? { do: 'gather', worker: worker.id };
}

function whenVerifying(yard: Yard, loop: Loop): Action {
  const verification = loop.verification === undefined ? undefined : yard.verifications[loop.verification];
  if (loop.cancel && verification && verificationMachine.isEnd(verification.state)) {
    return { do: 'cancel', reason: loop.cancel.reason };
  }
  return { do: 'wait', why: 'its candidate is verified' };
}

function whenReviewing(yard: Yard, loop: Loop, now: number): Action {
  const worker = loop.worker === undefined ? undefined : yard.workers[loop.worker];
  if (worker && worker.state !== 'ended') return { do: 'attend_worker', worker: worker.id };
  // Also of a loop that is cancelled: what its reviewer used counts.
  if (worker) return { do: 'judge_review', worker: worker.id };
  return held(yard, loop, now) ?? { do: 'wait', why: 'its reviewer is not on record', asks: 'person' };
}

function whenVerified(loop: Loop): Action {
  if (awaitsReview(loop)) return { do: 'start_review' };
  if (loop.autoMerge && loop.byHand !== undefined) return { do: 'wait', why: loop.byHand, asks: 'person' };
  if (loop.autoMerge && loop.target !== undefined) return { do: 'queue_merge', target: loop.target };
  return { do: 'wait', why: 'its candidate passed and waits for merge', asks: 'strategist' };
}

function whenMerging(yard: Yard, loop: Loop): Action {
  const entry = loop.entry === undefined ? undefined : yard.merges[loop.entry];
  if (entry?.state === 'waiting')
    return { do: 'wait', why: entry.reason ?? 'its result waits', asks: 'person' };
  return { do: 'wait', why: 'it is in the merge queue' };
}

function overspent(loop: Loop, now: number): Action | undefined {
  const reason = exhausted(loop.limits, loop.spent, loop.openedAt, now);
  if (reason === undefined) return undefined;
  // A candidate that was paid for is still judged, unless judging itself is what fails.
  const judgingFails = loop.spent.infrastructureFailures >= loop.limits.infrastructureFailures;
  if (loop.state === 'submitted' && !judgingFails) return undefined;
  const why = judgingFails && loop.trouble !== undefined ? `${reason}: ${loop.trouble}` : reason;
  return { do: 'hold', hold: { kind: 'budget', reason: why.slice(0, 2_000) } };
}

function later(loop: Loop, now: number): Action | undefined {
  if (loop.notBefore === undefined || now >= loop.notBefore) return undefined;
  return { do: 'wait', why: 'it tries again after a failure that was not its fault', until: loop.notBefore };
}

function afterEnd(loop: Loop, now: number, archiveAfterMs: number): Action {
  if (!loop.tidied) return { do: 'tidy' };
  const due = (loop.endedAt ?? loop.updatedAt) + archiveAfterMs;
  return now >= due ? { do: 'archive' } : { do: 'wait', why: loop.state, until: due };
}
