import * as z from 'zod';
import { Id } from '../ids.ts';

/** A run is one supervised command: a worker or one check. Its id names its directory. */
export const RunId = Id;
export type RunId = string;

/** Why it ended: the first cause wins, whatever happened afterwards. */
export const endCauses = [
  'exited',
  'signalled',
  'timed_out',
  'stopped',
  /** It gave no sign of life for too long. */
  'stalled',
  /** Its service refused it for so long that it was ended: a limit, too much load. */
  'kept_waiting',
  'not_started',
  'lost',
] as const;

/** More are not named: whoever has so many looks at the process table himself. */
export const mostSurvivors = 20;

export const RunEnd = z.strictObject({
  cause: z.enum(endCauses),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  /** In plain words, when the command could not be started: `spawn npmm ENOENT`. Foreign text. */
  detail: z.string().max(500).optional(),
  startedAt: z.number().int(),
  endedAt: z.number().int(),
  /** Bytes printed in all, kept or not. */
  bytes: z.number().int().nonnegative(),
  /** Processes of the tree that outlived every attempt to stop them, as `<pid> <name>`. Absent is none. */
  survivors: z.array(z.string().max(100)).max(mostSurvivors).optional(),
  /** The most memory the tree was seen to hold, resident. Absent is unknown: too short to be looked at. */
  peakRssBytes: z.number().int().positive().optional(),
  /** It was killed while the system was ending processes because memory ran out. */
  outOfMemory: z.literal(true).optional(),
});
export type RunEnd = z.infer<typeof RunEnd>;

export const Usage = z.strictObject({
  inputTokens: z.number().int().nonnegative().optional(),
  outputTokens: z.number().int().nonnegative().optional(),
  costUsd: z.number().nonnegative().optional(),
});
/** What a backend reported. Absent is unknown, never zero. */
export type Usage = z.infer<typeof Usage>;

/** Classes of failure that are not the work's fault; each has its own reaction. */
export const infrastructureClasses = [
  'authentication',
  'quota',
  'rate_limit',
  'overloaded',
  'context_too_long',
  'model_unknown',
  'network',
  /** It gave no sign of life, and said no word about why. */
  'hang',
  'other',
] as const;
export type InfrastructureClass = (typeof infrastructureClasses)[number];

/** The small closed set of things a backend can say, whatever its own lines look like. */
export const Fact = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('session'), id: z.string() }),
  z.strictObject({ type: z.literal('said'), text: z.string() }),
  z.strictObject({ type: z.literal('tool'), name: z.string() }),
  z.strictObject({ type: z.literal('denied'), what: z.string() }),
  z.strictObject({ type: z.literal('usage'), usage: Usage }),
  z.strictObject({ type: z.literal('retrying'), class: z.enum(infrastructureClasses), text: z.string() }),
  /** Final: the backend gave up. `resetAt` in milliseconds since 1970 where it told. */
  z.strictObject({
    type: z.literal('fatal'),
    class: z.enum(infrastructureClasses),
    text: z.string(),
    resetAt: z.number().int().optional(),
  }),
  z.strictObject({ type: z.literal('finished'), text: z.string() }),
  /** An echo of what was told to it while it works: no sign of life. `taken`: its model has it, or is about to. */
  z.strictObject({ type: z.literal('word'), id: z.string(), state: z.enum(['queued', 'taken']) }),
]);
export type Fact = z.infer<typeof Fact>;

/** Did its backend tell of something that it said, did or used? */
export function hasActed(facts: readonly Fact[]): boolean {
  return facts.some((fact) => {
    switch (fact.type) {
      case 'said':
      case 'tool':
      case 'finished':
        return true;
      case 'usage':
        return Object.values(fact.usage).some((amount = 0) => amount > 0);
      default:
        return false;
    }
  });
}

/** Usage of several reports added up; a figure nobody reported stays unknown. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum: Usage = {};
  for (const key of ['inputTokens', 'outputTokens', 'costUsd'] as const) {
    const known = [a[key], b[key]].filter((value) => value !== undefined);
    if (known.length > 0) sum[key] = known.reduce((total, value) => total + value, 0);
  }
  return sum;
}

/**
 * What a worker may do without asking, since nobody is there to be asked.
 *
 * - `read_only`: look, but change nothing; for a reviewer.
 * - `work`: edit its worktree and its context folder and run commands; the narrowest way that can do the work.
 * - `skip_all`: whatever the program can do, with every approval of its own switched off.
 */
export const permissionModes = ['read_only', 'work', 'skip_all'] as const;
export type Permissions = (typeof permissionModes)[number];
