import * as z from 'zod';
import { Id } from './ids.ts';
import { defineMachine, type MoveOf } from './machine.ts';

/**
 * `queued` → `executing` (one per target; the result is built and verified) → an end. `outrun`: the target moved first,
 * so the entry is queued again. `waiting`: verified, but the target is checked out somewhere with uncommitted work;
 * the result is kept under a ref and a person takes it.
 */
export const mergeMachine = defineMachine('merge entry', {
  queued: { started: 'executing', withdrawn: 'withdrawn' },
  executing: {
    landed: 'landed',
    bounced: 'bounced',
    outrun: 'queued',
    refenced: 'executing',
    parked: 'waiting',
    withdrawn: 'withdrawn',
  },
  waiting: { landed: 'landed', retried: 'queued', withdrawn: 'withdrawn' },
  landed: {},
  bounced: {},
  withdrawn: {},
});
export type MergeMove = MoveOf<typeof mergeMachine>;

export const MergeEntry = z.strictObject({
  id: Id,
  state: mergeMachine.schema,
  loop: Id,
  /** Branch name without refs/heads/. */
  target: z.string(),
  candidate: z.string(),
  queuedAt: z.number().int(),
  /** Fencing token: the epoch of the keeper that executes it. */
  epoch: z.number().int().nonnegative(),
  /** The merge result that was built, and the target it was built on. Recorded before the target is moved. */
  built: z.strictObject({ result: z.string(), onto: z.string(), verification: Id.optional() }).optional(),
  /** Where the target was before it moved, for undo. */
  before: z.string().optional(),
  result: z.string().optional(),
  /** Ref under which a waiting result is kept. */
  keptAt: z.string().optional(),
  reason: z.string().optional(),
  endedAt: z.number().int().optional(),
});
export type MergeEntry = z.infer<typeof MergeEntry>;

export const mergeEvents = [
  z.strictObject({
    type: z.literal('merge.queued'),
    entry: MergeEntry.pick({ id: true, loop: true, target: true, candidate: true }),
  }),
  z.strictObject({ type: z.literal('merge.started'), id: Id, epoch: z.number().int().positive() }),
  z.strictObject({
    type: z.literal('merge.built'),
    id: Id,
    result: z.string(),
    onto: z.string(),
    verification: Id.optional(),
  }),
  z.strictObject({
    type: z.literal('merge.landed'),
    id: Id,
    result: z.string(),
    before: z.string(),
    note: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('merge.bounced'), id: Id, reason: z.string() }),
  z.strictObject({ type: z.literal('merge.outrun'), id: Id }),
  /** A later keeper goes on with it; from here on the earlier one can no longer move the target. */
  z.strictObject({ type: z.literal('merge.refenced'), id: Id, epoch: z.number().int().positive() }),
  z.strictObject({ type: z.literal('merge.parked'), id: Id, keptAt: z.string(), reason: z.string() }),
  z.strictObject({ type: z.literal('merge.retried'), id: Id }),
  z.strictObject({ type: z.literal('merge.withdrawn'), id: Id, reason: z.string() }),
] as const;
export type MergeEvent = z.infer<(typeof mergeEvents)[number]>;

export function applyToMerge(
  entry: MergeEntry | undefined,
  event: MergeEvent,
  at: number,
): MergeEntry | undefined {
  if (event.type === 'merge.queued') return { ...event.entry, state: 'queued', queuedAt: at, epoch: 0 };
  if (!entry) return undefined;
  const { built: _stale, ...unbuilt } = entry;
  switch (event.type) {
    case 'merge.started':
      return { ...unbuilt, state: mergeMachine.step(entry.state, 'started'), epoch: event.epoch };
    case 'merge.built': {
      const { result, onto, verification } = event;
      return { ...entry, built: { result, onto, ...(verification === undefined ? {} : { verification }) } };
    }
    case 'merge.landed': {
      const { reason: _past, keptAt: _taken, ...clean } = entry;
      const { result, before, note } = event;
      const state = mergeMachine.step(entry.state, 'landed');
      return {
        ...clean,
        state,
        result,
        before,
        endedAt: at,
        ...(note === undefined ? {} : { reason: note }),
      };
    }
    case 'merge.bounced':
      return {
        ...entry,
        state: mergeMachine.step(entry.state, 'bounced'),
        reason: event.reason,
        endedAt: at,
      };
    case 'merge.outrun':
      return { ...unbuilt, state: mergeMachine.step(entry.state, 'outrun') };
    case 'merge.refenced':
      return { ...entry, state: mergeMachine.step(entry.state, 'refenced'), epoch: event.epoch };
    case 'merge.parked':
      return {
        ...entry,
        state: mergeMachine.step(entry.state, 'parked'),
        keptAt: event.keptAt,
        reason: event.reason,
      };
    case 'merge.retried':
      return { ...unbuilt, state: mergeMachine.step(entry.state, 'retried') };
    case 'merge.withdrawn':
      return {
        ...entry,
        state: mergeMachine.step(entry.state, 'withdrawn'),
        reason: event.reason,
        endedAt: at,
      };
  }
}
