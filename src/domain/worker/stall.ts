import * as z from 'zod';

/** What was noticed about a worker that is quiet, in this order: nothing is skipped, each is noted once per spell. */
export const quietLevels = ['noted', 'warned', 'given_up'] as const;
export type QuietLevel = (typeof quietLevels)[number];

/** A spell of silence, as far as it was acted on. It is over when a sign of life is younger than `at`. */
export const Quiet = z.strictObject({
  level: z.enum(quietLevels),
  /** Last sign of life. */
  since: z.number().int(),
  at: z.number().int(),
  /** It was asked whether it is still there. */
  nudged: z.literal(true).optional(),
});
export type Quiet = z.infer<typeof Quiet>;

/** What tells that a worker lives, each in milliseconds since 1970. Absent: nothing of the kind was seen. */
export interface Signs {
  readonly startedAt: number;
  /** Whoever judges has been looking since then: after sleep or a restart nobody is judged by what was before. */
  readonly watchedSince: number;
  /** It said something that is more than "I try again". */
  readonly heardAt?: number | undefined;
  /** Its processes used CPU time. */
  readonly busyAt?: number | undefined;
  /** A file of its tree changed. */
  readonly changedAt?: number | undefined;
  /** A command it started after it last said something still runs, since then. */
  readonly toolSince?: number | undefined;
}

/** A tool call may be silent for so many periods before the silence counts as the worker's. */
const toolPeriods = 2;

/** Since when there was no sign of life, in whole milliseconds. A running command is one, for a while. */
export function quietSince(signs: Signs, now: number, periodMs: number): number {
  const { startedAt, watchedSince, heardAt = 0, busyAt = 0, changedAt = 0, toolSince } = signs;
  const tool = toolSince === undefined ? 0 : Math.min(now, toolSince + toolPeriods * periodMs);
  // The times of files have fractions, and what is recorded has none.
  return Math.floor(Math.min(now, Math.max(startedAt, watchedSince, heardAt, busyAt, changedAt, tool)));
}

/** The rungs are this far apart. One that has done nothing yet loses nothing: for it the whole ladder is one period. */
export function rungMs(periodMs: number, hasActed: boolean): number {
  return hasActed ? periodMs : periodMs / quietLevels.length;
}

/**
 * The next rung of the ladder, or undefined while it is not due: the first silence is noted, the second is told to the
 * session, the third ends the worker, if it `mayEnd` (a command that never printed anything may just be one that does
 * not).
 */
export function rungDue(
  quiet: Quiet | undefined,
  since: number,
  now: number,
  { everyMs, mayEnd }: { everyMs: number; mayEnd: boolean },
): QuietLevel | undefined {
  const isSame = quiet !== undefined && since <= quiet.at;
  const reached = isSame ? quietLevels.indexOf(quiet.level) + 1 : 0;
  const level = quietLevels[reached];
  if (level === undefined || (level === 'given_up' && !mayEnd)) return undefined;
  return now - since >= (reached + 1) * everyMs ? level : undefined;
}
