import { spawn } from 'node:child_process';

/**
 * Starts a process that outlives us: own session, no pipes, nothing to wait for. Resolves when the system started it,
 * rejects with the system's error when it did not. (Plain `spawn`: no output to collect and no end to wait for, so a
 * library would only cost its loading time, on the path to every run.)
 */
export async function startDetached(
  argv: readonly [string, ...string[]],
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string },
): Promise<void> {
  const [command, ...args] = argv;
  const env = Object.fromEntries(Object.entries(options.env).filter(([name]) => !isMark(name)));
  const child = spawn(command, args, {
    cwd: options.cwd,
    env,
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
}

/** What we start may be started from within a run, but is no part of it and must not be stopped with it. */
function isMark(name: string): boolean {
  return name === 'LOOPYARD_RUN' || name === 'LOOPYARD_RUN_MARK';
}
