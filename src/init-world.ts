import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectFileOf, trustFile } from './adapters/config/project-trust.ts';
import { readSettings } from './adapters/config/settings.ts';
import { openTrustStore } from './adapters/config/trust-store.ts';
import { gitFinder } from './adapters/git/finder.ts';
import { askClient } from './adapters/init/client-health.ts';
import {
  missingFolders,
  readConfigFile,
  removeEmptyFolders,
  replaceConfigFile,
  sweepUnfinished,
} from './adapters/init/config-files.ts';
import { openInitMemory } from './adapters/init/init-memory.ts';
import { ownCopies } from './adapters/init/own-copy.ts';
import { eras, probeServer } from './adapters/init/server-probe.ts';
import { which } from './adapters/processes/which.ts';
import { asLoopyardError, LoopyardError } from './domain/errors.ts';
import type { InitWorld } from './edges/cli/init/world.ts';
import type { Front } from './edges/front.ts';
import type { Ground } from './scaffold/places.ts';
import { Platform, type System } from './scaffold/platform.ts';
import { projectFileName } from './scaffold/project-file.ts';

/** The folder of platforms and templates, beside the program that runs. */
export function loadScaffolding(folder: string): Pick<InitWorld, 'platforms' | 'templates'> {
  const platforms = readdirSync(path.join(folder, 'platforms'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => platformIn(path.join(folder, 'platforms', name)));
  const templates = readdirSync(path.join(folder, 'templates')).map((name) => [
    name,
    readFileSync(path.join(folder, 'templates', name), 'utf8'),
  ]);
  return { platforms, templates: Object.fromEntries(templates) };
}

/** Puts together what init needs of this machine; nothing is written yet. */
export async function openInitWorld(
  front: Pick<Front, 'version' | 'instructions' | 'env' | 'cwd' | 'home'>,
  {
    scaffolding,
    bin,
    project,
    interactive,
  }: {
    scaffolding: Pick<InitWorld, 'platforms' | 'templates'>;
    bin: string;
    project: string | undefined;
    interactive: boolean;
  },
): Promise<InitWorld> {
  const { env, home } = front;
  const { platforms } = scaffolding;
  const memory = openInitMemory(env);
  const ground: Ground = { system: systemName(), home, env, ...(project !== undefined && { project }) };
  const commands = new Set(
    platforms.flatMap(({ detect, health }) => [...detect.commands, ...(health?.run.slice(0, 1) ?? [])]),
  );
  const installed = new Set<string>();
  for (const name of commands) if (await which(name, env)) installed.add(name);
  const place = project ?? home;
  const projectFile = await projectFileAt(env, project);
  const emptied = new Set<string>();
  return {
    version: front.version,
    instructions: front.instructions,
    ...scaffolding,
    ground,
    interactive,
    existing: { command: (name) => installed.has(name), path: (file) => existsSync(file) },
    projectFiles: {
      has: (name) => existsSync(path.join(place, name)),
      read: (name) => textOf(path.join(place, name)),
      hasEnding: (ending) => readdirSync(place).some((name) => name.endsWith(ending)),
    },
    projectFile,
    copies: await ownCopies(bin, front.version, project, env),
    read: readConfigFile,
    written(real) {
      const memo = memory.of(real);
      return memo && { ...memo, before: memo.before ?? undefined };
    },
    remembered: (scope) => memory.platformsOf(scope === 'project' ? place : home),
    remember: (scope, ids) => memory.keepPlatforms(scope === 'project' ? place : home, ids),
    tidy() {
      for (const { file, folders } of memory.all()) {
        sweepUnfinished(file);
        if (existsSync(file)) continue;
        removeEmptyFolders(folders);
        memory.forget(file);
      }
    },
    write(change, { clean, removal, within }) {
      const { real, before, after, shells } = change;
      const memo = memory.of(real);
      // What was there before the first init stays the state to go back to, as long as nobody wrote in between.
      const untouched = memo !== undefined && memo.after === before;
      const folders = [...(memo?.folders ?? []), ...missingFolders(real)];
      if (!removal && after !== undefined) {
        memory.keep({
          file: real,
          before: untouched ? memo.before : (before ?? null),
          clean: untouched ? memo.clean : clean,
          after,
          shells: [...(memo && !clean ? memo.shells : []), ...shells].map((shell) => [...shell]),
          folders,
        });
      }
      const backup = before === undefined ? undefined : memory.backup(real, before);
      replaceConfigFile(real, before, after);
      if (after === undefined) {
        // The folder of one file may hold another that goes only later.
        for (const folder of memo ? folders : foldersBetween(within, real)) emptied.add(folder);
        removeEmptyFolders([...emptied]);
      }
      if (removal && !after?.includes('loopyard')) memory.forget(real);
      return backup;
    },
    async prove({ command, args, env: more }) {
      const server = {
        command,
        args,
        cwd: place,
        env: { HOME: home, PATH: env.PATH ?? '', ...windowsNeeds(env), ...more },
      };
      const now = () => performance.now();
      const [handshake, stateless] = [
        await probeServer(server, eras[0], { now }),
        await probeServer(server, eras[1], { now }),
      ];
      return { handshake, stateless };
    },
    ask: (run) => askClient(run, place, env),
  };
}

/** The top of the checkout somebody stands in, or nothing outside git. */
export async function projectAt(
  locate: () => Promise<{ readonly path: string }>,
): Promise<string | undefined> {
  try {
    return (await locate()).path;
  } catch (thrown) {
    const error = asLoopyardError(thrown);
    if (['NOT_A_REPOSITORY', 'BARE_REPOSITORY', 'NO_WORKSPACE'].includes(error.code)) return undefined;
    throw error;
  }
}

/** Nothing where no loopyard.json would be read: it is read from the top of the main checkout only. */
async function projectFileAt(
  env: Front['env'],
  project: string | undefined,
): Promise<InitWorld['projectFile']> {
  if (project === undefined) return undefined;
  const { commonDir } = await gitFinder({ env }).locate(project);
  const file = `${project}/${projectFileName}`;
  if (projectFileOf(commonDir) !== path.normalize(file)) return undefined;
  return {
    path: file,
    isTrusted: () =>
      ['harmless', 'trusted'].includes(readSettings({ env, commonDir }).project?.state ?? 'harmless'),
    trust: (text) => trustFile(env, { commonDir, text, at: Date.now() }),
    distrust: () => void openTrustStore(env).forget(commonDir),
  };
}

function platformIn(file: string): Platform {
  const { success, data, error } = Platform.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (success && data.id === path.basename(file, '.json')) return data;
  throw new LoopyardError('INTERNAL', `The platform file ${file} is not valid.`, { file }, { cause: error });
}

/** A colleague's init made them; git keeps no empty folders, so below a project they mean nothing. */
function foldersBetween(project: string | undefined, real: string): readonly string[] {
  const folders: string[] = [];
  if (project === undefined) return folders;
  for (let folder = path.dirname(real); folder.length > project.length; folder = path.dirname(folder)) {
    folders.unshift(folder);
  }
  return folders;
}

function systemName(): System {
  const { platform } = process;
  return platform === 'darwin' || platform === 'win32' ? platform : 'linux';
}

/** Programs do not start on Windows without these. Untested. */
function windowsNeeds(env: Front['env']): Record<string, string> {
  if (process.platform !== 'win32') return {};
  const names = ['SystemRoot', 'APPDATA', 'LOCALAPPDATA', 'TEMP', 'USERPROFILE'];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
