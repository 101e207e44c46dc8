import { complaint } from '../../../domain/complaint.ts';
import { LoopyardError } from '../../../domain/errors.ts';
import { Config } from '../../../domain/settings/config.ts';
import { inertBecause } from '../../../domain/settings/project-file.ts';
import { settingNamed } from '../../../domain/settings/setting-name.ts';
import {
  projectMeaning,
  projectRuleOf,
  type Setting,
  type SettingName,
  type Settings,
  variableOf,
} from '../../../domain/settings/settings.ts';
import { setSetting } from '../../../scaffold/setting-edit.ts';
import type { Paint } from '../../../tools/define.ts';
import type { Line } from '../extra.ts';
import type { configFace, configSetFace } from '../faces.ts';
import { paintFor, printable, toJson } from '../render.ts';
import { tableFor } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { SettingsWorld } from './world.ts';

/** Shows the settings with their sources, or all about one. Ends with 2 when one of them cannot be meant. */
export async function config(
  makeWorld: (workspace: string | undefined) => Promise<SettingsWorld>,
  { key, json, workspace }: Line<typeof configFace>,
  terminal: Terminal,
): Promise<number> {
  const settings = (await makeWorld(workspace)).settings();
  const wanted = key === undefined ? undefined : settingNamed(key);
  const shownOnes = settings.settings.filter(({ name }) => wanted === undefined || name === wanted);
  if (json) {
    terminal.stdout.write(`${toJson(asJson(settings, shownOnes), terminal.stdout.isTTY ? 2 : 0)}\n`);
  } else {
    const paint = paintFor(terminal, await tableFor(terminal));
    const [one] = wanted === undefined ? [] : shownOnes;
    terminal.stdout.write(
      `${[...(one ? inFull(one, settings) : all(settings, paint)), ...below(settings, paint)].join('\n')}\n`,
    );
  }
  return settings.problems.length > 0 ? 2 : 0;
}

/** Sets one in the user's file, or in the repository's. */
export async function setConfig(
  makeWorld: (workspace: string | undefined) => Promise<SettingsWorld>,
  { key, value, project, json, workspace }: Line<typeof configSetFace>,
  terminal: Terminal,
): Promise<number> {
  const file = set(await makeWorld(workspace), settingNamed(key), value, project);
  terminal.stdout.write(json ? `${toJson({ key, file }, 0)}\n` : `Set in ${printable(file)}.\n`);
  return 0;
}

function asJson(settings: Settings, chosen: readonly Setting[]) {
  const { project, problems, userFile, projectFile } = settings;
  return {
    settings: chosen.map((setting) => ({
      ...setting,
      environment: variableOf(setting.name),
      project: projectRuleOf(setting.name),
    })),
    user_file: userFile,
    ...(projectFile !== undefined && { project_file: projectFile }),
    ...(project && { trust: project.state, sha256: project.sha256 }),
    problems: problems.map(({ sentence }) => sentence),
  };
}

function all(settings: Settings, paint: Paint): string[] {
  const rows = settings.settings.map((setting) => [
    setting.name,
    text(effective(setting)),
    setting.sources.join(' + ') +
      (setting.inert === undefined && setting.overruled === undefined ? '' : ' *'),
  ]);
  const remarks = settings.settings.flatMap((setting) => {
    const remark = remarkOn(setting, settings);
    return remark ? [paint.warn(`* ${setting.name}: ${remark}`)] : [];
  });
  return [
    paint.table([['setting', 'value', 'source'], ...rows]),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
  ];
}

function inFull(setting: Setting, settings: Settings): string[] {
  const remark = remarkOn(setting, settings);
  return [
    `${setting.name} = ${text(effective(setting))}`,
    `  source       ${setting.sources.map((source) => sourceName(source, setting, settings)).join(', then ')}`,
    `  default      ${text(setting.default)}`,
    `  meaning      ${setting.meaning}`,
    `  environment  ${variableOf(setting.name)}`,
    `  repository   ${projectMeaning(setting.name)}`,
    ...(remark ? [`  note         ${remark}`] : []),
  ];
}

function below(settings: Settings, paint: Paint): string[] {
  const { project, problems, userFile, projectFile } = settings;
  return [
    '',
    `user file     ${printable(userFile)}`,
    `project file  ${printable(projectFile ?? 'none: not in a repository with a main checkout')}${project ? ` (${project.state})` : ''}`,
    ...problems.map(({ sentence }) => paint.bad(printable(sentence))),
  ];
}

function remarkOn({ inert, overruled }: Setting, { project }: Settings): string | undefined {
  if (inert !== undefined) {
    return `${text(inert)} comes from ${(project && inertBecause(project)) ?? 'loopyard.json'}: loopyard trust.`;
  }
  return overruled === undefined ? undefined : `the value of loopyard.json does not hold. ${overruled}`;
}

function sourceName(source: string, { name }: Setting, { userFile, projectFile }: Settings): string {
  if (source === 'user') return printable(userFile);
  if (source === 'project') return printable(projectFile ?? 'loopyard.json');
  return source === 'environment' ? variableOf(name) : source;
}

/** What holds: of limits, a file names only some. */
function effective({ name, value, default: usual }: Setting): unknown {
  return name === 'limits' ? { ...(usual as object), ...(value as object) } : value;
}

function text(value: unknown): string {
  return value === undefined ? 'not set' : printable(JSON.stringify(value));
}

/** Writes one key into one file, in place. What the user writes himself into a file he knows, he trusts. */
function set(world: SettingsWorld, name: SettingName, word: string, inProject: boolean): string {
  if (world.inside) throw new LoopyardError('NOT_ALLOWED_HERE', 'A worker changes no setting.');
  const { userFile, projectFile, project } = world.settings();
  const file = inProject ? projectFile : userFile;
  if (file === undefined)
    throw new LoopyardError('NOT_A_REPOSITORY', 'There is no repository with a main checkout here.');
  if (inProject && projectRuleOf(name).rule === undefined) {
    throw new LoopyardError('INVALID_ARGUMENT', `"${name}" is for a user to set, not for a repository.`);
  }
  const value = valueFrom(name, word);
  const before = world.read(file);
  const edited = setSetting(before, name, value);
  if ('refused' in edited) {
    const place = edited.line === undefined ? '' : `:${edited.line}:${edited.column}`;
    throw new LoopyardError('INVALID_CONFIG', `${file}${place}: ${edited.refused}`, { file });
  }
  const after = edited.text ?? '{}';
  world.write(file, before, after);
  if (inProject && (before === undefined || project?.state === 'trusted' || project?.state === 'harmless')) {
    world.trustText(after);
  }
  return file;
}

function valueFrom(name: SettingName, word: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(word);
  } catch {
    json = word;
  }
  const schema = Config.shape[name];
  const [value] = [json, word].filter((candidate) => schema.safeParse(candidate).success);
  if (value !== undefined) return value;
  const [issue] = schema.safeParse(json).error?.issues ?? [];
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `"${name}": ${issue ? complaint(issue) : 'that is no value of it.'}`,
  );
}
