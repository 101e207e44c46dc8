import { LoopyardError } from '../../../domain/errors.ts';
import type { SuggestedCheck } from '../../../scaffold/checks.ts';
import { signsOf } from '../../../scaffold/detect.ts';
import type { Launch } from '../../../scaffold/launch.ts';
import { targetsOf } from '../../../scaffold/places.ts';
import { isServer, type Platform, type Scope } from '../../../scaffold/platform.ts';
import type { Launcher } from '../faces.ts';
import type { InitOptions } from './options.ts';
import type { InitWorld } from './world.ts';

/** What is to be configured, and how the server will be started. */
export interface Choice {
  readonly scope: Scope;
  readonly platforms: readonly Platform[];
  readonly launch: Launch;
  /** How the launch was found, for people. */
  readonly launcher: Exclude<Launcher, 'auto'>;
  /** Things to know before saying yes. */
  readonly notes: readonly string[];
}

/** A platform and why it is thought to be in use. */
export interface Seen {
  readonly platform: Platform;
  readonly signs: readonly string[];
}

export function seenPlatforms({ platforms, ground, existing }: InitWorld): readonly Seen[] {
  return platforms.map((platform) => ({ platform, signs: signsOf(platform, ground, existing) }));
}

/** Asks a person what the flags leave open. */
export interface Asker {
  scope(suggested: Scope, portable: boolean): Promise<Scope>;
  platforms(seen: readonly Seen[], scope: Scope): Promise<readonly string[]>;
  /** The names of the checks to put into loopyard.json; none is an answer too. */
  checks(found: readonly SuggestedCheck[]): Promise<readonly string[]>;
}

export async function chosen(world: InitWorld, options: InitOptions, asker?: Asker): Promise<Choice> {
  const scope = await scopeOf(world, options, asker);
  const notes = [...(await notesOf(world, options, scope))];
  const { launch, launcher } = launchFor(world, scope, options.launcher);
  if (scope === 'project' && launcher === 'node') {
    notes.push('The project files will name paths of this machine. Do not commit them.');
  }
  if (launcher === 'node' && world.copies.keptIn !== undefined) {
    notes.push(`What npx unpacked does not stay, so a copy of loopyard is kept in ${world.copies.keptIn}.`);
  }
  if (launcher === 'npx' && launch.args.includes('-y')) {
    notes.push('npx asks the registry at each start: slower, and it fails where loopyard is not published.');
  }
  const platforms = await platformsOf(world, options, scope, asker);
  for (const { id, title } of platforms.filter((platform) => !hasServer(platform, scope))) {
    notes.push(`${title} (${id}) has no ${scope} configuration for servers that init can write.`);
  }
  return { scope, platforms, launch, launcher, notes };
}

export function hasServer(platform: Platform, scope: Scope): boolean {
  return targetsOf(platform, scope).some(isServer);
}

/** Whether project files can name the server without naming this machine. */
function isPortable({ copies }: InitWorld, launcher: Launcher): boolean {
  return launcher === 'auto' ? copies.inProject || copies.onPath : launcher !== 'node';
}

async function scopeOf(world: InitWorld, options: InitOptions, asker: Asker | undefined): Promise<Scope> {
  const { project } = world.ground;
  if (options.scope === 'project' && project === undefined) {
    throw new LoopyardError(
      'NOT_A_REPOSITORY',
      'There is no project here: the current folder is in no git repository. Outside git only --scope user is possible.',
    );
  }
  if (options.scope !== undefined) return options.scope;
  if (project === undefined) return 'user';
  const portable = isPortable(world, options.launcher);
  const suggested = portable ? 'project' : 'user';
  return asker ? await asker.scope(suggested, portable) : suggested;
}

async function notesOf(world: InitWorld, options: InitOptions, scope: Scope): Promise<readonly string[]> {
  if (scope === 'project' || options.scope === 'user') return [];
  if (world.ground.project === undefined) {
    return ['The current folder is in no git repository, so loopyard is configured for this user.'];
  }
  if (isPortable(world, options.launcher)) return [];
  return [
    'loopyard is neither a command on PATH nor a dependency of the project, so no project file could start it without naming a path of this machine. It is configured for this user instead.',
  ];
}

async function platformsOf(
  world: InitWorld,
  options: InitOptions,
  scope: Scope,
  asker: Asker | undefined,
): Promise<readonly Platform[]> {
  const seen = seenPlatforms(world);
  const usable = seen.filter(({ platform }) => targetsOf(platform, scope).length > 0);
  const detected = usable.filter(({ signs }) => signs.length > 0).map(({ platform }) => platform.id);
  const ids =
    options.platforms ??
    (asker && !options.all_detected && !options.yes ? await asker.platforms(usable, scope) : detected);
  if (ids.length === 0) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `No AI client was found here that can be configured for the scope ${scope}. Name one with --platform: ${world.platforms.map(({ id }) => id).join(', ')}.`,
    );
  }
  return world.platforms.filter(({ id }) => ids.includes(id));
}

function launchFor(
  { copies, version }: InitWorld,
  scope: Scope,
  launcher: Launcher,
): { launch: Launch; launcher: Exclude<Launcher, 'auto'> } {
  const local: Launch = { command: 'npx', args: ['--no-install', 'loopyard', 'mcp'] };
  switch (launcher) {
    case 'node':
      return { launch: copies.node, launcher };
    case 'bin':
      return { launch: { command: 'loopyard', args: ['mcp'] }, launcher };
    case 'npx':
      return copies.inProject
        ? { launch: local, launcher }
        : { launch: { command: 'npx', args: ['-y', `loopyard@${version}`, 'mcp'] }, launcher };
    case 'auto':
      if (scope === 'user') return { launch: copies.node, launcher: 'node' };
      if (copies.onPath) return { launch: { command: 'loopyard', args: ['mcp'] }, launcher: 'bin' };
      if (copies.inProject) return { launch: local, launcher: 'npx' };
      throw new LoopyardError(
        'INVALID_ARGUMENT',
        'No project file can start loopyard without naming a path of this machine: it is neither a command on PATH nor a dependency of the project. Use --scope user, or install it (npm install --global, or as a dependency), or say --launcher node for files that are not committed.',
      );
  }
}
