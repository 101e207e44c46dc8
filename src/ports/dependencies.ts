import type { RunId } from '../domain/worker/run.ts';

/** What a prepared tree is and what of it goes where; kept with it. */
export interface Recipe {
  readonly key: string;
  readonly manager: string;
  /** Folders of the tree, with `/`, in which results may lie: the root of the part and its members. */
  readonly homes: readonly string[];
  /** Names of results in each of them. */
  readonly results: readonly string[];
  /** `<result>/<name>` or a path in the folder beside: emptied after every use, and no part of any proof. */
  readonly scratch: readonly string[];
  /**
   * Programs of the tree that are not executable there. An installation would make them so; here the links to them
   * become small scripts that start the interpreter their first line names, and the tree stays as it was committed.
   */
  readonly plainPrograms: readonly string[];
}

/** Where a preparation happens: nobody else knows the folder, and only a complete result leaves it. */
export interface Draft {
  readonly folder: string;
  /** The staged files of the tree. */
  readonly root: string;
  /** For what does not belong into a tree: virtual environments, module caches. */
  readonly beside: string;
}

/** The part of a room that dependencies need. */
export interface RoomPlaces {
  readonly folder: string;
  readonly path: string;
}

/** Dependencies as they now lie in a room. */
export interface PlacedDependencies {
  readonly key: string;
  readonly how: 'kept' | 'spare' | 'copied';
  /** The folder beside the tree, when there is one. */
  readonly beside: string | undefined;
  /** Results that were left out because the tree has something of its own at their place. */
  readonly leftOut: readonly string[];
}

/**
 * Prepared dependencies on this machine, shared by all repositories of its user. An entry appears by rename, complete;
 * a copy of it belongs to one room, or waits for one. Nothing is ever shared between two rooms: no links lead from one
 * to another or to the entry. What was altered is found before it is used, by what the file system knows of every file
 * (kind, size, inode, times), and thrown away.
 */
export interface Dependencies {
  /** System, processor and C library: what was built for one is no use to another. */
  readonly platform: string;
  /** SHA-256 in hexadecimal. */
  digest(text: string): string;
  /** What a program prints of its version; undefined when it is not there or does not work. Asked once an hour per program file. */
  toolVersion(
    argv: readonly [string, ...string[]],
    env: Readonly<Record<string, string>>,
  ): Promise<string | undefined>;
  /** One after the other among all processes of this machine, as far as patience goes. */
  once<T>(key: string, patienceMs: number, work: () => Promise<T>): Promise<T>;
  has(key: string): Promise<boolean>;
  /**
   * A fresh draft with these files. `run` is the first of the runs that will work in it, for whoever finds it later;
   * drafts of the key whose maker is dead are handed to `clear` with their runs and removed.
   */
  draft(
    input: {
      key: string;
      run: RunId;
      files: ReadonlyMap<string, { readonly content: Uint8Array; readonly executable: boolean }>;
    },
    clear: (run: RunId) => Promise<void>,
  ): Promise<Draft>;
  /** Makes an entry of what a draft holds now. Throws SETUP_FAILED when a link in a result leads out of the tree. */
  publish(draft: Draft, recipe: Recipe): Promise<void>;
  discard(draft: Draft): Promise<void>;
  /** Puts back what `release` left beside the tree, where its key is wanted and its proof holds; the rest goes. */
  restore(room: RoomPlaces, keys: readonly string[]): Promise<readonly PlacedDependencies[]>;
  /** A spare copy, or a new one; undefined when there is no entry of this key, or it was altered and had to go. */
  place(key: string, room: RoomPlaces): Promise<PlacedDependencies | undefined>;
  /** Takes everything out of the tree again and leaves it beside. Repeatable. */
  release(room: RoomPlaces): Promise<void>;
  /** Makes a spare copy unless one waits. */
  makeAhead(key: string): Promise<void>;
  /** Removes the least recently used until all entries and spares take at most so many bytes; never one in use. */
  trim(mostBytes: number): Promise<void>;
  /** Copies single files into a directory; what is there already stays, and no link is followed out of `from`. */
  copyFiles(
    from: string,
    to: string,
    paths: readonly string[],
    limit: { readonly files: number; readonly bytes: number },
  ): Promise<{ readonly copied: readonly string[]; readonly skipped: readonly string[] }>;
  /** SHA-256 of a regular file below a folder, reached without a link; empty when there is none. */
  fileDigest(folder: string, path: string): Promise<string>;
  /** Links single paths into a directory; what is there already stays. */
  linkPaths(from: string, to: string, paths: readonly string[]): Promise<readonly string[]>;
}
