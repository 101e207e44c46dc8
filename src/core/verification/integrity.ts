import { type ChangedText, type Finding, findingsIn } from '../../domain/verification/findings.ts';
import { differsHarmlessly, type Protected, protectedChanges } from '../../domain/verification/integrity.ts';
import { matches, protectedBy } from '../../domain/verification/protected.ts';
import { type Manifest, runnerScripts } from '../../domain/verification/runner-scripts.ts';
import type { Check } from '../../domain/verification/verification.ts';
import type { ObjectId, TreeChange } from '../../ports/git.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'git' | 'config'>;

export interface Integrity extends Protected {
  /** The tree that is judged. */
  readonly judged: ObjectId;
  readonly findings: readonly Finding[];
}

/** Compared with nothing: the commit is judged as it is. */
export async function withoutBase(rt: Rt, commit: ObjectId): Promise<Integrity> {
  const judged = await rt.git.treeOf(commit);
  return { judged, changes: [], restore: [], drop: [], submodules: [], findings: [] };
}

/**
 * What a commit changed that decides its own verdict, and the tree without that: protected files are those of the base.
 * Everything is read from the private object store, so nothing that was done to the user's repository hides a change.
 */
export async function compareWithBase(
  rt: Rt,
  input: { commit: ObjectId; base: ObjectId; checks: readonly Check[]; allow: readonly string[] },
): Promise<Integrity> {
  const { commit, base, checks } = input;
  const changes = await rt.git.treeChanges(base, commit);
  const { protectedRule, allows } = await rulesFor(rt, input, changes);
  const asked = askedFor(checks);
  const harmless = await harmlessManifests(rt, changes);
  const found = protectedChanges(changes, {
    rule: protectedRule,
    // A check that names a file which is not there yet wants it written.
    allows: (path, kind) => allows(path) || (kind === 'added' && asked.has(path)),
    harmless,
  });
  const { restore, drop } = found;
  const judged = await rt.git.judgedTree({ commit, base, restore, drop });
  const product = changes.filter(({ path }) => protectedRule(path) === undefined);
  return { ...found, judged, findings: await findings(rt, base, product, checks) };
}

/** Whether a path is protected in a verification, for those that its checks altered. */
export async function protectionOf(
  rt: Rt,
  input: { base: ObjectId; checks: readonly Check[]; allow: readonly string[] },
  paths: readonly string[],
): Promise<(path: string) => boolean> {
  const { protectedRule, allows } = await rulesFor(
    rt,
    input,
    paths.map((path) => ({ path })),
  );
  return (path) => protectedRule(path) !== undefined && !allows(path);
}

/** Paths that the caller wrote into a command line himself. */
function askedFor(checks: readonly Check[]): ReadonlySet<string> {
  return new Set(
    checks.flatMap(({ argv, cwd }) =>
      argv.map((word) => `${cwd === undefined ? '' : `${cwd}/`}${word.replace(/^\.\//, '')}`),
    ),
  );
}

/** Files of a commit that only the checks of a loop make protected: its user may not expect them to be. */
export async function scriptsOfChecks(
  rt: Rt,
  commit: ObjectId,
  checks: readonly Check[],
): Promise<readonly string[]> {
  const { named } = runnerScripts(checks, await manifestsAbove(rt, commit, checks, []));
  const paths = [...named].filter(
    (path) => path !== '' && protectedBy(path, rt.config.protected) === undefined,
  );
  const entries = paths.length === 0 ? [] : await rt.git.entries(commit, paths);
  return entries.map(({ path }) => path).filter((path) => named.has(path));
}

async function rulesFor(
  rt: Rt,
  { base, checks, allow }: { base: ObjectId; checks: readonly Check[]; allow: readonly string[] },
  changed: readonly { readonly path: string }[],
) {
  const { isFreed, patterns } = patternsOf(rt);
  const runners = runnerScripts(checks, await manifestsAbove(rt, base, checks, changed));
  const protectedRule = (path: string) =>
    isFreed(path)
      ? undefined
      : (protectedBy(path, patterns) ?? (runners.has(path) ? 'runner script' : undefined));
  const allowed = [...rt.config.allow_changes, ...allow];
  return { protectedRule, allows: (path: string) => allowed.some((pattern) => matches(path, pattern)) };
}

/** What the user has added, and what he has taken out. */
function patternsOf({ config }: Pick<Rt, 'config'>) {
  const freed = config.protected
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => pattern.slice(1));
  return {
    patterns: config.protected.filter((pattern) => !pattern.startsWith('!')),
    isFreed: (path: string) => freed.some((pattern) => matches(path, pattern)),
  };
}

/** How many folders are asked for a package.json. */
const mostFolders = 1_000;

/** The scripts of the base that can lead a check to a changed file: those of the folders above it, and where checks run. */
async function manifestsAbove(
  rt: Rt,
  base: ObjectId,
  checks: readonly Check[],
  changed: readonly { readonly path: string }[],
): Promise<readonly Manifest[]> {
  const folders = new Set(['', ...checks.map(({ cwd = '' }) => cwd)]);
  for (const { path } of changed) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      folders.add(path.slice(0, at));
  }
  const paths = [...folders]
    .slice(0, mostFolders)
    .map((folder) => (folder ? `${folder}/package.json` : 'package.json'));
  const entries = await rt.git.entries(base, paths);
  const texts = await textsOf(
    rt,
    entries.map(({ id }) => id),
  );
  return entries.flatMap(({ path, id }) => {
    const scripts = scriptsOf(texts.get(id));
    return scripts ? [{ folder: path.slice(0, Math.max(0, path.lastIndexOf('/'))), scripts }] : [];
  });
}

function scriptsOf(manifest: string | undefined): Record<string, string> | undefined {
  try {
    const { scripts } = JSON.parse(manifest ?? '') as { scripts?: unknown };
    if (typeof scripts !== 'object' || scripts === null) return undefined;
    return Object.fromEntries(Object.entries(scripts).filter(([, body]) => typeof body === 'string'));
  } catch {
    return undefined; // what npm cannot read leads nowhere
  }
}

async function harmlessManifests(rt: Rt, changes: readonly TreeChange[]): Promise<ReadonlySet<string>> {
  const manifests = changes.filter(
    ({ path, kind }) => kind === 'modified' && /(?:^|\/)package\.json$/.test(path),
  );
  const texts = await textsOf(
    rt,
    manifests.flatMap(({ before, after }) => [before ?? '', after ?? '']),
  );
  const harmless = manifests.filter(({ before, after }) =>
    differsHarmlessly(texts.get(before ?? '') ?? '', texts.get(after ?? '') ?? ''),
  );
  return new Set(harmless.map(({ path }) => path));
}

/** Bytes of one file, and of all, that are looked through for findings; and test files. */
const findingBytes = { maxBytes: 512_000, mostBytes: 16 << 20 };
const mostTests = 500;
const looksLikeText = /\.(?:[a-z]{1,6}|[cm][jt]s)$/i;

async function findings(
  rt: Rt,
  base: ObjectId,
  product: readonly TreeChange[],
  checks: readonly Check[],
): Promise<readonly Finding[]> {
  const files = product.filter(
    ({ kind, mode, path }) => kind !== 'deleted' && mode.startsWith('100') && looksLikeText.test(path),
  );
  if (files.length === 0) return [];
  // A check that is a script of the repository is its own test.
  const asked = askedFor(checks);
  const isTest = (path: string) => protectedBy(path, []) === 'tests' || asked.has(path);
  const tests = (await rt.git.entries(base)).filter(
    ({ path, mode }) => mode.startsWith('100') && isTest(path),
  );
  const ids = [
    ...files.flatMap(({ before, after }) => [before ?? '', after ?? '']),
    ...tests.slice(0, mostTests).map(({ id }) => id),
  ];
  const texts = await textsOf(rt, ids);
  const changed = files.flatMap(({ path, before = '', after = '' }): ChangedText[] => {
    const now = texts.get(after);
    return now === undefined ? [] : [{ path, before: texts.get(before), after: now }];
  });
  return findingsIn(
    changed,
    tests.slice(0, mostTests).flatMap(({ id }) => texts.get(id) ?? []),
  );
}

async function textsOf(rt: Rt, ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, string>> {
  const wanted = [...new Set(ids)].filter((id) => id !== '');
  if (wanted.length === 0) return new Map();
  const blobs = await rt.git.blobs(wanted, findingBytes);
  const decoder = new TextDecoder();
  return new Map([...blobs].map(([id, bytes]) => [id, decoder.decode(bytes)]));
}
