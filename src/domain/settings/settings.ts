import * as z from 'zod';
import { complaint } from '../complaint.ts';
import { defaultLimits, type Limits } from '../worker/budget.ts';
import { Config, type ProjectRule } from './config.ts';
import type { ProjectFile } from './project-file.ts';

/**
 * How the settings of several sources become one configuration. Pure: the files and the environment come as values.
 *
 * A flag wins over the environment, that over the user's file, that over the repository's, that over the default; but
 * what a repository may do with a key is written beside the key (`project` in config.ts), and a repository that nobody
 * trusted names no command, variable or path at all.
 */

export const sources = ['default', 'project', 'user', 'environment', 'flag'] as const;
export type Source = (typeof sources)[number];

export type SettingName = keyof typeof Config.shape;
type Values = Readonly<Record<string, unknown>>;

/** What one source says, as it was read. */
export interface Layer {
  readonly source: Exclude<Source, 'default'>;
  readonly values: Values;
}

/** Something in one source that cannot be meant. */
export interface SettingProblem {
  readonly source: Layer['source'];
  readonly path: readonly (string | number)[];
  /** A sentence without its place. */
  readonly message: string;
  /** The unknown word, and the words that exist at its place. */
  readonly unknown?: { readonly word: string; readonly known: readonly string[] };
}

export interface Setting {
  readonly name: SettingName;
  readonly value: unknown;
  readonly default: unknown;
  readonly meaning: string;
  /** Where the value comes from; several where they are joined. */
  readonly sources: readonly Source[];
  /** What the repository's file says and nobody has trusted. */
  readonly inert?: unknown;
  /** Why the repository's value does not hold, as a sentence. */
  readonly overruled?: string;
}

export interface Settled {
  readonly config: Config;
  readonly settings: readonly Setting[];
  /** A source with a problem is left out as a whole. */
  readonly problems: readonly SettingProblem[];
}

/** A problem with its place: `loopyard.json:3:5: There is no setting "max_lops"; did you mean "max_loops"?` */
export interface PlacedProblem {
  readonly source: SettingProblem['source'];
  readonly sentence: string;
  readonly file?: string;
  /** From one. */
  readonly place?: { readonly line: number; readonly column: number };
}

/** All settings of one process, and where they could be changed. */
export interface Settings extends Omit<Settled, 'problems'> {
  readonly problems: readonly PlacedProblem[];
  readonly userFile: string;
  /** Where the repository's file is, or would be; undefined where a repository can have none. */
  readonly projectFile: string | undefined;
  /** Undefined: there is none. */
  readonly project: ProjectFile | undefined;
}

export function settle(layers: readonly Layer[], trusted: boolean): Settled {
  const problems = layers.flatMap(problemsOf);
  const sound = new Map(
    layers
      .filter(({ source }) => !problems.some((problem) => problem.source === source))
      .map(({ source, values }) => [source, parsed(values)]),
  );
  const settings = names.map((name) => settledOne(name, sound, trusted));
  const config = Config.parse(
    Object.fromEntries(settings.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
  );
  return { config, settings, problems };
}

export const names = Object.keys(Config.shape) as readonly SettingName[];

/** Which environment variable sets a key. */
export const variableOf = (name: string) => `LOOPYARD_${name.toUpperCase()}`;

/** What a repository's file may do with a key; undefined: nothing, it is the user's alone. */
export function projectRuleOf(name: SettingName): { rule: ProjectRule | undefined; trust: boolean } {
  const { project, trust } = Config.shape[name].meta() ?? {};
  return { rule: project as ProjectRule | undefined, trust: trust === true };
}

/** The same in words: `adds to yours, once trusted`. */
export function projectMeaning(name: SettingName): string {
  const { rule, trust } = projectRuleOf(name);
  const words: Readonly<Record<ProjectRule, string>> = {
    sets: 'sets it where you have not',
    adds: 'adds to yours',
    lowers: 'can only lower it',
    stricter: 'can only make it stricter',
  };
  if (rule === undefined) return 'no effect';
  return trust ? `${words[rule]}, once trusted` : words[rule];
}

/** What of a repository's file has to be trusted first: whatever names a command, a variable or a path. */
export function dangerousPart(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => isSetting(name) && projectRuleOf(name).trust),
  );
}

const isSetting = (name: string): name is SettingName => Object.hasOwn(Config.shape, name);

function parsed(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      isSetting(name) && value !== undefined ? [[name, Config.shape[name].parse(value)]] : [],
    ),
  );
}

function problemsOf({ source, values }: Layer): SettingProblem[] {
  const { error } = Config.partial().safeParse(values);
  return (error?.issues ?? []).flatMap((issue): SettingProblem[] => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code !== 'unrecognized_keys') return [{ source, path, message: complaint(issue).slice(0, -1) }];
    const known = knownAt(path);
    return issue.keys.map((word) => ({
      source,
      path: [...path, word],
      message: 'There is no such setting',
      unknown: { word, known },
    }));
  });
}

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
}

function knownAt(path: readonly (string | number)[]): readonly string[] {
  let shape: Shape | undefined = z.toJSONSchema(Config, { io: 'input' }) as Shape;
  for (const part of path) shape = shape?.properties?.[part];
  return Object.keys(shape?.properties ?? {});
}

function settledOne(name: SettingName, sound: ReadonlyMap<Source, Values>, trusted: boolean): Setting {
  const [own] = (['flag', 'environment', 'user'] as const).filter(
    (source) => sound.get(source)?.[name] !== undefined,
  );
  const usual = Config.shape[name].parse(undefined);
  const mine = own === undefined ? usual : sound.get(own)?.[name];
  const setting: Setting = {
    name,
    value: mine,
    default: name === 'limits' ? defaultLimits : usual,
    meaning: Config.shape[name].description ?? '',
    sources: [own ?? 'default'],
  };
  const theirs = sound.get('project')?.[name];
  if (theirs === undefined) return setting;
  const { rule, trust } = projectRuleOf(name);
  if (rule === undefined) {
    return { ...setting, overruled: 'It is for a user to set, not for a repository.' };
  }
  if (trust && !trusted) return { ...setting, inert: theirs };
  return { ...setting, ...joined(rule, setting, theirs, own !== undefined) };
}

type Joined = Pick<Setting, 'value' | 'sources'> & { overruled?: string };

function joined(rule: ProjectRule, setting: Setting, theirs: unknown, isMine: boolean): Joined {
  const { value: mine, sources: own } = setting;
  const both: readonly Source[] = isMine ? ['project', ...own] : ['project'];
  switch (rule) {
    case 'sets':
      return isMine
        ? { value: mine, sources: own, overruled: 'You have set it yourself.' }
        : { value: theirs, sources: ['project'] };
    case 'adds':
      return Array.isArray(theirs) && Array.isArray(mine)
        ? added(mine, theirs, both)
        : // A name that both give is the user's.
          { value: { ...(theirs as object), ...(mine as object) }, sources: both };
    case 'lowers':
      return lowered(setting, theirs);
    case 'stricter': {
      const [here, there] = [rank(setting.name, mine), rank(setting.name, theirs)];
      if (there > here) return { value: theirs, sources: ['project'] };
      return { value: mine, sources: own, ...(there < here && { overruled: 'Yours is stricter.' }) };
    }
  }
}

/** An entry with `!` takes something out, which only the user may. */
function added(mine: readonly unknown[], theirs: readonly unknown[], both: readonly Source[]): Joined {
  const adding = theirs.filter((entry) => typeof entry !== 'string' || !entry.startsWith('!'));
  return {
    value: [...new Set([...mine, ...adding])],
    sources: both,
    ...(adding.length < theirs.length && { overruled: 'A repository can add entries and take none out.' }),
  };
}

function lowered({ value: mine, default: usual, sources: own }: Setting, theirs: unknown): Joined {
  if (typeof theirs === 'number') {
    const bound = typeof mine === 'number' ? mine : Number.POSITIVE_INFINITY;
    if (theirs < bound) return { value: theirs, sources: ['project'] };
    return {
      value: mine,
      sources: own,
      ...(theirs > bound && { overruled: `The smaller holds: ${bound}.` }),
    };
  }
  const bounds: Partial<Limits> = { ...(usual as Limits), ...(mine as Partial<Limits>) };
  const entries = Object.entries(theirs as Partial<Limits>) as [keyof Limits, number][];
  const less = entries.filter(([key, value]) => value < (bounds[key] ?? Number.POSITIVE_INFINITY));
  const more = entries.filter(([key, value]) => value > (bounds[key] ?? Number.POSITIVE_INFINITY));
  const [mineToo] = own.filter((source) => source !== 'default');
  return {
    value: { ...(mine as object), ...Object.fromEntries(less) },
    sources: less.length === 0 ? own : mineToo ? ['project', mineToo] : ['project'],
    ...(more.length > 0 && {
      overruled: `The smaller holds: ${more.map(([key]) => `${key} ${bounds[key]}`).join(', ')}.`,
    }),
  };
}

/** How strict a value is: the place in its enum, which goes from loosest to strictest; false before true. */
function rank(name: SettingName, value: unknown): number {
  if (typeof value === 'boolean') return Number(value);
  const { enum: steps = [] } = z.toJSONSchema(Config.shape[name], { io: 'input' }) as {
    enum?: readonly unknown[];
  };
  return steps.indexOf(value);
}
