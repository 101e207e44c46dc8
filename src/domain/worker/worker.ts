import * as z from 'zod';
import { Id } from '../ids.ts';
import { defineMachine, type MoveOf } from '../machine.ts';
import { infrastructureClasses, RunEnd, Usage } from './run.ts';
import { Quiet } from './stall.ts';

export const workerMachine = defineMachine('worker', {
  starting: { started: 'running', stop_requested: 'stopping', ended: 'ended' },
  running: { stop_requested: 'stopping', ended: 'ended' },
  stopping: { stop_requested: 'stopping', ended: 'ended' },
  ended: {},
});
export type WorkerMove = MoveOf<typeof workerMachine>;

/** A structured wish that a worker ends: it can see it, acknowledge it, and finish its thought within the grace. */
export const StopRequest = z.strictObject({
  id: Id,
  reason: z.string().max(2_000),
  by: z.string(),
  at: z.number().int(),
  /** Milliseconds from `at` until the worker's process tree is ended. Zero: at once. */
  graceMs: z.number().int().nonnegative(),
  acknowledgedAt: z.number().int().optional(),
});
export type StopRequest = z.infer<typeof StopRequest>;

/** How a worker's turn went, as far as anybody but the checks can tell. */
export const WorkerEnd = z.strictObject({
  run: RunEnd,
  /** Its last words. Foreign text. */
  said: z.string().max(2_000).optional(),
  usage: Usage,
  session: z.string().optional(),
  /** Its backend told of something it said, did or used. Absent: it did not, or cannot tell. */
  acted: z.literal(true).optional(),
  /** Set when it ended through no fault of the work. */
  infrastructure: z
    .strictObject({
      class: z.enum(infrastructureClasses),
      text: z.string().max(500),
      resetAt: z.number().int().optional(),
    })
    .optional(),
  /** What it was refused by its own permission mode, while it reported success. Foreign text. */
  denied: z.array(z.string().max(200)).max(20),
  /** Pids that outlived the stop, with their names. */
  survivors: z.array(z.string()),
});
export type WorkerEnd = z.infer<typeof WorkerEnd>;

/** The session of an earlier worker that this one goes on with. */
export const Resumed = z.strictObject({
  session: z.string().max(200),
  /** That worker. */
  of: Id,
  /** What interrupted it. */
  why: z.enum(infrastructureClasses),
});
export type Resumed = z.infer<typeof Resumed>;

/** The id of a worker is the id of its run. */
export const Worker = z.strictObject({
  id: Id,
  state: workerMachine.schema,
  loop: Id,
  iteration: z.number().int().positive(),
  backend: z.string(),
  /** Absent: it works. */
  role: z.literal('reviewer').optional(),
  /** What people call it; unique among the living. */
  name: z.string().max(40).optional(),
  startedAt: z.number().int(),
  stop: StopRequest.optional(),
  /** The worker's newest report about itself. Foreign text. */
  reported: z.strictObject({ text: z.string().max(2_000), at: z.number().int() }).optional(),
  /** First of the block of ports that are its own while it lives. */
  ports: z.number().int().positive().optional(),
  /** What it will probably use: other starts leave room for it until it has ended. */
  reserved: Usage.optional(),
  /** What was noticed about its silence, in its newest spell. */
  quiet: Quiet.optional(),
  /** The lease of the working tree it was started in. */
  tree: z.strictObject({ resource: z.string(), epoch: z.number().int().positive() }).optional(),
  resumed: Resumed.optional(),
  /** It had printed nothing at all 30 s after its start. */
  unheard: z.literal(true).optional(),
  end: WorkerEnd.optional(),
  endedAt: z.number().int().optional(),
});
export type Worker = z.infer<typeof Worker>;

export const workerEvents = [
  /** The intent, recorded before anything is started. */
  z.strictObject({
    type: z.literal('worker.starting'),
    worker: Worker.omit({ state: true, startedAt: true }),
  }),
  z.strictObject({ type: z.literal('worker.started'), id: Id }),
  z.strictObject({ type: z.literal('worker.ports_leased'), id: Id, ports: z.number().int().positive() }),
  z.strictObject({
    type: z.literal('worker.stop_requested'),
    id: Id,
    request: StopRequest.omit({ at: true }),
  }),
  z.strictObject({ type: z.literal('worker.stop_acknowledged'), id: Id, request: Id }),
  z.strictObject({ type: z.literal('worker.reported'), id: Id, text: z.string().max(2_000) }),
  z.strictObject({
    type: z.literal('worker.quiet'),
    id: Id,
    ...Quiet.omit({ at: true }).shape,
    reason: z.string().max(200),
  }),
  z.strictObject({ type: z.literal('worker.unheard'), id: Id }),
  z.strictObject({ type: z.literal('worker.ended'), id: Id, end: WorkerEnd }),
] as const;
export type WorkerEvent = z.infer<(typeof workerEvents)[number]>;

export function applyToWorker(
  worker: Worker | undefined,
  event: WorkerEvent,
  at: number,
): Worker | undefined {
  if (event.type === 'worker.starting') return { ...event.worker, state: 'starting', startedAt: at };
  if (!worker) return undefined;
  switch (event.type) {
    case 'worker.started':
      return { ...worker, state: workerMachine.step(worker.state, 'started') };
    case 'worker.ports_leased':
      return { ...worker, ports: event.ports };
    case 'worker.stop_requested':
      return {
        ...worker,
        state: workerMachine.step(worker.state, 'stop_requested'),
        stop: { ...event.request, at },
      };
    case 'worker.stop_acknowledged':
      if (worker.stop?.id !== event.request) return worker;
      return { ...worker, stop: { ...worker.stop, acknowledgedAt: at } };
    case 'worker.reported':
      return { ...worker, reported: { text: event.text, at } };
    case 'worker.quiet':
      return {
        ...worker,
        quiet: { level: event.level, since: event.since, at, ...(event.nudged ? { nudged: true } : {}) },
      };
    case 'worker.unheard':
      return { ...worker, unheard: true };
    case 'worker.ended':
      return { ...worker, state: workerMachine.step(worker.state, 'ended'), end: event.end, endedAt: at };
  }
}
