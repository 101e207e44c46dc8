import * as z from 'zod';
import { Id } from './ids.ts';
import {
  Bar,
  CancelRequest,
  Candidate,
  Hold,
  LoopPlan,
  Message,
  modes,
  priorities,
  Workspace,
} from './loop.ts';
import { Verdict } from './verification/verification.ts';
import { Limits } from './worker/budget.ts';
import { Review } from './worker/review.ts';
import { Usage } from './worker/run.ts';

const reason = z.string().max(2_000);
const signature = z.string().optional();
/** The worker did not end its turn by itself, so what it was told is told again. */
const unfinished = z.literal(true).optional();

export const loopEvents = [
  z.strictObject({ type: z.literal('loop.opened'), id: Id, plan: LoopPlan, wanted: z.boolean() }),
  z.strictObject({ type: z.literal('loop.workspace_prepared'), id: Id, workspace: Workspace }),
  z.strictObject({ type: z.literal('loop.workspace_lost'), id: Id, reason }),
  z.strictObject({ type: z.literal('loop.baseline_requested'), id: Id, verification: Id }),
  z.strictObject({ type: z.literal('loop.baseline_judged'), id: Id, verification: Id, verdict: Verdict }),
  z.strictObject({ type: z.literal('loop.iteration_wanted'), id: Id }),
  z.strictObject({
    type: z.literal('loop.iteration_started'),
    id: Id,
    iteration: z.number().int(),
    worker: Id,
  }),
  z.strictObject({
    type: z.literal('loop.candidate_made'),
    id: Id,
    candidate: Candidate,
    usage: Usage,
    unfinished,
  }),
  z.strictObject({ type: z.literal('loop.nothing_changed'), id: Id, reason, usage: Usage, unfinished }),
  /** The worker ended through no fault of the work: the iteration is given back. */
  z.strictObject({
    type: z.literal('loop.worker_lost'),
    id: Id,
    reason,
    usage: Usage,
    notBefore: z.number().int().optional(),
    bar: Bar.optional(),
    /** It is no failure either: it could not go on with a session, and the next one starts afresh. */
    uncounted: z.literal(true).optional(),
  }),
  z.strictObject({ type: z.literal('loop.verification_started'), id: Id, verification: Id }),
  z.strictObject({ type: z.literal('loop.passed'), id: Id, verification: Id, byHand: reason.optional() }),
  z.strictObject({
    type: z.literal('loop.failed'),
    id: Id,
    verification: Id,
    signature,
    reason: reason.optional(),
  }),
  z.strictObject({ type: z.literal('loop.tampered'), id: Id, verification: Id, reason, signature }),
  z.strictObject({
    type: z.literal('loop.inconclusive'),
    id: Id,
    verification: Id,
    reason,
    notBefore: z.number().int().optional(),
  }),
  z.strictObject({
    type: z.literal('loop.infrastructure_failed'),
    id: Id,
    reason,
    notBefore: z.number().int(),
  }),
  z.strictObject({ type: z.literal('loop.review_started'), id: Id, worker: Id, sameFamily: z.boolean() }),
  z.strictObject({ type: z.literal('loop.approved'), id: Id, review: Review, usage: Usage }),
  z.strictObject({ type: z.literal('loop.vetoed'), id: Id, review: Review, usage: Usage }),
  /** There was no opinion; the candidate stays what its checks made it. */
  z.strictObject({ type: z.literal('loop.unreviewed'), id: Id, review: Review, usage: Usage }),
  z.strictObject({ type: z.literal('loop.merge_queued'), id: Id, entry: Id }),
  z.strictObject({ type: z.literal('loop.landed'), id: Id, commit: z.string() }),
  /** `tip`: the merge to go on from, with conflict markers, or clean with a `verification` it did not pass. */
  z.strictObject({
    type: z.literal('loop.bounced'),
    id: Id,
    reason,
    tip: z.string().optional(),
    conflicts: z.array(z.string()).optional(),
    verification: Id.optional(),
    /** The target commit that `tip` contains. */
    onto: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('loop.withdrawn'), id: Id, reason }),
  z.strictObject({ type: z.literal('loop.closed'), id: Id, reason }),
  z.strictObject({ type: z.literal('loop.reopened'), id: Id, reason }),
  z.strictObject({
    type: z.literal('loop.cancel_requested'),
    id: Id,
    request: CancelRequest.omit({ at: true }),
  }),
  z.strictObject({ type: z.literal('loop.cancelled'), id: Id, reason }),
  z.strictObject({ type: z.literal('loop.held'), id: Id, hold: Hold.omit({ since: true }) }),
  z.strictObject({ type: z.literal('loop.released'), id: Id, reason }),
  z.strictObject({
    type: z.literal('loop.updated'),
    id: Id,
    changes: z.strictObject({
      summary: LoopPlan.shape.summary.optional(),
      owner: LoopPlan.shape.owner.optional(),
      priority: z.enum(priorities).optional(),
      tags: LoopPlan.shape.tags.optional(),
      criteria: LoopPlan.shape.criteria.optional(),
      mode: z.enum(modes).optional(),
      autoMerge: z.boolean().optional(),
      target: z.string().optional(),
      limits: Limits.partial().optional(),
    }),
  }),
  z.strictObject({ type: z.literal('loop.told'), id: Id, message: Message.omit({ at: true }) }),
  /** The running worker took it up. */
  z.strictObject({ type: z.literal('loop.message_taken'), id: Id, message: Id }),
  z.strictObject({
    type: z.literal('loop.tidied'),
    id: Id,
    removed: z.array(z.string()),
    kept: z.array(z.string()),
  }),
  /** Leaves the live state; its last record is in the archive by then. */
  z.strictObject({ type: z.literal('loop.archived'), id: Id }),
] as const;
export type LoopEvent = z.infer<(typeof loopEvents)[number]>;
