import * as z from 'zod';
import { defaultLimits, Limits } from '../worker/budget.ts';
import { themeNames } from '../worker/names.ts';
import { portRange } from './port-range.ts';

const minutes = z.number().positive();

/** A check that a person gave a name, and more than a command line. */
const NamedCheck = z.strictObject({
  run: z.string(),
  /** Folder below the root of the checkout. */
  cwd: z.string().optional(),
  timeout_minutes: minutes.optional(),
  network: z.boolean().optional(),
});

/** How the value of a repository's loopyard.json meets the user's. A key without one of these is the user's alone. */
export const projectRules = ['sets', 'adds', 'lowers', 'stricter'] as const;
export type ProjectRule = (typeof projectRules)[number];

/**
 * What a repository's file may do with a key, as `.meta(project.…)`. Whoever adds a key decides it here: a repository is
 * written by others, so what it could run, read or loosen with the key decides, not what would be handy.
 */
export const project = {
  /** Sets it where the user has not. */
  sets: { project: 'sets' },
  /** Numbers, or an object of numbers: the smaller wins, also against the default. */
  lowers: { project: 'lowers' },
  /** A list: its entries are added to the user's. A protected pattern can be added and never removed. */
  adds: { project: 'adds' },
  /** An enum from loosest to strictest, or a boolean whose true is stricter: the stricter wins. */
  stricter: { project: 'stricter' },
  /** As sets, and inert until the file is trusted: it names a command, an environment variable or a path. */
  trustedSets: { project: 'sets', trust: true },
  /** As adds (of an object: its new names), and inert until the file is trusted. */
  trustedAdds: { project: 'adds', trust: true },
} as const satisfies Record<string, { project: ProjectRule; trust?: true }>;

/**
 * Everything a person may set, with its default and its meaning. The one source: the files and the environment are read
 * with it, and the docs, the JSON schema and `loopyard config` are written from it.
 */
export const Config = z.strictObject({
  /** Live loops per yard before start_loop asks for force. Each more adds n(n-1)/2 paths to coordinate. */
  max_loops: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(4)
    .describe('live loops per yard before start_loop refuses')
    .meta(project.lowers),
  /** Verifications that run side by side. */
  max_verifications: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe('verifications that run side by side')
    .meta(project.lowers),
  limits: Limits.partial()
    .default({})
    .describe('default budget of a loop; see start_loop')
    .meta(project.lowers),
  check_timeout_minutes: minutes.default(10).describe('wall clock of one check').meta(project.sets),
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
    .describe('names of environment variables workers get beside the common ones')
    .meta(project.trustedAdds),
  check_env: z
    .array(z.string())
    .default([])
    .describe('names of environment variables checks get beside the common ones')
    .meta(project.trustedAdds),
  backend: z.string().optional().describe('backend of a loop that names none').meta(project.trustedSets),
  checks: z
    .record(z.string(), z.union([z.string(), NamedCheck]))
    .default({})
    .describe(
      'named checks: start_loop and verify accept these names instead of a command line; a value is a command line, or {run, cwd, timeout_minutes, network}',
    )
    .meta(project.trustedAdds),
  room_pool: z
    .number()
    .int()
    .min(0)
    .max(64)
    .default(2)
    .describe('clean rooms kept ready for the next verification; each is a copy of the files on disk'),
  sandbox: z
    .enum(['off', 'auto', 'required'])
    .default('auto')
    .describe('walls around checks; auto: where bubblewrap works; required: no verdict without')
    .meta(project.stricter),
  check_network: z.boolean().default(false).describe('checks in a sandbox reach the network'),
  parallel_checks: z
    .number()
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe('checks of one verification that run side by side'),
  ports: z
    .string()
    .refine((text) => portRange(text) !== undefined, 'a range such as "20000-29999", 10 ports at least')
    .default('20000-29999')
    .describe('where blocks of 10 ports for verifications and workers are taken from'),
  backends: z
    .array(z.string())
    .default([])
    .describe('backends in order of preference, of a loop that names none; the later ones are fallen back to')
    .meta(project.trustedSets),
  permissions: z
    .enum(['skip_all', 'work'])
    .default('work')
    .describe('what workers may do without asking; skip_all switches every approval of their program off')
    .meta(project.stricter),
  stall_minutes: minutes
    .default(5)
    .describe(
      'a worker without a sign of life is noted after this, reported after two, ended after three; one that has done nothing yet is ended after one',
    ),
  worker_names: z.enum(themeNames).default('stars').describe('theme of the names workers get'),
  families: z
    .record(z.string(), z.string())
    .default({})
    .describe('provider family by backend, where the usual one is wrong; a review goes to another family'),
  max_workers: z
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('workers that live at once; default: four per processor, one per GiB of memory, 2 to 32')
    .meta(project.lowers),
  backend_limits: z
    .record(z.string(), z.number().int().min(0).max(256))
    .default({})
    .describe('workers that live at once, by backend')
    .meta(project.lowers),
  max_load: z
    .number()
    .positive()
    .default(16)
    .describe('load average per processor above which no worker is started beside others'),
  min_free_memory_mb: z
    .number()
    .min(0)
    .default(512)
    .describe('free memory below which no worker is started beside others'),
  max_tokens_a_day: z
    .number()
    .int()
    .positive()
    .optional()
    .describe(
      'tokens all loops of a yard may use in a day (UTC), where reported; no worker is started beyond',
    )
    .meta(project.lowers),
  max_usd_a_day: z.number().positive().optional().describe('the same in US dollars').meta(project.lowers),
  dependencies: z
    .boolean()
    .default(true)
    .describe(
      'give rooms the dependencies that lock files name (npm ci and its like, prepared once and kept)',
    ),
  dependency_cache_gb: z
    .number()
    .min(0)
    .default(10)
    .describe(
      'what prepared dependencies of all repositories may take on disk; the least recently used go first',
    ),
  setup: z
    .array(z.string())
    .default([])
    .describe('command lines run in every room before its checks, after its dependencies are there')
    .meta(project.trustedAdds),
  setup_timeout_minutes: minutes
    .default(15)
    .describe('wall clock of one preparing or setup command')
    .meta(project.sets),
  room_files: z
    .array(z.string())
    .default([])
    .describe('untracked files, such as .env, that rooms get a copy of from the main checkout')
    .meta(project.trustedAdds),
  worktree_copy: z
    .array(z.string())
    .default([])
    .describe(
      'patterns of ignored files copied into the worktree of a loop, beside those of .worktreeinclude',
    )
    .meta(project.trustedAdds),
  worktree_link: z
    .array(z.string())
    .default([])
    .describe(
      'paths of the checkout that the worktree of a loop gets a link to: workers share and can change them',
    ),
  worktree_dependencies: z
    .boolean()
    .default(true)
    .describe('give the worktree of a loop a copy of prepared dependencies that git ignores there'),
  protected: z
    .array(z.string().min(1).max(250))
    .max(200)
    .default([])
    .describe(
      'globs of more files that are judged as on the base; "!glob" takes one out of the protected ones',
    )
    .meta(project.adds),
  allow_changes: z
    .array(z.string().min(1).max(250))
    .max(50)
    .default([])
    .describe('globs of protected files that every loop and verification may change'),
  fewer_tests: z
    .enum(['report', 'tampered'])
    .default('tampered')
    .describe('verdict on a pass with fewer tests, or more skipped ones, than the base')
    .meta(project.stricter),
  resume_sessions: z
    .boolean()
    .default(true)
    .describe('a worker that was interrupted through no fault of its work is gone on with in its session'),
  flaky: z
    .enum(['pass', 'fail'])
    .default('pass')
    .describe('what counts when a check fails and then passes on the same files')
    .meta(project.stricter),
  keep_days: z
    .number()
    .min(0)
    .default(30)
    .describe(
      'days that output of workers and checks, and evidence, are kept after their loop has left the lists',
    ),
  keep_gb: z
    .number()
    .min(0)
    .default(2)
    .describe(
      'what a yard keeps on disk; beyond it the oldest output and evidence of ended loops go earlier, at 0 all of it',
    ),
  keep_history_days: z
    .number()
    .min(0)
    .default(365)
    .describe('days that records of loops, old parts of the journal, and which runs are known are kept'),
  keep_refs_days: z
    .number()
    .min(0)
    .default(90)
    .describe(
      'days that candidates of ended loops are kept that no branch has; they are named two weeks before they go',
    ),
});
export type Config = z.infer<typeof Config>;

export const defaultConfig: Config = Config.parse({});

/** The budget of a loop for which the caller said only `asked`. */
export function limitsFor(config: Config, asked: Partial<Limits>): Limits {
  // A field that a parser left as undefined was not asked for.
  const named = Object.entries(asked).filter(([, value]) => value !== undefined);
  return Limits.parse({ ...defaultLimits, ...config.limits, ...Object.fromEntries(named) });
}
