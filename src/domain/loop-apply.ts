import { type Bar, type Loop, type LoopMove, loopMachine, type Outcome } from './loop.ts';
import type { LoopEvent } from './loop-events.ts';
import { charge, nothingSpent } from './worker/budget.ts';
import type { Usage } from './worker/run.ts';

/** The loop after the event; undefined when it left the live state. Illegal moves throw. */
export function applyToLoop(loop: Loop | undefined, event: LoopEvent, at: number): Loop | undefined {
  if (event.type === 'loop.opened') return open(event, at);
  if (!loop || event.type === 'loop.archived') return undefined;
  const move = event.type.slice('loop.'.length);
  const state = isMove(move) ? loopMachine.step(loop.state, move) : loop.state;
  const ended = state !== loop.state && loopMachine.isEnd(state) ? { endedAt: at } : {};
  return { ...change(loop, event, at), state, updatedAt: at, ...ended };
}

function open(event: Extract<LoopEvent, { type: 'loop.opened' }>, at: number): Loop {
  return {
    ...event.plan,
    id: event.id,
    state: 'ready',
    openedAt: at,
    updatedAt: at,
    wanted: event.wanted,
    iteration: 0,
    outcomes: [],
    spent: nothingSpent,
    messages: [],
    delivered: 0,
  };
}

const moves = new Set<string>(Object.values(loopMachine.rows).flatMap((row) => Object.keys(row)));
const isMove = (name: string): name is LoopMove => moves.has(name);

type Changing = Exclude<LoopEvent, { type: 'loop.opened' | 'loop.archived' }>;

function change(loop: Loop, event: Changing, at: number): Loop {
  switch (event.type) {
    case 'loop.workspace_prepared':
      return { ...loop, workspace: event.workspace };
    case 'loop.workspace_lost':
      return without(loop, 'workspace');
    case 'loop.baseline_requested':
      return { ...loop, baseline: { verification: event.verification } };
    case 'loop.baseline_judged': {
      const { verification, verdict } = event;
      // One that was renewed for a candidate proves nothing about judging that candidate.
      const goesOn = verdict !== 'inconclusive' && loop.state === 'ready';
      return {
        ...(goesOn ? resetFailures(loop) : loop),
        baseline: { verification, verdict },
      };
    }
    case 'loop.iteration_wanted':
      return { ...loop, wanted: true };
    case 'loop.iteration_started':
      return {
        ...without(loop, 'notBefore', 'trouble', 'verification', 'byHand'),
        iteration: event.iteration,
        worker: event.worker,
        wanted: false,
        delivered: loop.messages.length,
        spent: { ...loop.spent, iterations: loop.spent.iterations + 1 },
      };
    case 'loop.candidate_made': {
      const { candidate } = event;
      return {
        ...without(heard(loop, event), 'conflicts'),
        candidate,
        tip: candidate.commit,
        spent: settled(loop, event.usage),
      };
    }
    case 'loop.nothing_changed':
      return outcome({ ...heard(loop, event), spent: settled(loop, event.usage) }, at, 'nothing_changed', {
        reason: event.reason,
      });
    case 'loop.worker_lost': {
      const spent = charge(loop.spent, event.usage);
      const lost = outcome(loop, at, 'worker_lost', { reason: event.reason });
      return {
        ...lost,
        wanted: true,
        delivered: 0,
        trouble: event.reason,
        ...(event.notBefore === undefined ? {} : { notBefore: event.notBefore }),
        ...(event.bar ? { barred: withBar(loop.barred, event.bar) } : {}),
        spent: {
          ...spent,
          iterations: spent.iterations - 1,
          infrastructureFailures: spent.infrastructureFailures + (event.uncounted ? 0 : 1),
        },
      };
    }
    case 'loop.verification_started':
      return { ...without(loop, 'notBefore'), verification: event.verification };
    case 'loop.passed':
      return {
        ...outcome(resetFailures(loop), at, 'passed', judged(loop, event)),
        ...defined({ byHand: event.byHand }),
      };
    case 'loop.failed':
      return outcome(resetFailures(loop), at, 'failed', judged(loop, event));
    case 'loop.tampered':
      return outcome(resetFailures(loop), at, 'tampered', judged(loop, event));
    case 'loop.inconclusive':
    case 'loop.infrastructure_failed':
      return {
        ...loop,
        trouble: event.reason,
        ...(event.notBefore === undefined ? {} : { notBefore: event.notBefore }),
        spent: { ...loop.spent, infrastructureFailures: loop.spent.infrastructureFailures + 1 },
      };
    case 'loop.review_started':
      return { ...loop, worker: event.worker, reviewerIsKin: event.sameFamily };
    case 'loop.approved':
    case 'loop.unreviewed':
      return { ...loop, reviewed: event.review, spent: charge(loop.spent, event.usage) };
    case 'loop.vetoed': {
      const spent = charge(loop.spent, event.usage);
      const { commit, reason } = event.review;
      return outcome({ ...loop, reviewed: event.review, spent }, at, 'vetoed', { commit, reason });
    }
    case 'loop.merge_queued':
      return { ...loop, entry: event.entry };
    case 'loop.landed':
      return { ...without(loop, 'hold', 'trouble'), landed: event.commit };
    case 'loop.bounced':
      return outcome(
        {
          ...without(loop, 'conflicts'),
          ...defined({ tip: event.tip, conflicts: event.conflicts, onto: event.onto }),
        },
        at,
        'bounced',
        {
          reason: event.reason,
          ...defined({ verification: event.verification }),
        },
      );
    case 'loop.cancel_requested':
      return { ...loop, cancel: { ...event.request, at } };
    case 'loop.held':
      return { ...loop, hold: { ...event.hold, since: at } };
    case 'loop.released':
      return release(loop, at);
    case 'loop.updated': {
      const { limits, ...fields } = event.changes;
      return { ...loop, ...defined(fields), limits: { ...loop.limits, ...defined(limits ?? {}) } };
    }
    case 'loop.told':
      return { ...loop, messages: [...loop.messages, { ...event.message, at }] };
    case 'loop.message_taken':
      return taken(loop, event.message);
    case 'loop.tidied':
      return { ...without(loop, 'workspace'), tidied: { removed: event.removed, kept: event.kept } };
    case 'loop.reopened':
      return { ...loop, wanted: true };
    case 'loop.cancelled':
    case 'loop.closed':
      return without(loop, 'hold');
    case 'loop.withdrawn':
      return loop;
  }
}

/**
 * A person who lets a loop go on forgives its failures. A limit or a question that is over does not: a backend that is
 * limited again and again would never come to the end of its budget.
 */
function release(loop: Loop, at: number): Loop {
  switch (loop.hold?.kind) {
    case 'rate_limited':
      return without(loop, 'hold');
    case 'question':
      return { ...without(loop, 'hold'), releasedAt: at };
    default:
      return { ...without(resetFailures(loop), 'hold', 'notBefore', 'barred'), releasedAt: at };
  }
}

/** One bar per backend, the newest. */
function withBar(barred: Loop['barred'], bar: Bar): Bar[] {
  return [...(barred ?? []).filter(({ backend }) => backend !== bar.backend), bar].slice(-20);
}

/** The messages a worker was given have been worked on, if it finished; those that came later wait for the next. */
function heard(loop: Loop, { unfinished }: { unfinished?: true | undefined }): Loop {
  return { ...loop, messages: loop.messages.slice(unfinished ? 0 : loop.delivered), delivered: 0 };
}

/** One that the present worker took up while it worked joins those it began with. */
function taken(loop: Loop, id: string): Loop {
  const { messages, delivered } = loop;
  const message = messages.slice(delivered).find((one) => one.id === id);
  if (!message) return loop;
  const later = messages.slice(delivered).filter((one) => one !== message);
  return {
    ...loop,
    messages: [...messages.slice(0, delivered), message, ...later],
    delivered: delivered + 1,
  };
}

/** A worker that ended by itself shows that the machinery works again. */
function settled(loop: Loop, usage: Usage) {
  return { ...charge(loop.spent, usage), infrastructureFailures: 0 };
}

function resetFailures(loop: Loop): Loop {
  return { ...without(loop, 'trouble'), spent: { ...loop.spent, infrastructureFailures: 0 } };
}

function judged(
  loop: Loop,
  event: { verification: string; reason?: string | undefined; signature?: string | undefined },
) {
  return {
    verification: event.verification,
    ...defined({ commit: loop.candidate?.commit, tree: loop.candidate?.tree }),
    ...defined({ reason: event.reason, signature: event.signature }),
  };
}

function outcome(loop: Loop, at: number, result: Outcome['result'], details: Partial<Outcome>): Loop {
  const entry: Outcome = {
    iteration: loop.iteration,
    result,
    at,
    ...(loop.worker === undefined ? {} : { worker: loop.worker }),
    ...details,
  };
  return { ...loop, outcomes: [...loop.outcomes, entry].slice(-50) };
}

function without<T extends object, K extends keyof T>(
  value: T,
  ...keys: readonly K[]
): Omit<T, K> & Partial<Pick<T, K>> {
  const copy = { ...value };
  for (const key of keys) delete copy[key];
  return copy;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>;
}
