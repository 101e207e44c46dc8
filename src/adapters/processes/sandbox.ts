import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Sandbox } from '../../ports/processes.ts';
import { secretPlaces, toolchainHomes, toolchainVariables, toolPlaces } from './home-places.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What is true for every check of a yard. Absolute paths; they need not exist. */
export interface Surroundings {
  readonly env: Env;
  /** State, worktrees, rooms, checkout: nothing in there can be seen from inside. */
  readonly hidden: readonly string[];
}

/** What a root user keeps inside, so that installers and archivers work: nothing that could take a wall down. */
const rootKeeps = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'NET_BIND_SERVICE',
];

/** Files of the kernel that root could write even so. Bubblewrap covers them only where it notices. */
const kernelPlaces = ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'acpi', 'scsi'];

/** Of /run only this is left: how names are resolved, and the programs of systems that keep them there. */
const runPlaces = [
  'systemd/resolve',
  'resolvconf',
  'NetworkManager/resolv.conf',
  'current-system',
  'booted-system',
  'wrappers',
  'opengl-driver',
];

/** A check behind its walls: arguments of bubblewrap, and the environment without ways into what is hidden. */
export interface Walled {
  readonly walls: readonly string[];
  readonly env: Record<string, string>;
}

/**
 * A read-only system with a /proc, /dev, /run and /tmp of its own, no network but the loopback, its own pid and IPC
 * namespace, a new session, and no way to new privileges (bubblewrap forbids them always). What is hidden is covered
 * first, then what may be seen is put on top: order decides. Folders of PATH that are hidden are taken out of it: a
 * program found there would not be there when it is started.
 */
export function wallIn(
  sandbox: Sandbox,
  env: Readonly<Record<string, string>>,
  surroundings: Surroundings,
): Walled {
  const covered = coveredBy(sandbox, surroundings);
  const writable = sandbox.writable.flatMap((place) => real(place) ?? []);
  const seen = seenAgain(covered, sandbox, env, surroundings);
  const blank = covered.all.filter((place) => isFolder(place) && !isShared(place, sandbox));
  const walls = [
    ...['--die-with-parent', '--new-session', '--unshare-pid', '--unshare-ipc'],
    ...(sandbox.network ? [] : ['--unshare-net']),
    ...(process.getuid?.() === 0
      ? ['--cap-drop', 'ALL', ...rootKeeps.flatMap((name) => ['--cap-add', `CAP_${name}`])]
      : []),
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...kernelPlaces.flatMap((name) => ['--ro-bind-try', `/proc/${name}`, `/proc/${name}`]),
    ...covered.all.flatMap((place) => cover(place, sandbox)),
    ...seen.flatMap((place) => ['--ro-bind', place, place]),
    ...writable.flatMap((place) => ['--bind', place, place]),
    ...blank.flatMap((place) => ['--remount-ro', place]),
  ];
  const isVisible = (folder: string) => {
    const place = real(folder) ?? folder;
    return !isWithinAny(place, covered.all) || isWithinAny(place, [...seen, ...writable]);
  };
  const folders = (env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '' && isVisible(folder));
  return { walls, env: env.PATH === undefined ? { ...env } : { ...env, PATH: folders.join(path.delimiter) } };
}

/** Variables that lead programs to what is installed under the user's home, where the user has not set them. */
export function toolchainsOf(env: Env): Record<string, string> {
  const home = env.HOME ?? env.USERPROFILE;
  const found: Record<string, string> = {};
  for (const name of toolchainVariables) if (env[name]) found[name] = env[name];
  for (const [name, folder] of toolchainHomes) {
    const place = env[name] ?? (home && path.join(home, folder));
    if (place && existsSync(place)) found[name] = place;
  }
  return found;
}

interface Covered {
  /** Real paths of what must not be seen, none within another. */
  readonly all: readonly string[];
  /** Those that hold secrets or belong to the yard: not even a folder of PATH in there is shown. */
  readonly closed: readonly string[];
}

function coveredBy({ hidden = [] }: Sandbox, surroundings: Surroundings): Covered {
  const home = surroundings.env.HOME && real(surroundings.env.HOME);
  const histories = (home ? namesIn(home) : []).filter((name) => name.endsWith('_history'));
  const secrets = home ? [...secretPlaces, ...histories].map((name) => path.join(home, name)) : [];
  const closed = [...surroundings.hidden, ...hidden, ...secrets]
    .flatMap((place) => real(place) ?? [])
    // What holds the whole home cannot be covered without the toolchains in it.
    .filter((place) => place !== '/' && !(home && isWithin(home, place)));
  return { all: outermost([...scratchPlaces(), ...closed]), closed };
}

function cover(place: string, sandbox: Sandbox): readonly string[] {
  if (!isFolder(place)) return ['--ro-bind', '/dev/null', place];
  return isShared(place, sandbox) ? ['--bind', sandbox.temp ?? place, place] : ['--tmpfs', place];
}

/** The temporary folders of the system are the check's own one: on disk, and under a name short enough for sockets. */
function isShared(place: string, { temp }: Sandbox): boolean {
  return temp !== undefined && (place === real('/tmp') || place === real('/var/tmp'));
}

const scratchPlaces = () => ['/tmp', '/var/tmp', '/run'].flatMap((place) => real(place) ?? []);

function seenAgain(
  { all, closed }: Covered,
  { readable = [] }: Sandbox,
  env: Readonly<Record<string, string>>,
  surroundings: Surroundings,
): readonly string[] {
  const home = surroundings.env.HOME && real(surroundings.env.HOME);
  const scratch = scratchPlaces();
  const programs = (env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((folder) => (path.isAbsolute(folder) ? (real(folder) ?? []) : []))
    .filter((folder) => !scratch.includes(folder) && !isWithinAny(folder, closed));
  const run = runPlaces.flatMap((name) => real(path.join('/run', name)) ?? []);
  const tools = home ? toolPlaces.flatMap((name) => real(path.join(home, name)) ?? []) : [];
  const wanted = [...run, ...tools, ...programs, ...readable.flatMap((place) => real(place) ?? [])];
  return outermost(wanted.filter((place) => isWithinAny(place, all)));
}

function isFolder(place: string): boolean {
  return statSync(place).isDirectory();
}

function outermost(places: readonly string[]): readonly string[] {
  const unique = [...new Set(places)].sort();
  return unique.filter((place) => !unique.some((other) => other !== place && isWithin(place, other)));
}

const isWithinAny = (place: string, roots: readonly string[]) => roots.some((root) => isWithin(place, root));

/** Compares components, so that `/a-b` is not within `/a`. */
function isWithin(place: string, root: string): boolean {
  return place === root || place.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

function real(place: string): string | undefined {
  try {
    return realpathSync(place);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
