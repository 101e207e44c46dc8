import {
  baseName,
  below,
  type DependencyPart,
  type Ecosystem,
  folderOf,
  inside,
  type Planned,
  pathsBelow,
  plainPart,
  present,
  resolveIn,
  type StagedAs,
  staged,
  type TreeView,
} from './part.ts';
import { type Manifest, manifest, membersOf, needs } from './workspaces.ts';

interface Style {
  readonly manager: string;
  readonly locks: readonly string[];
  /** Files and folders in the root that decide what is installed. */
  readonly settings: readonly string[];
  readonly settingFolders?: RegExp;
  readonly command: readonly [string, ...string[]];
  readonly prepareEnv?: Readonly<Record<string, string>>;
  readonly checkEnv?: Readonly<Record<string, string>>;
  readonly results?: readonly string[];
  /** Copies what a `file:` dependency names, where the others link to it. */
  readonly copiesLocal: boolean;
}

/**
 * The lifecycle scripts of the project itself never run while its dependencies are prepared: `scripts` are taken out of
 * its manifests and its workspaces' before any of the four sees them. `--ignore-scripts` would take the dependencies'
 * own as well, which build what the checks need. None of the four compares `scripts` with the lock file.
 */
function javascript(style: Style): Ecosystem {
  const isLock = (name: string) => style.locks.includes(name);
  return {
    manager: style.manager,
    language: 'javascript',
    roots: new RegExp(`^(?:${[...style.locks, 'package.json'].join('|').replaceAll('.', '\\.')})$`),
    reads: /^(?:package\.json|pnpm-workspace\.yaml)$/,
    isNamed: (tree, folder) =>
      manifest(tree, folder)?.packageManager?.startsWith(`${style.manager}@`) ?? false,
    plan(tree, folder) {
      const root = manifest(tree, folder);
      if (!root) return undefined;
      const locks = present(tree, folder, style.locks);
      if (locks.length === 0) return style.manager === 'npm' ? withoutLock(tree, folder, root) : undefined;
      return planned(
        style,
        tree,
        folder,
        root,
        locks.filter((path) => isLock(baseName(path))),
      );
    },
  };
}

function withoutLock(tree: TreeView, folder: string, root: Manifest): Planned | undefined {
  if (needs(root).length === 0 || isListed(tree, folder)) return undefined;
  const others = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'];
  if (present(tree, folder, others).length > 0) return undefined;
  return {
    notes: [
      `${below(folder, 'package.json')} names dependencies and has no lock file: nothing was installed.`,
    ],
  };
}

/** Whether a manifest above counts this folder among its workspaces. */
function isListed(tree: TreeView, folder: string): boolean {
  for (let at = folder; at !== ''; ) {
    at = folderOf(at);
    if (membersOf(tree, at).includes(folder)) return true;
  }
  return false;
}

function planned(
  style: Style,
  tree: TreeView,
  folder: string,
  root: Manifest,
  locks: readonly string[],
): Planned | undefined {
  const members = membersOf(tree, folder);
  const homes = [folder, ...members];
  const manifests = homes.flatMap((home) => {
    const its = home === folder ? root : manifest(tree, home);
    return its ? [{ home, its }] : [];
  });
  if (manifests.every(({ its }) => needs(its).length === 0) && members.length === 0) return undefined;
  const local = manifests.flatMap(({ home, its }) => localNeeds(style, tree, home, its));
  const files = new Map<string, StagedAs>([
    ...staged('whole', [...locks, ...present(tree, folder, style.settings)]),
    ...staged('whole', style.settingFolders ? settingsIn(tree, folder, style.settingFolders) : []),
    ...staged(
      'whole',
      members.flatMap((home) => present(tree, home, ['.npmrc'])),
    ),
    ...manifests.flatMap(({ home, its }) =>
      staged('first_line', home === folder ? [] : programsOf(tree, home, its)),
    ),
    ...local,
    ...staged(
      'without_scripts',
      manifests.map(({ home }) => below(home, 'package.json')),
    ),
  ]);
  const part: DependencyPart = {
    ...plainPart,
    manager: style.manager,
    language: 'javascript',
    folder,
    members: [
      ...members,
      ...local.filter(([path]) => baseName(path) === 'package.json').map(([path]) => folderOf(path)),
    ],
    staged: files,
    tools: [
      [style.manager, '--version'],
      ['node', '--version'],
    ],
    commands: [style.command],
    prepareEnv: style.prepareEnv ?? {},
    checkEnv: style.checkEnv ?? {},
    results: ['node_modules', ...(style.results ?? [])],
    scratch: ['.cache', '.vite', '.vite-temp', '.vitest', '.tmp', '.nyc_output'].map(
      (name) => `node_modules/${name}`,
    ),
  };
  return { part, notes: scriptNote(folder, manifests) };
}

const installScripts = ['preinstall', 'install', 'postinstall', 'prepare'];

function scriptNote(
  folder: string,
  manifests: readonly { home: string; its: Manifest }[],
): readonly string[] {
  const having = manifests.filter(({ its }) =>
    installScripts.some((name) => its.scripts?.[name] !== undefined),
  );
  if (having.length === 0) return [];
  const where = having
    .map(({ home }) => below(home, 'package.json'))
    .slice(0, 5)
    .join(', ');
  return [
    `Install scripts of the project itself (${where}) were not run${folder === '' ? '' : ` in ${folder}`}; what the checks need of them belongs in the setting "setup".`,
  ];
}

const settingsIn = (tree: TreeView, folder: string, what: RegExp) =>
  tree.paths.filter(
    (path) => inside(path, folder) && what.test(path.slice(folder === '' ? 0 : folder.length + 1)),
  );

/** Programs that other workspaces get linked. */
function programsOf(tree: TreeView, home: string, { bin }: Manifest): readonly string[] {
  const named = typeof bin === 'string' ? [bin] : Object.values(bin ?? {});
  return named.flatMap((name) => resolveIn(home, name) ?? []).filter((path) => tree.has(path));
}

/** What `file:` and its like name: an archive, or a folder, of which those that link to it want only the manifest. */
function localNeeds(style: Style, tree: TreeView, home: string, its: Manifest): [string, StagedAs][] {
  return needs(its).flatMap(([, wanted]): [string, StagedAs][] => {
    const named =
      /^(?:file|link|portal):(.+)$/.exec(wanted)?.[1] ?? (/^\.\.?\//.test(wanted) ? wanted : undefined);
    const path = named === undefined ? undefined : resolveIn(home, named);
    if (path === undefined || path === '') return [];
    if (tree.has(path)) return staged('whole', [path]);
    const manifestPath = below(path, 'package.json');
    if (!tree.has(manifestPath)) return [];
    const content = style.copiesLocal ? staged('whole', pathsBelow(tree, path, /./)) : [];
    return [...content, [manifestPath, 'without_scripts']];
  });
}

export const npm = javascript({
  manager: 'npm',
  locks: ['npm-shrinkwrap.json', 'package-lock.json'],
  settings: ['.npmrc'],
  command: ['npm', 'ci', '--no-audit', '--no-fund', '--prefer-offline'],
  copiesLocal: false,
});

export const pnpm = javascript({
  manager: 'pnpm',
  locks: ['pnpm-lock.yaml'],
  settings: ['.npmrc', 'pnpm-workspace.yaml', '.pnpmfile.cjs', '.pnpmfile.mjs'],
  settingFolders: /^patches\//,
  command: ['pnpm', 'install', '--frozen-lockfile', '--prefer-offline', '--package-import-method=copy'],
  // It looks after its folder before every script otherwise, and finds that it has moved.
  checkEnv: { npm_config_verify_deps_before_run: 'false', pnpm_config_verify_deps_before_run: 'false' },
  copiesLocal: true,
});

export const yarn = javascript({
  manager: 'yarn',
  locks: ['yarn.lock'],
  settings: ['.npmrc', '.yarnrc', '.yarnrc.yml'],
  settingFolders: /^(?:patches|\.yarn\/(?:releases|plugins|patches|cache))\//,
  // The old one takes --immutable for nothing and the new one takes --frozen-lockfile for the same.
  command: ['yarn', 'install', '--frozen-lockfile'],
  // What Plug'n'Play points to must lie in the tree as well.
  prepareEnv: { YARN_ENABLE_GLOBAL_CACHE: 'false', YARN_ENABLE_TELEMETRY: '0', YARN_NM_MODE: 'classic' },
  checkEnv: { YARN_ENABLE_GLOBAL_CACHE: 'false', YARN_ENABLE_TELEMETRY: '0' },
  results: ['.pnp.cjs', '.pnp.loader.mjs', '.yarn/cache', '.yarn/unplugged', '.yarn/install-state.gz'],
  copiesLocal: true,
});

export const bun = javascript({
  manager: 'bun',
  locks: ['bun.lock', 'bun.lockb'],
  settings: ['.npmrc', 'bunfig.toml'],
  settingFolders: /^patches\//,
  command: ['bun', 'install', '--frozen-lockfile', '--backend=copyfile'],
  copiesLocal: true,
});
