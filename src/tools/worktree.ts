import { findLoop } from '../core/registry.ts';
import { LoopyardError } from '../domain/errors.ts';
import type { ToolRuntime } from './define.ts';

/** Where a loop's work is now. Throws WRONG_STATE when it has no working tree. */
export async function worktreeOf(rt: ToolRuntime, id: string): Promise<string> {
  const loop = await findLoop(rt, id);
  if (loop.workspace) return loop.workspace.path;
  throw new LoopyardError('WRONG_STATE', `The loop ${loop.id} has no working tree now: it is ${loop.state}.`);
}
