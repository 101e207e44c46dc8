/**
 * A courtesy mutex between processes around short sections that are not ours to make atomic, such as git's worktree
 * administration. It saves work; it carries no safety: every section stays correct when two run it.
 */
export interface Gate {
  /** Runs the section when the gate is free, or after `patienceMs` in any case. */
  within<T>(name: string, patienceMs: number, section: () => Promise<T>): Promise<T>;
}
