/** A tree as a plan needs it. */
export interface TreeView {
  /** Regular files, with `/`, in git's order. */
  readonly paths: readonly string[];
  has(path: string): boolean;
  /** Content of a file that decides, where it was asked for and is text of a bearable length. */
  text(path: string): string | undefined;
}

/**
 * How a file of the tree is laid out for the preparation, and with it what of it counts for the key. `whole`; a
 * package.json `without_scripts`, so that no script of the judged project runs; its `first_line`, which is all a linked
 * program is asked for; or `empty`, where only its being there is asked for.
 */
export type StagedAs = 'whole' | 'without_scripts' | 'first_line' | 'empty';

/** One root with what makes, names and holds its dependencies. `{beside}` and `{root}` stand for folders known later. */
export interface DependencyPart {
  readonly manager: string;
  readonly language: Language;
  /** Of the tree; empty for its root. */
  readonly folder: string;
  /** Folders that are installed together with it. */
  readonly members: readonly string[];
  /** Paths of the tree: exactly what the preparation sees, and exactly what the key is made of. */
  readonly staged: ReadonlyMap<string, StagedAs>;
  /** Programs whose versions belong to the key, with the arguments that print it; the first is the one that prepares. */
  readonly tools: readonly (readonly [string, ...string[]])[];
  /** Run in the root, one after the other. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  readonly prepareEnv: Readonly<Record<string, string>>;
  /** For the checks. */
  readonly checkEnv: Readonly<Record<string, string>>;
  /** Folder put in front of the checks' PATH. */
  readonly binaries?: string;
  /** Names of folders or files that the preparation leaves in the tree: in the root and its members. */
  readonly results: readonly string[];
  /** Something is left in the folder beside the tree. */
  readonly usesBeside: boolean;
  /** Below a result or the folder beside: what programs write there while they run. Emptied after every use. */
  readonly scratch: readonly string[];
}

export type Language =
  | 'javascript'
  | 'python'
  | 'rust'
  | 'go'
  | 'java'
  | 'php'
  | 'ruby'
  | 'elixir'
  | 'dotnet';

export interface Planned {
  readonly part?: DependencyPart;
  readonly notes: readonly string[];
}

/** One package manager. Every file in this folder exports some. */
export interface Ecosystem {
  readonly manager: string;
  readonly language: Language;
  /** Names of files that make their folder a root, or would with a lock file beside them. */
  readonly roots: RegExp;
  /** Names of files whose content the plan needs. */
  readonly reads: RegExp;
  /** A manifest says that it is this one. */
  isNamed?(tree: TreeView, folder: string): boolean;
  /** Undefined: not a root of this one after all. */
  plan(tree: TreeView, folder: string): Planned | undefined;
}

export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);
export const folderOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const below = (folder: string, name: string) => (folder === '' ? name : `${folder}/${name}`);
/** Whether a path is a folder or lies in it. */
export const inside = (path: string, folder: string) =>
  folder === '' || path === folder || path.startsWith(`${folder}/`);

/** Those of the names that are there. */
export function present(tree: TreeView, folder: string, names: readonly string[]): readonly string[] {
  return names.map((name) => below(folder, name)).filter((path) => tree.has(path));
}

/** Paths below a folder whose name or way matches, outside of what was installed or built. */
export function pathsBelow(tree: TreeView, folder: string, what: RegExp): readonly string[] {
  return tree.paths.filter(
    (path) =>
      inside(path, folder) && what.test(path) && !/(?:^|\/)(?:node_modules|vendor|target)\//.test(path),
  );
}

export const staged = (as: StagedAs, paths: readonly string[]): [string, StagedAs][] =>
  paths.map((path) => [path, as]);

/** A path written relative to a folder, without `.` and `..`; undefined when it leads out of the tree. */
export function resolveIn(folder: string, relative: string): string | undefined {
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of relative.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

/** What a part has unless it says otherwise. */
export const plainPart = {
  members: [],
  prepareEnv: {},
  checkEnv: {},
  results: [],
  usesBeside: false,
  scratch: [],
} as const;
