import type { Loop, Workspace } from '../domain/loop.ts';
import { Config } from '../domain/settings/config.ts';
import type { Worker } from '../domain/worker/worker.ts';
import type { Backend } from '../ports/backend.ts';
import { contextFolder } from './places.ts';
import type { Room } from './rooms/pristine.ts';
import type { Runtime } from './runtime.ts';

/** What any program needs to start and to talk to a terminal; nothing that is a secret or loads foreign code. */
const common = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TERM',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'SystemDrive',
  'ComSpec',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
  'ProgramFiles',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
] as const;

/** What tells a server that a worker starts where the yard's files lie and what its user has set. */
const settings = [
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'LOOPYARD_CONFIG',
  ...Object.keys(Config.shape).map((key) => `LOOPYARD_${key.toUpperCase()}`),
];

type Source = Pick<Runtime, 'env' | 'config'>;

/** A worker is started only in a tree that its loop owns. */
type Housed = Loop & { workspace: Workspace };

/**
 * Environment of a worker: the common names, what its backend and the user's configuration name, and how it finds its
 * loop. Proxies pass, because a worker has to reach its model.
 */
export function workerEnvironment(
  rt: Source & Pick<Runtime, 'files'>,
  loop: Housed,
  worker: Worker,
  backend: Pick<Backend, 'env'>,
): Record<string, string> {
  return {
    ...pick(rt.env, [...common, ...backend.env, ...rt.config.worker_env]),
    ...locale(rt.env),
    ...workerIdentity(rt, loop, worker),
    LOOPYARD_CONTEXT: contextFolder(rt, loop.id),
    LOOPYARD_PROMPT_FILE: rt.files.join(contextFolder(rt, loop.id), 'PROMPT.md'),
    // A worker that wants to commit may, without knowing who it is.
    GIT_AUTHOR_NAME: 'loopyard worker',
    GIT_AUTHOR_EMAIL: 'loopyard@localhost',
    GIT_COMMITTER_NAME: 'loopyard worker',
    GIT_COMMITTER_EMAIL: 'loopyard@localhost',
  };
}

/**
 * What binds a server started by this worker to its loop, and keeps it from opening loops of its own. With the settings,
 * because some clients start a server with these variables and nothing else, and it must find the same yard.
 */
export function workerIdentity(
  rt: Pick<Runtime, 'env'>,
  loop: Housed,
  worker: Worker,
): Record<string, string> {
  return {
    ...pick(rt.env, settings),
    LOOPYARD_LOOP: loop.id,
    LOOPYARD_WORKER: worker.id,
    LOOPYARD_ITERATION: String(worker.iteration),
    LOOPYARD_WORKSPACE: loop.workspace.path,
    LOOPYARD_DEPTH: String(depth(rt.env) + 1),
  };
}

/**
 * Environment of a check: as a worker's, but with an empty home, and none of the user's or the worker's secrets. What is
 * configured there for npm, pip and git is not read either; what the tree itself holds, such as its .npmrc, is, and
 * comes from the base commit as all protected files do. Toolchains under the user's home are pointed at. Behind walls
 * the temporary folder has its usual name, because a path to a socket may not be long.
 */
export function checkEnvironment(
  rt: Source & Pick<Runtime, 'processes' | 'files'>,
  room: Room,
  walled = false,
): Record<string, string> {
  const temp = walled ? '/tmp' : room.temp;
  return {
    ...rt.processes.toolchains(),
    ...pick(rt.env, [
      'PATH',
      'LANG',
      'TZ',
      'SystemRoot',
      'SystemDrive',
      'ComSpec',
      'PATHEXT',
      ...rt.config.check_env,
    ]),
    ...locale(rt.env),
    HOME: room.home,
    USERPROFILE: room.home,
    TMPDIR: temp,
    TEMP: temp,
    TMP: temp,
    CI: 'true',
    NO_COLOR: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null', // git takes this name on every platform
    // What lies above a room is none of its business, should it be a repository.
    GIT_CEILING_DIRECTORIES: rt.files.place,
    // Two names where nothing is: with one and the same, npm fails.
    npm_config_userconfig: rt.files.join(room.home, '.npmrc'),
    npm_config_globalconfig: rt.files.join(room.home, '.npmrc-of-the-system'),
    npm_config_update_notifier: 'false',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  };
}

/** Where the managers of the user keep their programs, caches and settings, and which registries they were told. */
const managerNames =
  /^(?:npm_config_|NPM_|COREPACK_|PNPM_|YARN_|BUN_|UV_|PIP_|POETRY_|PIPENV_|PYENV_|CARGO_|RUSTUP_|GO[A-Z]+$|JAVA_HOME$|M2_HOME$|MAVEN_|GRADLE_|COMPOSER_|BUNDLE_|GEM_|RBENV_|MIX_|HEX_|DOTNET_|NUGET_|XDG_(?:CACHE|CONFIG|DATA)_HOME$|NVM_)/i;
/** What would run other code in them, or say what they do instead of what the lock file says. */
const misleading =
  /(?:_TOKEN|_KEY|_SECRET|_PASSWORD|_AUTH|_OPTIONS|_OPTS|_RUNNER|_WRAPPER|FLAGS|_SCRIPT_SHELL)$|^CARGO_(?:HOME|TARGET_DIR)$/i;

/** Environment of a preparation: as the user's own installation would have it, with their home and registries. */
export function dependencyEnvironment(rt: Source): Record<string, string> {
  const named = Object.keys(rt.env).filter((name) => managerNames.test(name) && !misleading.test(name));
  return {
    ...pick(rt.env, [...common, ...named, ...rt.config.check_env]),
    ...locale(rt.env),
    CI: 'true',
    NO_COLOR: '1',
    npm_config_update_notifier: 'false',
    npm_config_yes: 'true',
  };
}

/** How many workers stand between the person and this process. */
const depth = (env: Source['env']) => Number.parseInt(env.LOOPYARD_DEPTH ?? '0', 10) || 0;

function locale(env: Source['env']): Record<string, string> {
  return pick(
    env,
    Object.keys(env).filter((name) => name.startsWith('LC_')),
  );
}

function pick(env: Source['env'], names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
