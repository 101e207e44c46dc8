import type { Gate } from '../../ports/gate.ts';
import type { Git } from '../../ports/git.ts';
import type { Log } from '../../ports/log.ts';
import { gitCheckouts } from './checkout.ts';
import { type GitLimits, gitRunner } from './command.ts';
import { gitIgnored } from './ignored.ts';
import { gitJudgedTrees } from './judged-tree.ts';
import { openMirror } from './mirror.ts';
import { gitObjects } from './objects.ts';
import { gitQueries } from './queries.ts';
import { gitRefs } from './refs.ts';
import type { Repository } from './repository.ts';
import { gitRooms } from './room.ts';
import { readIdentity, readUserSettings } from './settings.ts';
import { gitSnapshots } from './snapshot.ts';
import { gitTreeChanges } from './tree-changes.ts';
import { gitWorktrees } from './worktree.ts';

export { gitFinder } from './finder.ts';

export interface GitOptions {
  /** Real path of the git directory all worktrees share. */
  readonly commonDir: string;
  /** Our own directory for this repository; the mirror lives there. */
  readonly home: string;
  readonly gate: Gate;
  readonly log: Log;
  /** The user's environment: PATH to find git, HOME to find their settings. */
  readonly env: NodeJS.ProcessEnv;
  /** How long a command may take. */
  readonly limits?: GitLimits;
}

/** Everything loopyard needs of git in one repository, put together from its parts. */
export function openGit({ commonDir, home, gate, log, env, limits }: GitOptions): Git {
  const git = gitRunner(env, limits);
  let settings: Promise<readonly string[]> | undefined;
  const repository: Repository = {
    git,
    log,
    commonDir,
    home,
    userSettings() {
      settings ??= readUserSettings(git, commonDir);
      return settings;
    },
  };
  const mirror = openMirror(repository);
  const queries = gitQueries(repository);
  const objects = gitObjects(repository, mirror);
  return {
    commonDir,
    identity: () => readIdentity(git, commonDir),
    ...queries,
    ...objects,
    ...gitRefs(repository),
    ...gitWorktrees(repository, gate),
    ...gitCheckouts(repository),
    ...gitIgnored(repository),
    ...gitSnapshots(repository, { ...objects, ...queries }),
    ...gitRooms(repository, mirror),
    ...gitTreeChanges(repository, mirror),
    ...gitJudgedTrees(repository, mirror),
  };
}
