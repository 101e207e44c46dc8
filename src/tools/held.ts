import type { ToolRuntime } from './define.ts';

/** Whether a branch (other than `except`) has this commit, so that no ref of ours is needed to keep it. */
export async function isHeld(rt: Pick<ToolRuntime, 'git'>, commit: string, except = ''): Promise<boolean> {
  for (const [name, head] of await rt.git.refs('refs/heads/')) {
    if (name !== except && (await rt.git.isAncestor(commit, head))) return true;
  }
  return false;
}
