import { which } from './which.ts';

const walls = ['--dev-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--die-with-parent', '--'];

/** The same command in a pid namespace: when its leader ends, or the shim does, nothing in there lives on. */
export function inNamespace(bubblewrap: string, argv: readonly string[]): readonly [string, ...string[]] {
  return [bubblewrap, ...walls, ...argv];
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
