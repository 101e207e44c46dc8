import * as z from 'zod';
import { defaultLimits, Limits } from './budget.ts';

const minutes = z.number().positive();

/**
 * What a person may set, with its defaults. Read from the user's file and environment, never from the repository: its
 * content cannot run a command through loopyard or loosen a limit.
 */
export const Config = z.strictObject({
  /** Live loops per yard before start_loop asks for force. Each more adds n(n-1)/2 paths to coordinate. */
  max_loops: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(4)
    .describe('live loops per yard before start_loop refuses'),
  /** Verifications that run side by side. */
  max_verifications: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe('verifications that run side by side'),
  limits: Limits.partial().default({}).describe('default budget of a loop; see start_loop'),
  check_timeout_minutes: minutes.default(10).describe('wall clock of one check'),
  stop_grace_seconds: z
    .number()
    .min(0)
    .max(600)
    .default(10)
    .describe('from asking a worker to stop to ending its process tree'),
  question_timeout_minutes: minutes
    .default(60)
    .describe('after that an unanswered question is withdrawn and the loop goes on'),
  keeper_idle_seconds: z
    .number()
    .min(1)
    .max(86_400)
    .default(60)
    .describe('how long the keeper stays when nothing is left to do'),
  archive_after_minutes: z.number().min(0).default(60).describe('how long an ended loop stays in the lists'),
  /** Absolute folder for worktrees, rooms and context files. */
  place: z
    .string()
    .optional()
    .describe('folder for worktrees; default: the user state folder, outside every checkout'),
  worker_env: z
    .array(z.string())
    .default([])
    .describe('names of environment variables workers get beside the common ones'),
  check_env: z
    .array(z.string())
    .default([])
    .describe('names of environment variables checks get beside the common ones'),
  backend: z.string().optional().describe('backend of a loop that names none'),
  checks: z
    .record(z.string(), z.string())
    .default({})
    .describe('named checks: start_loop and verify accept these names instead of a command line'),
});
export type Config = z.infer<typeof Config>;

export const defaultConfig: Config = Config.parse({});

/** The budget of a loop for which the caller said only `asked`. */
export function limitsFor(config: Config, asked: Partial<Limits>): Limits {
  // A field that a parser left as undefined was not asked for.
  const named = Object.entries(asked).filter(([, value]) => value !== undefined);
  return Limits.parse({ ...defaultLimits, ...config.limits, ...Object.fromEntries(named) });
}
