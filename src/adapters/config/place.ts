import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where worktrees, rooms and context files of a repository live: outside every checkout, so that no test runner or
 * watcher walks into them, and named so that a person recognises the repository.
 */
export function placeOf(commonDir: string, configured: string | undefined, env: Env): string {
  const state = env.XDG_STATE_HOME || (process.platform === 'win32' ? env.LOCALAPPDATA : undefined);
  const root = configured ?? path.join(state || path.join(os.homedir(), '.local', 'state'), 'loopyard');
  const checkout = path.basename(commonDir) === '.git' ? path.dirname(commonDir) : commonDir;
  const name =
    path
      .basename(checkout)
      .replace(/[^\w.-]/g, '_')
      .slice(0, 40) || 'repository';
  const digest = createHash('sha256').update(commonDir).digest('hex');
  return realPath(path.join(root, `${name}-${digest.slice(0, 8)}`));
}

/** Git names worktrees by their real paths, and ours must be found in its list. What is not there yet stays as it is. */
function realPath(file: string): string {
  const parent = path.dirname(file);
  if (existsSync(file)) return realpathSync(file);
  return parent === file ? file : path.join(realPath(parent), path.basename(file));
}
