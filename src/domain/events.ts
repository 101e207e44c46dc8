import * as z from 'zod';
import { Id } from './ids.ts';
import { leaseEvents } from './lease.ts';
import { loopEvents } from './loop-events.ts';
import { mergeEvents } from './merge.ts';
import { questionEvents } from './question.ts';
import { verificationEvents } from './verification/verification.ts';
import { backendEvents } from './worker/backend-health.ts';
import { workerEvents } from './worker/worker.ts';

/** Something learned, kept for later iterations and for other loops. */
export const Note = z.strictObject({
  id: Id,
  loop: Id.optional(),
  text: z.string().min(1).max(2_000),
  at: z.number().int(),
});
export type Note = z.infer<typeof Note>;

const noteEvents = [
  z.strictObject({ type: z.literal('note.remembered'), note: Note.omit({ at: true }) }),
  z.strictObject({ type: z.literal('note.forgotten'), id: Id }),
] as const;

const requestEvents = [
  /** A keyed request was answered; the same key gets the same answer again. */
  z.strictObject({
    type: z.literal('request.answered'),
    key: z.string().max(200),
    tool: z.string(),
    answer: z.string(),
  }),
] as const;

/** Every fact a yard can record. The name before the dot is the noun it changes. */
export const YardEvent = z.discriminatedUnion('type', [
  ...loopEvents,
  ...workerEvents,
  ...verificationEvents,
  ...mergeEvents,
  ...questionEvents,
  ...leaseEvents,
  ...noteEvents,
  ...requestEvents,
  ...backendEvents,
]);
export type YardEvent = z.infer<typeof YardEvent>;
