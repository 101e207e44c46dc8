import { cargo, go, gradle, maven } from './ecosystems/compiled.ts';
import { bundler, composer, dotnet, mix } from './ecosystems/hosted.ts';
import { bun, npm, pnpm, yarn } from './ecosystems/javascript.ts';
import {
  baseName,
  type DependencyPart,
  type Ecosystem,
  folderOf,
  inside,
  type TreeView,
} from './ecosystems/part.ts';
import { pip, pipenv, poetry, uv } from './ecosystems/python.ts';

export type { DependencyPart, StagedAs, TreeView } from './ecosystems/part.ts';

/** What a tree needs before its checks can run, and what a person should know about it. */
export interface DependencyPlan {
  readonly parts: readonly DependencyPart[];
  /** Sentences of ours: what was left alone, and why. */
  readonly notes: readonly string[];
}

/** In this order of precedence where two of one language claim the same folder. */
const ecosystems: readonly Ecosystem[] = [
  pnpm,
  yarn,
  bun,
  npm,
  uv,
  poetry,
  pipenv,
  pip,
  cargo,
  go,
  maven,
  gradle,
  composer,
  bundler,
  mix,
  dotnet,
];

/** One question instead of sixteen: a tree may have a hundred thousand paths. */
const oneOf = (names: readonly RegExp[]) => new RegExp(names.map(({ source }) => source).join('|'));
const anyRoot = oneOf(ecosystems.map(({ roots }) => roots));
const anyRead = oneOf(ecosystems.map(({ reads }) => reads));

/** More roots than this in one repository are samples, and preparing them all would take longer than they are worth. */
const mostParts = 12;

/** A lock file below one of these is a sample or somebody else's, not what the checks of this repository run with. */
const passive =
  /(?:^|\/)(?:node_modules|__?fixtures__?|fixtures?|testdata|test-data|tests?|__tests__|specs?|examples?|samples?|templates?|vendor|third[_-]party|dist|build|target|\.[^/]+)\//;

/**
 * Whether the content of a path must be known to plan. Everything else in a tree counts by being there.
 */
export function decidesDependencies(path: string): boolean {
  return anyRead.test(baseName(path)) && !passive.test(path);
}

/**
 * The dependencies of a tree, one part for each root: a folder with a lock file that is not a workspace of another.
 * Pure: paths of the tree's regular files and the contents `decidesDependencies` asked for in, plan out. Without a lock
 * file nothing is installed, because what was installed today would not be what is installed tomorrow.
 */
export function planDependencies(tree: TreeView): DependencyPlan {
  const found: DependencyPart[] = [];
  const notes: string[] = [];
  const candidates = rootsIn(tree);
  for (const { ecosystem, folder } of candidates) {
    const sameLanguage = found.filter((part) => part.language === ecosystem.language);
    if (sameLanguage.some((part) => part.folder === folder || isMember(part, folder))) continue;
    const planned = ecosystem.plan(tree, folder);
    if (planned === undefined) continue;
    notes.push(...planned.notes);
    if (planned.part) found.push(planned.part);
  }
  if (found.length > mostParts)
    notes.push(
      `${found.length} folders have a lock file; the ${mostParts} nearest to the root were prepared.`,
    );
  return { parts: found.slice(0, mostParts), notes };
}

interface Candidate {
  readonly ecosystem: Ecosystem;
  readonly folder: string;
}

/** Nearest to the root first; in one folder in the order of the table, the one a manifest names before the others. */
function rootsIn(tree: TreeView): readonly Candidate[] {
  const seen = new Map<string, Candidate & { rank: number }>();
  for (const path of tree.paths) {
    const name = baseName(path);
    if (!anyRoot.test(name) || passive.test(path)) continue;
    const folder = folderOf(path);
    for (const [rank, ecosystem] of ecosystems.entries()) {
      if (!ecosystem.roots.test(name)) continue;
      const named = ecosystem.isNamed?.(tree, folder) ? -1 : rank;
      seen.set(`${ecosystem.manager} ${folder}`, { ecosystem, folder, rank: named });
    }
  }
  const depth = (folder: string) => (folder === '' ? 0 : folder.split('/').length);
  return [...seen.values()].sort(
    (a, b) => depth(a.folder) - depth(b.folder) || a.rank - b.rank || (a.folder < b.folder ? -1 : 1),
  );
}

/** A workspace is installed with its root; a lock file that was forgotten in it counts for nothing. */
function isMember(part: DependencyPart, folder: string): boolean {
  return inside(folder, part.folder) && part.members.includes(folder);
}
