import {
  type DependencyPart,
  decidesDependencies,
  planDependencies,
  type StagedAs,
} from '../../domain/dependencies/dependencies.ts';
import type { Git, ObjectId, TreeEntry } from '../../ports/git.ts';
import { dependencyEnvironment } from '../environment.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'git' | 'dependencies' | 'config' | 'env'>;

/** A part with its name in the cache. */
export interface KeyedPart {
  readonly part: DependencyPart;
  readonly key: string;
  /** What is laid out for its preparation, read from the tree when it comes to that. */
  readonly files: ReadonlyMap<string, { readonly entry: TreeEntry; readonly as: StagedAs }>;
}

export interface KeyedPlan {
  readonly parts: readonly KeyedPart[];
  readonly notes: readonly string[];
}

/** A manifest or lock file beyond this is none. */
const mostTextBytes = 4 * 1024 * 1024;
const mostFileBytes = 256 * 1024 * 1024;

/** Parts of the key that change when what we do with the same files changes. */
const scheme = 'loopyard dependencies 1';

/**
 * What a tree needs, each part with its key: a digest over the manager, its version, the platform, the commands, and
 * exactly the content that its preparation will see. Needs no room and touches nothing.
 */
export async function keyedPlan(rt: Rt, tree: ObjectId): Promise<KeyedPlan> {
  if (!rt.config.dependencies) return { parts: [], notes: [] };
  const { parts, notes, entries } = await planOf(rt.git, tree);
  const keyed: KeyedPart[] = [];
  const more: string[] = [];
  const env = dependencyEnvironment(rt);
  for (const part of parts) {
    const versions = await Promise.all(part.tools.map((argv) => rt.dependencies.toolVersion(argv, env)));
    const missing = part.tools.find((_, i) => versions[i] === undefined);
    if (missing) {
      const where = part.folder === '' ? '' : ` in ${part.folder}`;
      more.push(
        `"${missing[0]}" does not work here: the ${part.manager} dependencies${where} were not prepared.`,
      );
      continue;
    }
    keyed.push(await withKey(rt, part, versions, entries));
  }
  return { parts: keyed, notes: [...notes, ...more] };
}

/** The content a preparation sees of a file. */
export async function stagedContent(
  git: Pick<Git, 'blobs'>,
  { files }: Pick<KeyedPart, 'files'>,
): Promise<ReadonlyMap<string, { content: Uint8Array; executable: boolean }>> {
  const ids = [...files.values()].filter(({ as }) => as !== 'empty').map(({ entry }) => entry.id);
  const blobs = await git.blobs([...new Set(ids)], { maxBytes: mostFileBytes, mostBytes: 4 * mostFileBytes });
  return new Map(
    [...files].map(([path, { entry, as }]) => {
      const content = asStaged(as, blobs.get(entry.id) ?? new Uint8Array());
      return [path, { content, executable: entry.mode === '100755' }];
    }),
  );
}

async function withKey(
  rt: Rt,
  part: DependencyPart,
  versions: readonly (string | undefined)[],
  entries: ReadonlyMap<string, TreeEntry>,
): Promise<KeyedPart> {
  const files = new Map<string, { entry: TreeEntry; as: StagedAs }>();
  for (const [path, as] of [...part.staged].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const entry = entries.get(path);
    if (entry) files.set(path, { entry, as });
  }
  const edited = [...files.values()].filter(({ as }) => as === 'without_scripts' || as === 'first_line');
  const texts = await rt.git.blobs([...new Set(edited.map(({ entry }) => entry.id))], {
    maxBytes: mostFileBytes,
  });
  const lines = [...files].map(([path, { entry, as }]) => {
    const text = texts.get(entry.id);
    const content =
      as === 'whole'
        ? entry.id
        : as === 'empty' || !text
          ? ''
          : rt.dependencies.digest(new TextDecoder().decode(asStaged(as, text)));
    return `${path}\0${entry.mode}\0${as}\0${content}`;
  });
  const { manager, folder, commands, prepareEnv, results } = part;
  const made = JSON.stringify([
    scheme,
    rt.dependencies.platform,
    manager,
    folder,
    versions,
    commands,
    prepareEnv,
    results,
  ]);
  return { part, files, key: rt.dependencies.digest(`${made}\n${lines.join('\n')}`).slice(0, 40) };
}

function asStaged(as: StagedAs, content: Uint8Array): Uint8Array {
  switch (as) {
    case 'whole':
      return content;
    case 'empty':
      return new Uint8Array();
    case 'first_line': {
      const end = content.indexOf(10);
      return end < 0 ? content.subarray(0, 1024) : content.subarray(0, end + 1);
    }
    case 'without_scripts':
      return new TextEncoder().encode(withoutScripts(new TextDecoder().decode(content)));
  }
}

/** What is no JSON is left for the manager to complain about. */
function withoutScripts(text: string): string {
  try {
    const { scripts: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify(rest, null, 2);
  } catch {
    return text;
  }
}

interface TreePlan {
  readonly parts: readonly DependencyPart[];
  readonly notes: readonly string[];
  readonly entries: ReadonlyMap<string, TreeEntry>;
}

/** A tree never changes, and one verification asks several times. */
const plans = new WeakMap<object, Map<ObjectId, Promise<TreePlan>>>();
const mostPlans = 8;

function planOf(git: Pick<Git, 'entries' | 'blobs'>, tree: ObjectId): Promise<TreePlan> {
  const known = plans.get(git) ?? new Map<ObjectId, Promise<TreePlan>>();
  plans.set(git, known);
  const before = known.get(tree);
  if (before) return before;
  const made = readPlan(git, tree);
  known.set(tree, made);
  made.catch(() => known.delete(tree));
  for (const old of known.keys()) if (known.size > mostPlans) known.delete(old);
  return made;
}

async function readPlan(git: Pick<Git, 'entries' | 'blobs'>, tree: ObjectId): Promise<TreePlan> {
  const all = await git.entries(tree);
  const files = new Map(all.filter(({ mode }) => mode.startsWith('100')).map((entry) => [entry.path, entry]));
  const paths = [...files.keys()];
  const deciding = paths.filter(decidesDependencies);
  const ids = deciding.flatMap((path) => files.get(path)?.id ?? []);
  const blobs = await git.blobs([...new Set(ids)], { maxBytes: mostTextBytes });
  const decoder = new TextDecoder();
  const plan = planDependencies({
    paths,
    has: (path) => files.has(path),
    text(path) {
      const blob = decidesDependencies(path) ? blobs.get(files.get(path)?.id ?? '') : undefined;
      return blob && decoder.decode(blob);
    },
  });
  const staged = new Set(plan.parts.flatMap((part) => [...part.staged.keys()]));
  return { ...plan, entries: new Map([...files].filter(([path]) => staged.has(path))) };
}
