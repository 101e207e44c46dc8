/** A full object id; nothing shorter and no ref name ever reaches an effect. */
export type ObjectId = string;

/** Where a path lies. */
export interface Checkout {
  /** Real path of the top of the working tree. */
  readonly path: string;
  /** Device and inode of it: the same tree has the same key however its path is spelt. */
  readonly key: string;
  /** Real path of the git directory all worktrees share. */
  readonly commonDir: string;
}

export interface FileChange {
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted' | 'renamed' | 'type_changed';
}

export interface Signature {
  readonly name: string;
  readonly email: string;
}

export interface WorktreeEntry {
  readonly path: string;
  /** Checked out there; undefined when HEAD is detached. */
  readonly branch: string | undefined;
  /** Being rebased there: git detaches HEAD for it and moves the branch at the end. */
  readonly rebasing: string | undefined;
  readonly head: ObjectId | undefined;
  /** Git has a record of it and its directory is gone. */
  readonly missing: boolean;
}

/** One step of an atomic ref transaction. `from`/`is` `undefined`: the ref must not exist. */
export type RefStep =
  | { readonly verify: string; readonly is: ObjectId | undefined }
  | { readonly update: string; readonly from: ObjectId | undefined; readonly to: ObjectId }
  | { readonly remove: string; readonly from: ObjectId };

export type MergeOutcome =
  | { readonly kind: 'merged'; readonly tree: ObjectId }
  /** `tree` carries the conflict markers. */
  | { readonly kind: 'conflict'; readonly tree: ObjectId; readonly files: readonly string[] };

/** A file of a tree. Modes as git writes them: `160000` is a submodule at a commit, `120000` a symbolic link. */
export interface TreeEntry {
  readonly path: string;
  readonly mode: '100644' | '100755' | '120000' | '160000';
  readonly id: ObjectId;
}

/** A path that differs between two trees. `mode` is how it is in the later one, and for a deleted one how it was. */
export interface TreeChange {
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted' | 'type_changed';
  readonly mode: string;
  /** Content in the earlier and in the later tree; absent where there is none. */
  readonly before?: ObjectId;
  readonly after?: ObjectId;
}

/** What became of a room that was to be used again. */
export type RoomState =
  | { readonly kind: 'pristine' }
  /** It is not what the record says; nothing in it may be used. `why` is a sentence. */
  | { readonly kind: 'altered'; readonly why: string };

/** A room and what only we know of it. */
export interface RoomPlace {
  /** The directory of the files. */
  readonly path: string;
  /** A folder below our home with our own index and the times of every directory. Nothing in the room tells of it. */
  readonly record: string;
}

export type Snapshot =
  /** Nothing differs from the parent's tree. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'commit'; readonly commit: ObjectId; readonly tree: ObjectId };

/**
 * What loopyard needs of git in one repository. Every method uses an explicit git directory and a fixed environment
 * with the repository's hooks, monitors and pagers off; none finds a repository by looking around in a directory that
 * a worker can write. Failures are GIT_FAILED with the exit code in the facts, unless a method says otherwise.
 */
export interface Git {
  readonly commonDir: string;
  /** What HEAD of a checkout says; `commit` is undefined before the first commit, `branch` when detached. */
  head(checkout: string): Promise<{ commit: ObjectId | undefined; branch: string | undefined }>;
  /** The commit a caller's ref, tag or abbreviation names, or undefined. Never lets a leading dash through. */
  resolve(ref: string): Promise<ObjectId | undefined>;
  treeOf(commit: ObjectId): Promise<ObjectId>;
  isAncestor(ancestor: ObjectId, descendant: ObjectId): Promise<boolean>;
  /** Files that differ between two commits or trees, renames found. */
  changes(from: ObjectId, to: ObjectId): Promise<readonly FileChange[]>;
  /** A patch for people, cut at `maxBytes` with a last line that says so. */
  patch(from: ObjectId, to: ObjectId, maxBytes: number): Promise<string>;
  /** The value of a branch or other ref; undefined when it does not exist. */
  ref(name: string): Promise<ObjectId | undefined>;
  /** The full name a symbolic ref leads to in the end, there or not; undefined when `name` is no symbolic ref. */
  symbolicTarget(name: string): Promise<string | undefined>;
  /** Full names and values of all refs below a prefix. */
  refs(prefix: string): Promise<ReadonlyMap<string, ObjectId>>;
  /** Full names of the branches that have a commit. */
  branchesWith(commit: ObjectId): Promise<readonly string[]>;
  /** Whether git accepts this as a branch name. */
  isBranchName(name: string): Promise<boolean>;
  /** All steps or none, flushed to disk; false when one of them did not find what it expected. */
  updateRefs(steps: readonly RefStep[], reason: string): Promise<boolean>;
  writeBlob(text: string): Promise<ObjectId>;
  commitTree(input: {
    tree: ObjectId;
    parents: readonly ObjectId[];
    message: string;
    author: Signature;
  }): Promise<ObjectId>;
  /** The user's configured identity, or undefined. */
  identity(): Promise<Signature | undefined>;
  /** The tree of a three-way merge, computed without any working tree. */
  mergeTree(ours: ObjectId, theirs: ObjectId): Promise<MergeOutcome>;

  /** Linked worktrees git knows, the main one included. */
  worktrees(): Promise<readonly WorktreeEntry[]>;
  /** A new linked worktree on a new branch that tracks nothing. Runs one at a time per repository. No hook runs. */
  addWorktree(input: { path: string; branch: string; commit: ObjectId }): Promise<void>;
  /** Removes the worktree's directory and git's record of it. The caller has made sure that nothing in it is lost. */
  removeWorktree(path: string): Promise<void>;
  /**
   * Everything in a working tree (tracked, staged, untracked, not what is ignored) as a commit on `parent`. Uses an
   * index of its own beside `scratch`; the working tree's index, HEAD and branch stay as they are.
   */
  snapshot(input: {
    worktree: string;
    parent: ObjectId;
    scratch: string;
    message: string;
    author: Signature;
  }): Promise<Snapshot>;
  /**
   * Makes a linked worktree of ours stand on `commit` of its branch without changing a file: its content already is
   * that commit's. Afterwards git status there is clean.
   */
  settleWorktree(input: { path: string; branch: string; commit: ObjectId }): Promise<void>;
  /** Whether a checkout has no staged, unstaged or conflicting change to a tracked file. */
  isClean(checkout: string): Promise<boolean>;
  /**
   * Brings files and index of a clean checkout from one commit to another after its branch moved. Repeatable.
   * `rehearse`: only tells whether it could.
   */
  followBranch(input: {
    checkout: string;
    from: ObjectId;
    to: ObjectId;
    rehearse?: boolean;
  }): Promise<'followed' | 'in_the_way'>;
  /**
   * Untracked files of a checkout that git ignores there and that the patterns name, or those in its own file
   * `.worktreeinclude` (both as in `.gitignore`, the file's first).
   */
  ignoredFiles(input: { checkout: string; patterns: readonly string[] }): Promise<readonly string[]>;
  /** Those of some paths that git would ignore in a checkout. */
  ignoredPaths(checkout: string, paths: readonly string[]): Promise<readonly string[]>;
  /**
   * The tree that is judged: the commit's, in which the files at `restore` are those of `base` (and are gone when `base`
   * has none there) and those at `drop` are gone. Paths of files or of whole folders, with `/`. It is made in the private
   * object store, and the user's repository never hears of it. Nothing to restore or drop: the commit's own tree.
   */
  judgedTree(input: {
    commit: ObjectId;
    base: ObjectId;
    restore: readonly string[];
    drop: readonly string[];
  }): Promise<ObjectId>;
  /**
   * Every path that differs between two commits; a rename is one deleted and one added. Read in the private object
   * store: a tree that was rewritten under its id in the user's repository hides nothing.
   */
  treeChanges(base: ObjectId, commit: ObjectId): Promise<readonly TreeChange[]>;
  /**
   * All files of a commit or tree, or those at and below `paths`, in git's order. Read in the private object store, where
   * the content of every object was checked against its id; so is what `blobs` answers.
   */
  entries(treeish: ObjectId, paths?: readonly string[]): Promise<readonly TreeEntry[]>;
  /**
   * Contents of blobs that `entries` told of. One longer than `maxBytes`, or beyond `mostBytes` in all (default 64 MiB),
   * has no entry.
   */
  blobs(
    ids: readonly ObjectId[],
    limit: { maxBytes: number; mostBytes?: number },
  ): Promise<ReadonlyMap<ObjectId, Uint8Array>>;

  /**
   * A fresh directory with exactly the files of a commit or tree, made from a private object store with none of the
   * repository's configuration, hooks or filters; submodules at their commits and LFS files with their content. Not a
   * git checkout for anybody but us. Throws INVALID_ARGUMENT with `facts.path` when a link or submodule leads out of it,
   * and ROOM_INCOMPLETE when a submodule's commit is not on this machine or an LFS object is damaged. Where an LFS object
   * is missing its pointer stays: see `pointersIn`.
   */
  fillRoom(input: RoomPlace & { tree: ObjectId }): Promise<void>;
  /**
   * Brings a room that `orderRoom` left pristine to another commit or tree, at a cost that follows the difference, after
   * the proof that nothing in it has changed since. `altered`: it was changed meanwhile and is good for nothing.
   */
  forwardRoom(input: RoomPlace & { tree: ObjectId }): Promise<RoomState>;
  /** Tracked files of a room that are not any more what its tree says: content, kind, executable bit, or gone. */
  alteredFiles(room: RoomPlace): Promise<readonly string[]>;
  /** LFS files of a room whose content is not on this machine. */
  pointersIn(room: RoomPlace): Promise<readonly string[]>;
  /** From here on others than its checks may write in the room: its next proof believes no times. `again`: it may be watched already. */
  watchRoom(room: RoomPlace & { again: boolean }): Promise<void>;
  /** Tracked files that were written since the room is watched, whatever is in them now. */
  touchedFiles(room: RoomPlace): Promise<readonly string[]>;
  /**
   * Makes a used room pristine again: removes what is not of its tree, ignored files and nested repositories too, puts
   * back what was changed, and writes down how everything looks. Repeatable. A room that was just filled waits for the
   * next second, so that its next proof need not read the files of this one; `hurry` spares the wait.
   */
  orderRoom(input: RoomPlace & { hurry?: boolean }): Promise<void>;
}

/** Opening a repository, before there is a yard. */
export interface GitFinder {
  /** Throws GIT_MISSING, NO_WORKSPACE, NOT_A_REPOSITORY or BARE_REPOSITORY. */
  locate(path: string): Promise<Checkout>;
}
