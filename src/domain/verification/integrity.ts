import { isRecord } from '../record.ts';

/** A path that a commit has otherwise than its base. `mode` as git writes it; of a deleted one, as it was. */
export interface Change {
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted' | 'type_changed';
  readonly mode: string;
}

/**
 * What was done about a protected path that a commit changes. `restored`: judged as it is on the base. `dropped`: new,
 * and not there while it is judged. `allowed`: the goal is to change it. `harmless`: only what decides nothing changed.
 */
export const fates = ['restored', 'dropped', 'allowed', 'harmless'] as const;

export interface ProtectedChange {
  readonly path: string;
  readonly kind: Change['kind'];
  /** Name of the rule that protects it. */
  readonly rule: string;
  readonly fate: (typeof fates)[number];
}

export interface Protection {
  /** The rule that protects a path, or undefined. */
  rule(path: string): string | undefined;
  /** Whether the caller lets this path change, in this way. */
  allows(path: string, kind: Change['kind']): boolean;
  /** Manifests in which only what decides nothing changed. */
  readonly harmless: ReadonlySet<string>;
}

export interface Protected {
  readonly changes: readonly ProtectedChange[];
  readonly restore: readonly string[];
  readonly drop: readonly string[];
  /** Submodules that were changed, which nobody allowed: what is in them cannot be compared. */
  readonly submodules: readonly string[];
}

const submodule = '160000';

/**
 * Which of the changed paths are judged as the base has them. A path that stands where a restored one must be (a file
 * in the place of its folder, or the other way round) goes as well.
 */
export function protectedChanges(changes: readonly Change[], protection: Protection): Protected {
  const found: ProtectedChange[] = [];
  const submodules: string[] = [];
  for (const { path, kind, mode } of changes) {
    const isSubmodule = mode === submodule || path === '.gitmodules';
    const rule = isSubmodule ? 'submodule' : protection.rule(path);
    if (rule === undefined) continue;
    if (protection.allows(path, kind)) found.push({ path, kind, rule, fate: 'allowed' });
    else if (isSubmodule) submodules.push(path);
    else if (protection.harmless.has(path)) found.push({ path, kind, rule, fate: 'harmless' });
    else found.push({ path, kind, rule, fate: kind === 'added' ? 'dropped' : 'restored' });
  }
  const restored = found.filter(({ fate }) => fate === 'restored').map(({ path }) => path);
  const known = new Map(found.map((change) => [change.path, change]));
  for (const { path, kind } of changes) {
    const taken = known.get(path)?.fate;
    if (kind === 'deleted' || taken === 'restored' || taken === 'dropped') continue;
    const inTheWay = restored.some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`));
    if (inTheWay) known.set(path, { path, kind, rule: 'in the way of a protected file', fate: 'dropped' });
  }
  const all = [...known.values()];
  const drop = all.filter(({ fate }) => fate === 'dropped').map(({ path }) => path);
  return { changes: all, restore: restored, drop, submodules };
}

/**
 * Paths whose change was not judged although the commit carries it: what was restored, and what was dropped and could
 * decide later verdicts. A new test is neither: nothing that was there before says less because of it.
 */
export function overruled(changes: readonly ProtectedChange[]): readonly string[] {
  return changes
    .filter(({ fate, rule }) => fate === 'restored' || (fate === 'dropped' && rule !== 'tests'))
    .map(({ path }) => path);
}

/** Keys of a package.json that no installation, build or test is guided by. */
const harmlessKeys = new Set([
  'version',
  'description',
  'keywords',
  'author',
  'contributors',
  'maintainers',
  'license',
  'licenses',
  'homepage',
  'repository',
  'bugs',
  'funding',
  'files',
]);

/** Whether two versions of a package.json differ only in what decides nothing. */
export function differsHarmlessly(before: string, after: string): boolean {
  const [a, b] = [guiding(before), guiding(after)];
  return a !== undefined && a === b;
}

function guiding(manifest: string): string | undefined {
  try {
    const value: unknown = JSON.parse(manifest);
    if (!isRecord(value)) return undefined;
    return JSON.stringify(Object.entries(value).filter(([key]) => !harmlessKeys.has(key)));
  } catch {
    return undefined;
  }
}
