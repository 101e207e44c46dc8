import * as z from 'zod';
import { LoopyardError } from './errors.ts';
import { Note, type YardEvent } from './events.ts';
import { SeqSchema } from './journal/journal.ts';
import { applyToLease, Lease } from './lease.ts';
import { isEnded, Loop, preferences } from './loop.ts';
import { applyToLoop } from './loop-apply.ts';
import { applyToMerge, MergeEntry } from './merge.ts';
import { applyToQuestion, Question } from './question.ts';
import { applyToVerification, Verification } from './verification/verification.ts';
import { applyToBackend, BackendHealth, healthOf } from './worker/backend-health.ts';
import { Spending, spend } from './worker/spending.ts';
import { applyToWorker, Worker } from './worker/worker.ts';

/** Answers to keyed requests that are kept, so that a repeated call gets the same answer. */
const keptRequests = 1_024;
const keptNotes = 500;

/**
 * Everything coordinated in one repository, as a value. It changes only by events, so the journal *is* the yard, and
 * every process that reads the same records holds the same yard.
 */
export const Yard = z.strictObject({
  /** Sequence number of the last transaction applied. */
  seq: SeqSchema,
  /** Time of the last transaction. */
  at: z.number().int(),
  /** Live loops and those just ended; older ones are in the archive. */
  loops: z.record(z.string(), Loop),
  workers: z.record(z.string(), Worker),
  verifications: z.record(z.string(), Verification),
  merges: z.record(z.string(), MergeEntry),
  questions: z.record(z.string(), Question),
  leases: z.record(z.string(), Lease),
  /** Backends that failed since they last worked. */
  backends: z.record(z.string(), BackendHealth).default({}),
  notes: z.array(Note),
  requests: z.array(z.strictObject({ key: z.string(), tool: z.string(), answer: z.string() })),
  /** Absent while no backend told of anything. */
  spending: Spending.optional(),
  /** Loops ever opened, and how they ended. */
  totals: z.strictObject({
    opened: z.number().int(),
    landed: z.number().int(),
    closed: z.number().int(),
    cancelled: z.number().int(),
  }),
});
export type Yard = z.infer<typeof Yard>;

export const emptyYard: Yard = {
  seq: 0,
  at: 0,
  loops: {},
  workers: {},
  verifications: {},
  merges: {},
  questions: {},
  leases: {},
  backends: {},
  notes: [],
  requests: [],
  totals: { opened: 0, landed: 0, closed: 0, cancelled: 0 },
};

/** The yard after one event. Pure; throws when a table forbids the event or its subject does not exist. */
export function apply(yard: Yard, event: YardEvent, at: number): Yard {
  switch (event.type) {
    case 'note.remembered':
      return { ...yard, notes: [...yard.notes, { ...event.note, at }].slice(-keptNotes) };
    case 'note.forgotten':
      return { ...yard, notes: yard.notes.filter((note) => note.id !== event.id) };
    case 'request.answered': {
      const { key, tool, answer } = event;
      return { ...yard, requests: [...yard.requests, { key, tool, answer }].slice(-keptRequests) };
    }
    case 'lease.taken':
    case 'lease.released':
      return {
        ...yard,
        leases: put(yard.leases, event.resource, applyToLease(yard.leases[event.resource], event, at)),
      };
    case 'question.asked':
      return {
        ...yard,
        questions: put(
          yard.questions,
          fresh('question', yard.questions, event.question.id),
          applyToQuestion(undefined, event, at),
        ),
      };
    case 'verification.requested': {
      const id = fresh('verification', yard.verifications, event.verification.id);
      return {
        ...yard,
        verifications: put(yard.verifications, id, applyToVerification(undefined, event, at)),
      };
    }
    case 'worker.starting': {
      const id = fresh('worker', yard.workers, event.worker.id);
      return { ...yard, workers: put(yard.workers, id, applyToWorker(undefined, event, at)) };
    }
    case 'merge.queued': {
      const id = fresh('merge entry', yard.merges, event.entry.id);
      return { ...yard, merges: put(yard.merges, id, applyToMerge(undefined, event, at)) };
    }
    case 'loop.opened': {
      const id = fresh('loop', yard.loops, event.id);
      const totals = { ...yard.totals, opened: yard.totals.opened + 1 };
      return { ...yard, totals, loops: put(yard.loops, id, applyToLoop(undefined, event, at)) };
    }
    case 'backend.failed':
    case 'backend.rested':
    case 'backend.recovered': {
      const health = applyToBackend(healthOf(yard, event.backend), event, at);
      return { ...yard, backends: put(yard.backends, event.backend, health) };
    }
    case 'loop.archived':
      return archive(yard, event.id);
    default:
      return applyToExisting(yard, event, at);
  }
}

type Existing = Exclude<
  YardEvent,
  {
    type:
      | 'note.remembered'
      | 'note.forgotten'
      | 'request.answered'
      | 'lease.taken'
      | 'lease.released'
      | 'question.asked'
      | 'verification.requested'
      | 'worker.starting'
      | 'merge.queued'
      | 'loop.opened'
      | 'loop.archived'
      | 'backend.failed'
      | 'backend.rested'
      | 'backend.recovered';
  }
>;

function applyToExisting(yard: Yard, event: Existing, at: number): Yard {
  const { id } = event;
  if (isAbout('loop', event)) {
    const after = applyToLoop(existing('loop', yard.loops, id), event, at);
    const backends = event.type === 'loop.released' ? trials(yard, id, at) : yard.backends;
    const spending = 'usage' in event ? spend(yard.spending, event.usage, at) : yard.spending;
    const loops = put(yard.loops, id, after);
    return {
      ...yard,
      backends,
      loops,
      ...(spending ? { spending } : {}),
      totals: counted(yard.totals, after),
    };
  }
  if (isAbout('worker', event)) {
    return {
      ...yard,
      workers: put(yard.workers, id, applyToWorker(existing('worker', yard.workers, id), event, at)),
    };
  }
  if (isAbout('verification', event)) {
    const before = existing('verification', yard.verifications, id);
    return { ...yard, verifications: put(yard.verifications, id, applyToVerification(before, event, at)) };
  }
  if (isAbout('merge', event)) {
    return {
      ...yard,
      merges: put(yard.merges, id, applyToMerge(existing('merge entry', yard.merges, id), event, at)),
    };
  }
  const before = existing('question', yard.questions, id);
  return { ...yard, questions: put(yard.questions, id, applyToQuestion(before, event, at)) };

  function counted(totals: Yard['totals'], loop: Loop | undefined): Yard['totals'] {
    if (!loop || !isEnded(loop) || isEnded(yard.loops[id] ?? loop)) return totals;
    const outcome = loop.state as 'landed' | 'closed' | 'cancelled';
    return { ...totals, [outcome]: totals[outcome] + 1 };
  }
}

/** A person who lets a loop go on after failures has mended something: its backends get their trial now. */
function trials(yard: Yard, id: string, at: number): Yard['backends'] {
  const loop = yard.loops[id];
  if (loop?.hold?.kind !== 'budget' && loop?.hold?.kind !== 'backend') return yard.backends;
  const its = preferences(loop);
  return Object.fromEntries(
    Object.entries(yard.backends).map(([backend, health]) => {
      const rests = its.includes(backend) && (health.restsUntil ?? at) > at;
      return [backend, rests ? { ...health, restsUntil: at } : health];
    }),
  );
}

function isAbout<Noun extends string, E extends { type: string }>(
  noun: Noun,
  event: E,
): event is Extract<E, { type: `${Noun}.${string}` }> {
  return event.type.startsWith(`${noun}.`);
}

function existing<T>(noun: string, records: Readonly<Record<string, T>>, id: string): T {
  const record = Object.hasOwn(records, id) ? records[id] : undefined;
  if (record === undefined) throw new LoopyardError('UNKNOWN_ID', `There is no ${noun} "${id}".`, { id });
  return record;
}

/** An id that is not taken: a second beginning would call back a record that has ended. */
function fresh(noun: string, records: Readonly<Record<string, unknown>>, id: string): string {
  if (!Object.hasOwn(records, id)) return id;
  throw new LoopyardError('INVALID_ARGUMENT', `There is a ${noun} "${id}" already.`, { id });
}

function put<T>(
  records: Readonly<Record<string, T>>,
  key: string,
  value: NoInfer<T> | undefined,
): Record<string, T> {
  if (value !== undefined) return { ...records, [key]: value };
  const { [key]: _, ...rest } = records;
  return rest;
}

/** An ended loop leaves together with everything that belonged to it. */
function archive(yard: Yard, id: string): Yard {
  const loop = existing('loop', yard.loops, id);
  if (!isEnded(loop)) {
    throw new LoopyardError('WRONG_STATE', `The loop "${id}" is ${loop.state} and cannot be archived.`, {
      id,
    });
  }
  const others = <T extends { loop?: string | undefined }>(
    records: Readonly<Record<string, T>>,
  ): Record<string, T> =>
    Object.fromEntries(Object.entries(records).filter(([, record]) => record.loop !== id));
  return {
    ...yard,
    loops: put(yard.loops, id, undefined),
    workers: others(yard.workers),
    verifications: others(yard.verifications),
    merges: others(yard.merges),
    questions: others(yard.questions),
  };
}

/** Loops that take a slot: everything that has not ended. */
export function liveLoops(yard: Yard): readonly Loop[] {
  return Object.values(yard.loops).filter((loop) => !isEnded(loop));
}
