import type { Log } from '../../ports/log.ts';
import type { GitRunner } from './command.ts';

/** What the parts of the git adapter share about one repository. */
export interface Repository {
  readonly git: GitRunner;
  readonly log: Log;
  /** The git directory all worktrees share. */
  readonly commonDir: string;
  /** Our own directory for this repository. */
  readonly home: string;
  /** Settings of the user that decide how files become blobs, as `key=value` for `-c`. */
  userSettings(): Promise<readonly string[]>;
}
