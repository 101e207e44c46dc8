import * as z from 'zod';
import { Id } from './ids.ts';
import { defineMachine, type MoveOf, type StateOf } from './machine.ts';
import { Check, Verdict } from './verification/verification.ts';
import { Limits, Spent } from './worker/budget.ts';
import { Review } from './worker/review.ts';
import { infrastructureClasses, permissionModes } from './worker/run.ts';

/** States are what was decided, moves are facts; the move is the event in the journal. */
export const loopMachine = defineMachine('loop', {
  ready: { iteration_started: 'working', cancelled: 'cancelled' },
  working: {
    candidate_made: 'submitted',
    nothing_changed: 'ready',
    worker_lost: 'ready',
    cancelled: 'cancelled',
  },
  submitted: { verification_started: 'verifying', cancelled: 'cancelled' },
  verifying: {
    passed: 'verified',
    failed: 'ready',
    tampered: 'ready',
    inconclusive: 'submitted',
    cancelled: 'cancelled',
  },
  verified: {
    review_started: 'reviewing',
    /** Nobody could review it. */
    unreviewed: 'verified',
    merge_queued: 'merging',
    closed: 'closed',
    reopened: 'ready',
    cancelled: 'cancelled',
  },
  reviewing: { approved: 'verified', vetoed: 'ready', unreviewed: 'verified', cancelled: 'cancelled' },
  merging: { landed: 'landed', bounced: 'ready', withdrawn: 'verified', cancelled: 'cancelled' },
  landed: {},
  closed: {},
  cancelled: {},
});
export type LoopState = StateOf<typeof loopMachine>;
export type LoopMove = MoveOf<typeof loopMachine>;

export const holdKinds = ['paused', 'stuck', 'budget', 'rate_limited', 'backend', 'question'] as const;

/** Why a loop does not go on by itself now. Beside the state, so that releasing it resumes exactly where it was. */
export const Hold = z.strictObject({
  kind: z.enum(holdKinds),
  reason: z.string().max(2_000),
  since: z.number().int(),
  /** For rate_limited: goes on by itself from then on. */
  until: z.number().int().optional(),
  /** For question: which one. */
  question: Id.optional(),
});
export type Hold = z.infer<typeof Hold>;

export const priorities = ['low', 'normal', 'high'] as const;
export const isolations = ['worktree', 'in_place', 'auto'] as const;
export const busyPolicies = ['worktree', 'wait', 'fail'] as const;
export const modes = ['guided', 'auto'] as const;

/** What the caller decided when the loop was opened. */
export const LoopPlan = z.strictObject({
  goal: z.string().min(1).max(20_000),
  /** One line of the goal, for lists. */
  summary: z.string().min(1).max(120),
  /** Completion criteria beyond the checks, told to the worker; they decide nothing. */
  criteria: z.array(z.string().max(500)).max(20),
  /** The client and session that opened it. */
  owner: z.string().max(200),
  priority: z.enum(priorities),
  tags: z.array(z.string().min(1).max(40)).max(20),
  /** guided: the strategist asks for each iteration; auto: the keeper goes on by itself. */
  mode: z.enum(modes),
  checks: z.array(Check).min(1).max(20),
  failFast: z.boolean(),
  /** Checks of one verification that may run side by side; absent: as configured. */
  parallel: z.number().int().positive().optional(),
  backend: z.string(),
  /** Backends to fall back to when that one cannot work, in this order. */
  fallbacks: z.array(z.string()).max(20).optional(),
  /** Argument vector for the `command` backend. */
  command: z.array(z.string()).min(1).max(200).optional(),
  model: z.string().max(100).optional(),
  /** What workers may do without asking; absent is `work`. */
  permissions: z.enum(permissionModes).optional(),
  isolation: z.enum(isolations),
  onBusy: z.enum(busyPolicies),
  /** The checkout the loop was opened from. */
  checkout: z.strictObject({ path: z.string(), key: z.string() }),
  /** Commit the work starts from; pinned for the loop's life. */
  base: z.string(),
  /** Branch to land on; absent when HEAD was detached and none was named. */
  target: z.string().optional(),
  autoMerge: z.boolean(),
  /** A model of another provider looks at what passed, before it may land. */
  review: z.boolean().optional(),
  limits: Limits,
  /** Globs of protected files that may change, because that is the goal. */
  allowChanges: z.array(z.string().max(250)).max(50).optional(),
  /** A check whose failing tests all failed on the base too counts as passed. */
  ignorePreexisting: z.literal(true).optional(),
});
export type LoopPlan = z.infer<typeof LoopPlan>;

export const Workspace = z.strictObject({
  kind: z.enum(['worktree', 'in_place']),
  path: z.string(),
  /** Branch of a worktree of ours; an in-place loop leaves the user's branches alone. */
  branch: z.string().optional(),
  /** Lease under which the loop owns the working tree. */
  lease: z.strictObject({ resource: z.string(), epoch: z.number().int().positive() }),
});
export type Workspace = z.infer<typeof Workspace>;

export const Candidate = z.strictObject({
  commit: z.string(),
  tree: z.string(),
  iteration: z.number().int(),
});
export type Candidate = z.infer<typeof Candidate>;

export const outcomes = [...Verdict.options, 'nothing_changed', 'worker_lost', 'bounced', 'vetoed'] as const;

/** How one iteration ended: what progress is judged by, and what `history` shows. */
export const Outcome = z.strictObject({
  iteration: z.number().int(),
  result: z.enum(outcomes),
  at: z.number().int(),
  commit: z.string().optional(),
  tree: z.string().optional(),
  verification: Id.optional(),
  worker: Id.optional(),
  /** Same signature, same failure: see progress.ts. */
  signature: z.string().optional(),
  reason: z.string().max(2_000).optional(),
});
export type Outcome = z.infer<typeof Outcome>;

/**
 * Something the strategist or a person wants a worker to know: the next one, or with an id also the one that works, if
 * it can be told while it works.
 */
export const Message = z.strictObject({
  id: Id.optional(),
  text: z.string().max(8_000),
  by: z.string(),
  at: z.number().int(),
});
export type Message = z.infer<typeof Message>;

export const CancelRequest = z.strictObject({
  id: Id,
  reason: z.string().max(2_000),
  by: z.string(),
  at: z.number().int(),
  graceMs: z.number().int().nonnegative(),
  /** The work is not wanted either: its branch goes with it (a rescue ref stays). */
  discard: z.boolean(),
});

/** A backend that this loop leaves alone: its last failure would only be repeated. */
export const Bar = z.strictObject({
  backend: z.string(),
  class: z.enum(infrastructureClasses),
  /** Foreign text. */
  text: z.string().max(500),
  /** Absent: until a person lets the loop go on. */
  until: z.number().int().optional(),
});
export type Bar = z.infer<typeof Bar>;

export const Loop = LoopPlan.extend({
  id: Id,
  state: loopMachine.schema,
  openedAt: z.number().int(),
  updatedAt: z.number().int(),
  endedAt: z.number().int().optional(),
  hold: Hold.optional(),
  /** When a hold was last released: progress is judged from there on. */
  releasedAt: z.number().int().optional(),
  /** Guided loops: an iteration was asked for and has not started yet. */
  wanted: z.boolean(),
  cancel: CancelRequest.optional(),
  workspace: Workspace.optional(),
  baseline: z.strictObject({ verification: Id, verdict: Verdict.optional() }).optional(),
  /** Number of the newest iteration; 0 before the first. */
  iteration: z.number().int().nonnegative(),
  worker: Id.optional(),
  candidate: Candidate.optional(),
  /** Paths that carry conflict markers since the last bounce; a candidate must have resolved them. */
  conflicts: z.array(z.string()).optional(),
  /** Where the next iteration starts: the last candidate, or a merge with conflict markers to resolve. Default: base. */
  tip: z.string().optional(),
  verification: Id.optional(),
  entry: Id.optional(),
  /** The newest outcomes, oldest first; the whole story is in the journal. */
  outcomes: z.array(Outcome).max(50),
  spent: Spent,
  /**
   * Not yet worked on: the first `delivered` of them are with the present worker. They are done with when it ends its
   * turn by itself; otherwise they come back.
   */
  messages: z.array(Message),
  delivered: z.number().int().nonnegative(),
  /** Target commit that a bounced loop's work was merged with: from then on that is what it is compared with. */
  onto: z.string().optional(),
  /** Why auto_merge leaves the landing to a person. */
  byHand: z.string().max(2_000).optional(),
  /** The commit it landed as. */
  landed: z.string().optional(),
  /** The newest failure that nobody's work caused; gone when things go on. */
  trouble: z.string().max(2_000).optional(),
  /** Not before then: back-off after a failure that is not the work's fault. */
  notBefore: z.number().int().optional(),
  reviewed: Review.optional(),
  /** The present reviewer is of the author's own family, because no other was there. */
  reviewerIsKin: z.boolean().optional(),
  barred: z.array(Bar).max(20).optional(),
  /** What became of worktree and branch after the end. */
  tidied: z.strictObject({ removed: z.array(z.string()), kept: z.array(z.string()) }).optional(),
});
export type Loop = z.infer<typeof Loop>;

export function isEnded(loop: Pick<Loop, 'state'>): boolean {
  return loopMachine.isEnd(loop.state);
}

/** The backends a loop may use, the one it was opened for first. */
export function preferences(loop: Pick<Loop, 'backend' | 'fallbacks'>): readonly string[] {
  return [...new Set([loop.backend, ...(loop.fallbacks ?? [])])];
}
