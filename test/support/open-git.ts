import { join } from 'node:path';
import type { GitLimits } from '../../src/adapters/git/command.ts';
import { gitFinder, openGit } from '../../src/adapters/git/git.ts';
import type { Gate } from '../../src/ports/gate.ts';
import type { Git } from '../../src/ports/git.ts';
import { aDirectory, type TestRepository } from './git-repo.ts';

/** One section after the other, within this process. */
export function aGate(): Gate {
  let last: Promise<unknown> = Promise.resolve();
  return {
    within(_name, _patienceMs, section) {
      const turn = last.then(section, section);
      last = turn.catch(() => {});
      return turn;
    },
  };
}

/** Opens a test repository the way the program does. */
export async function opened(
  repo: TestRepository,
  { gate = aGate(), limits }: { gate?: Gate; limits?: GitLimits } = {},
): Promise<{ git: Git; home: string }> {
  const home = join(await aDirectory(), 'home');
  const { commonDir } = await gitFinder({ env: repo.env }).locate(repo.path);
  return {
    home,
    git: openGit({ commonDir, home, gate, log: () => {}, env: repo.env, ...(limits && { limits }) }),
  };
}

export const ada = { name: 'Ada', email: 'ada@example.com' };
