import { which } from './which.ts';

const walls = ['--dev-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--die-with-parent', '--'];

/** The same command in a pid namespace: when its leader ends, or the shim does, nothing in there lives on. */
export function inNamespace(bubblewrap: string, argv: readonly string[]): readonly [string, ...string[]] {
  return [bubblewrap, ...walls, ...argv];
}

/** A command behind walls of its own (`sandbox.ts`); bubblewrap tells on descriptor 3 whether it got as far as the command. */
export function inSandbox(
  bubblewrap: string,
  walls: readonly string[],
  cwd: string,
  argv: readonly string[],
): readonly [string, ...string[]] {
  return [bubblewrap, ...walls, '--chdir', cwd, '--json-status-fd', '3', '--', ...argv];
}

/** Why walls cannot be had, or undefined when they can: the same walls are really put up once. */
export async function whyNoWalls(bubblewrap: string, walls: readonly string[]): Promise<string | undefined> {
  const [command, ...args] = inSandbox(bubblewrap, walls, '/', [bubblewrap, '--version']);
  const { execa } = await import('execa');
  const { exitCode, stderr } = await execa(command, args, {
    env: {},
    extendEnv: false,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: 5_000,
    killSignal: 'SIGKILL',
    reject: false,
  });
  return exitCode === 0 ? undefined : String(stderr).slice(0, 500) || 'no reason was given';
}

/**
 * Absolute path of bubblewrap if it works here, found out by a real start: it is installed on many systems that do not
 * allow it (containers, Ubuntu without a profile for it).
 */
export async function findBubblewrap(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const program = await which('bwrap', env);
  if (!program) return undefined;
  const [command, ...args] = inNamespace(program, [program, '--version']);
  const { execa } = await import('execa');
  const options = {
    env: {},
    extendEnv: false,
    stdio: 'ignore',
    timeout: 5_000,
    killSignal: 'SIGKILL',
    reject: false,
  } as const;
  return (await execa(command, args, options)).exitCode === 0 ? program : undefined;
}
