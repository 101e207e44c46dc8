import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import { Config } from '../../domain/settings/config.ts';
import { noSuchSetting } from '../../domain/settings/setting-name.ts';
import {
  names,
  type PlacedProblem,
  type SettingProblem,
  type Settings,
  settle,
  variableOf,
} from '../../domain/settings/settings.ts';
import { shown } from '../../domain/text.ts';
import { errno } from '../errno.ts';
import { projectFileOf, trustOf } from './project-trust.ts';
import { type Place, readSettingsFile, type SettingsFile } from './settings-file.ts';
import { openTrustStore } from './trust-store.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface SettingSources {
  readonly env: Env;
  /** Real path of the git directory; undefined outside a repository. */
  readonly commonDir?: string | undefined;
}

/** The user's own file: `LOOPYARD_CONFIG`, or `loopyard/config.json` in the user's configuration folder. */
export function userFileOf(env: Env): string {
  const folder = env.XDG_CONFIG_HOME || (process.platform === 'win32' ? env.APPDATA : undefined);
  return (
    env.LOOPYARD_CONFIG ||
    path.join(folder || path.join(env.HOME || os.homedir(), '.config'), 'loopyard', 'config.json')
  );
}

/** All sources as they are now. Never throws for what they say: a source with a problem is left out, and named. */
export function readSettings({ env, commonDir }: SettingSources): Settings {
  const userFile = userFileOf(env);
  const user = readSettingsFile(userFile, { foreign: false });
  const projectPath = commonDir === undefined ? undefined : projectFileOf(commonDir);
  const found = projectPath === undefined ? undefined : readSettingsFile(projectPath, { foreign: true });
  const trusted = commonDir === undefined ? undefined : openTrustStore(env).of(commonDir);
  const trust = found && trustOf(found, trusted);
  // Settings given on the line travel in the environment; this says which they are.
  const flags = new Set((env.LOOPYARD_FLAGS ?? '').split(','));
  const settled = settle(
    [
      { source: 'project', values: found?.values ?? {} },
      { source: 'user', values: user?.values ?? {} },
      { source: 'environment', values: fromEnvironment(env, (name) => !flags.has(name)) },
      { source: 'flag', values: fromEnvironment(env, (name) => flags.has(name)) },
    ],
    trust?.state === 'trusted',
  );
  const files = { project: found, user } as const;
  const problems = [
    ...(['project', 'user'] as const).flatMap((source) => brokenFile(source, files[source])),
    ...settled.problems.map((problem) => placed(problem, files)),
  ];
  const theirs = problems.filter(({ source }) => source === 'project').map(({ sentence }) => sentence);
  const project =
    trust && theirs.length > 0 ? { ...trust, state: 'broken' as const, problems: theirs } : trust;
  return { ...settled, problems, userFile, projectFile: projectPath, project };
}

/**
 * The settings of a process that lives: read again whenever one of the files has changed, so that what a person trusts
 * or sets in a terminal counts for the next call. Throws INVALID_CONFIG at first when the user's file or environment
 * is wrong; later a wrong file leaves the last good settings and is told to `complain`, because work is under way. A
 * repository's file never stops anything by itself: it is in `project`, for those who would have used it.
 */
export function openSettings(
  sources: SettingSources,
  complain: (sentence: string) => void,
): { current(): Settings } {
  const watched = [
    userFileOf(sources.env),
    ...(sources.commonDir === undefined ? [] : [openTrustStore(sources.env).fileOf(sources.commonDir)]),
    ...(sources.commonDir === undefined ? [] : [projectFileOf(sources.commonDir) ?? []].flat()),
  ];
  let key = watched.map(stamp).join();
  let settings = readSettings(sources);
  refuse(settings);
  return {
    current() {
      const now = watched.map(stamp).join();
      if (now === key) return settings;
      key = now;
      const next = readSettings(sources);
      const own = ownProblems(next);
      if (own.length === 0) settings = next;
      else complain(own.join(' '));
      return settings;
    },
  };
}

/** Throws INVALID_CONFIG for what the user himself has to mend. */
function refuse(settings: Settings): void {
  const own = ownProblems(settings);
  if (own.length === 0) return;
  throw new LoopyardError('INVALID_CONFIG', own.join(' '), {
    file: settings.userFile,
    known: names,
  });
}

const ownProblems = ({ problems }: Settings) =>
  problems.filter(({ source }) => source !== 'project').map(({ sentence }) => sentence);

function stamp(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (thrown) {
    return errno(thrown) ?? 'unknown';
  }
}

/** `LOOPYARD_<KEY>`: JSON where it is the value the key wants as JSON, and text otherwise. */
function fromEnvironment(env: Env, isAsked: (name: string) => boolean): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const text = env[variableOf(name)];
    if (text === undefined || !isAsked(name)) continue;
    const fits = (value: unknown) => Config.shape[name].safeParse(value).success;
    const json = jsonOf(text);
    values[name] = json === undefined || (!fits(json) && fits(text)) ? text : json;
  }
  return values;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function brokenFile(source: 'project' | 'user', found: SettingsFile | undefined): PlacedProblem[] {
  if (!found?.broken) return [];
  const { message, place } = found.broken;
  return [
    { source, file: found.file, ...(place && { place }), sentence: `${at(found.file, place)}: ${message}.` },
  ];
}

function placed(
  { source, path: where, message, unknown }: SettingProblem,
  files: { readonly project: SettingsFile | undefined; readonly user: SettingsFile | undefined },
): PlacedProblem {
  const [first = ''] = where;
  const found = source === 'project' || source === 'user' ? files[source] : undefined;
  const place = found?.placeOf(where);
  const named = where.map((part) => shown(String(part))).join('.');
  const said = unknown
    ? noSuchSetting(named, unknown.known, unknown.word)
    : `"${named}": ${message.replace(/\.?$/, '.')}`;
  const flagged = source === 'flag' ? `--set ${first}` : variableOf(String(first));
  const site = found ? at(found.file, place) : flagged;
  return {
    source,
    ...(found && { file: found.file }),
    ...(place && { place }),
    sentence: `${site}: ${said}`,
  };
}

const at = (file: string, place: Place | undefined) =>
  place ? `${file}:${place.line}:${place.column}` : file;
