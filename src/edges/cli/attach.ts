import { LoopyardError } from '../../domain/errors.ts';
import type { ToolRuntime } from '../../tools/define.ts';
import { worktreeOf } from '../../tools/worktree.ts';
import type { Line } from './extra.ts';
import type { attachFace } from './faces.ts';

/** Opens the person's shell in a loop's worktree, and ends as it does. */
export async function attach(
  rt: ToolRuntime,
  { loop }: Line<typeof attachFace>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const cwd = await worktreeOf(rt, loop);
  const shell = process.platform === 'win32' ? (env.ComSpec ?? 'cmd.exe') : (env.SHELL ?? 'sh');
  const { execa } = await import('execa');
  const { exitCode, signal } = await execa(shell, { cwd, stdio: 'inherit', reject: false });
  if (exitCode === undefined && signal === undefined) {
    throw new LoopyardError('INVALID_ARGUMENT', `The shell "${shell}" (from SHELL) could not be started.`);
  }
  return exitCode ?? 1;
}
