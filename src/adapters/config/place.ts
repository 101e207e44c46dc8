import os from 'node:os';
import path from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where worktrees, rooms and context files of a repository live: outside every checkout, so that no test runner or
 * watcher walks into them, and named so that a person recognises the repository.
 */
export function placeFor(
  commonDir: string,
  digest: string,
  configured: string | undefined,
  env: Env,
): string {
  const state = env.XDG_STATE_HOME || (process.platform === 'win32' ? env.LOCALAPPDATA : undefined);
  const root = configured ?? path.join(state || path.join(os.homedir(), '.local', 'state'), 'loopyard');
  const checkout = path.basename(commonDir) === '.git' ? path.dirname(commonDir) : commonDir;
  const name =
    path
      .basename(checkout)
      .replace(/[^\w.-]/g, '_')
      .slice(0, 40) || 'repository';
  return path.join(root, `${name}-${digest.slice(0, 8)}`);
}
