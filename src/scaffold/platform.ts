import * as z from 'zod';

/** A path below the project, or below the home when it begins with `~/`; with slashes on every system. */
const Path = z
  .string()
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\]+$/, 'a path with slashes that stays below the project or ~');

/** One path, or one for each system where the program keeps its files in different places. */
const Place = z.union([Path, z.strictObject({ linux: Path, darwin: Path, win32: Path })]);

const target = {
  file: Place,
  /** Other names of the same file, preferred when they exist. */
  or: z.array(Path).default([]),
};

/** One value in a JSON, TOML or YAML file of somebody else. */
const Key = {
  ...target,
  /** Where our value stands, key by key. */
  at: z.array(z.string().min(1)).min(1),
  /** Ours, and always as written here; `{command}` and `{args}` stand for the launch of the server. */
  value: z.record(z.string(), z.json()),
  /** Written when the person has not chosen something else. */
  defaults: z.record(z.string(), z.json()).default({}),
};

/** A closed set. A platform that needs a sixth is a change to the engine, with tests of its own. */
export const Target = z.discriminatedUnion('merge', [
  z.strictObject({
    merge: z.literal('json'),
    ...Key,
    /** A file that the program stops reading once this one exists: then this one is not created. */
    hides: Path.optional(),
  }),
  z.strictObject({ merge: z.literal('toml'), ...Key }),
  z.strictObject({
    merge: z.literal('yaml'),
    ...Key,
    /** What holds the entry is a list, and this key of an item is its name. */
    by: z.string().optional(),
    /** Without this the program refuses a file; a new one begins with it. */
    opens: z.string().optional(),
  }),
  z.strictObject({ merge: z.literal('block'), ...target, template: z.string() }),
  z.strictObject({ merge: z.literal('own'), ...target, template: z.string() }),
]);
export type Target = z.infer<typeof Target>;

export const Platform = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  title: z.string(),
  docs: z.url(),
  /** What this file was tried against: the program itself in `version`, or its documentation only. */
  tried: z.enum(['real program', 'documented']),
  version: z.string().optional(),
  detect: z.strictObject({
    commands: z.array(z.string()).default([]),
    project: z.array(Path).default([]),
    user: z.array(Path).default([]),
  }),
  /** Paths that a variable of the environment moves, and where to: `{ "~/.codex": "CODEX_HOME" }`. */
  moved_by: z.record(Path, z.string()).default({}),
  project: z.array(Target).default([]),
  user: z.array(Target).default([]),
  /** The program's own view of its servers. The patterns are tried on the lines that name loopyard, in this order. */
  health: z
    .strictObject({
      run: z.array(z.string()).min(1),
      pending: z.string().optional(),
      connected: z.string().optional(),
      listed: z.string().optional(),
      /** It is silent about the servers of a project that the person has not trusted yet. */
      hides_untrusted: z.boolean().default(false),
    })
    .optional(),
  /** What the person still has to do, in order. */
  steps: z.strictObject({ project: z.array(z.string()).default([]), user: z.array(z.string()).default([]) }),
  /** Limits of the program on a call, for the reference. */
  limits: z.string(),
  /** What a person who writes a file by hand should know. */
  note: z.string().optional(),
});
export type Platform = z.infer<typeof Platform>;

export type Scope = 'project' | 'user';
export type System = 'linux' | 'darwin' | 'win32';

/** Targets that hold the entry of the server. */
export type ServerTarget = Extract<Target, { merge: 'json' | 'toml' | 'yaml' }>;

export function isServer(target: Target): target is ServerTarget {
  return target.merge === 'json' || target.merge === 'toml' || target.merge === 'yaml';
}
