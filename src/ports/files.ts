/**
 * Bulk that events only refer to: context files of a loop, evidence, archived loops. Paths are relative to the yard's
 * places and built from ids only; contents are replaced whole, never half.
 */
export interface Files {
  /** Real path of the yard's own directory. */
  readonly home: string;
  /** Where worktrees, rooms and context files of this yard live. */
  readonly place: string;
  /**
   * Creates parents, replaces by rename. `path` is absolute and inside `home` or `place`; a directory that somebody
   * put at that name inside `place` is removed. Flushed to disk, unless what it says is worth nothing after a power cut.
   */
  write(path: string, text: string, options?: { flush?: boolean }): Promise<void>;
  /** A directory with its parents, of which only this user sees anything. */
  makeDirectory(path: string): Promise<void>;
  /** Undefined when there is no regular file; a link is none. Reads at most `maxBytes` (default 1 MiB). */
  read(path: string, maxBytes?: number): Promise<string | undefined>;
  /** Names in a directory, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Takes the tree out of the way at once (rename) and deletes it afterwards. Never follows a link. */
  remove(path: string): Promise<void>;
  /**
   * Gives a directory another name, creating the parents of the new one. False when there is nothing at `from`, or
   * something at `to` already: of two who claim the same thing, one gets it.
   */
  move(from: string, to: string): Promise<boolean>;
  /** Device and inode of a directory: the same tree has the same key however its path is spelt. */
  keyOf(path: string): Promise<string>;
  /** Joins with the separator of the platform. */
  join(...parts: readonly string[]): string;
}
