import { LoopyardError } from '../domain/errors.ts';
import { shown } from '../domain/text.ts';
import type { ToolRuntime } from './define.ts';

const heads = 'refs/heads/';

/** The branch a caller names to land on. A symbolic one stands for another, and only the real one is ever moved. */
export async function targetNamed({ git }: Pick<ToolRuntime, 'git'>, name: string): Promise<string> {
  if (!(await git.isBranchName(name))) {
    throw new LoopyardError('INVALID_ARGUMENT', `"target": "${shown(name)}" is not a valid branch name.`);
  }
  const real = (await git.symbolicTarget(`${heads}${name}`)) ?? `${heads}${name}`;
  if (!real.startsWith(heads)) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `"target": "${shown(name)}" is a symbolic ref that leads to no branch; name the branch to land on.`,
    );
  }
  if ((await git.ref(real)) === undefined) {
    throw new LoopyardError(
      'UNKNOWN_COMMIT',
      `"target": there is no branch "${shown(name)}" in this repository.`,
    );
  }
  return real.slice(heads.length);
}
