import type { ToolRuntime } from './define.ts';

/** Whether a branch (other than `except`) has this commit, so that no ref of ours is needed to keep it. */
export async function isHeld(rt: Pick<ToolRuntime, 'git'>, commit: string, except = ''): Promise<boolean> {
  return (await rt.git.branchesWith(commit)).some((name) => name !== except);
}
