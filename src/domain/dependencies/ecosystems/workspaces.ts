import * as z from 'zod';
import { below, folderOf, pathsBelow, type TreeView } from './part.ts';

/** Folders of the workspaces a root names: in package.json, or for pnpm in pnpm-workspace.yaml. */
export function membersOf(tree: TreeView, folder: string): readonly string[] {
  const patterns = [
    ...(manifest(tree, folder)?.workspaces ?? []),
    ...listedIn(tree.text(below(folder, 'pnpm-workspace.yaml'))),
  ];
  if (patterns.length === 0) return [];
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!')).map(asExpression);
  const refused = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => asExpression(pattern.slice(1)));
  return pathsBelow(tree, folder, /(?:^|\/)package\.json$/)
    .map(folderOf)
    .filter((home) => {
      const way = home.slice(folder === '' ? 0 : folder.length + 1);
      return way !== '' && wanted.some((it) => it.test(way)) && !refused.some((it) => it.test(way));
    });
}

const Dependencies = z.record(z.string(), z.string()).catch({}).default({});
const Manifest = z.object({
  name: z.string().optional().catch(undefined),
  packageManager: z.string().optional().catch(undefined),
  scripts: z.record(z.string(), z.string()).optional().catch(undefined),
  bin: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .catch(undefined),
  workspaces: z
    .union([
      z.array(z.string()),
      z.object({ packages: z.array(z.string()) }).transform((all) => all.packages),
    ])
    .optional()
    .catch(undefined),
  dependencies: Dependencies,
  devDependencies: Dependencies,
  optionalDependencies: Dependencies,
});
export type Manifest = z.infer<typeof Manifest>;

/** The package.json of a folder, as far as it says something about dependencies. */
export function manifest(tree: TreeView, folder: string): Manifest | undefined {
  const text = tree.text(below(folder, 'package.json'));
  if (text === undefined) return undefined;
  try {
    return Manifest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What it wants installed, as names and wanted versions. */
export const needs = (it: Manifest) =>
  Object.entries({ ...it.dependencies, ...it.devDependencies, ...it.optionalDependencies });

/** The list under `packages:`. No more of YAML is understood; nothing else is written there. */
function listedIn(text: string | undefined): readonly string[] {
  const block = /^packages:[ \t]*\r?\n((?:[ \t]*(?:-.*|#.*)?\r?\n?)*)/m.exec(text ?? '')?.[1] ?? '';
  return [...block.matchAll(/^[ \t]*-[ \t]*(['"]?)([^'"#\r\n]+?)\1[ \t]*(?:#.*)?\r?$/gm)].map(
    ([, , name = '']) => name,
  );
}

/** A workspace pattern: `*` within one folder's name, `**` across, `{a,b}`. */
function asExpression(pattern: string): RegExp {
  const source = pattern
    .replace(/^\.\//, '')
    .replace(/\/+$/, '')
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\{([^{}]*)\}/g, (_all, list: string) => `(?:${list.split(',').join('|')})`)
    .replace(/\*\*\/|\*\*|\*|\?/g, (star) =>
      star === '**/' ? '(?:[^/]+/)*' : star === '**' ? '.*' : star === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^${source}$`);
}
