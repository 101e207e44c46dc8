import { isRecord } from '../record.ts';

/** Whether what a repository's loopyard.json names may be run. */
export const trustStates = ['harmless', 'trusted', 'untrusted', 'changed', 'broken'] as const;

/** A repository's loopyard.json, as far as it matters whether somebody trusts it. */
export interface ProjectFile {
  readonly file: string;
  /** Of its bytes. */
  readonly sha256: string;
  /**
   * harmless: it names no command, variable or path. changed: another content was trusted. broken: it cannot be used,
   * and nothing of it holds.
   */
  readonly state: (typeof trustStates)[number];
  /** What it names that could run, read or pass something on. */
  readonly dangerous: Readonly<Record<string, unknown>>;
  /** What of that is new or different since it was trusted, in words. Empty unless it has changed. */
  readonly changes: readonly string[];
  /** Why it cannot be used: whole sentences with line and column. Empty unless it is broken. */
  readonly problems: readonly string[];
}

/** The names of the checks a file would bring. */
export function checkNames({ dangerous }: Pick<ProjectFile, 'dangerous'>): readonly string[] {
  return Object.keys(
    typeof dangerous.checks === 'object' && dangerous.checks !== null ? dangerous.checks : {},
  );
}

/** Why what the file names does not hold now, as a clause, or undefined when it holds. */
export function inertBecause({ state }: Pick<ProjectFile, 'state'>): string | undefined {
  switch (state) {
    case 'untrusted':
      return 'loopyard.json, which is not trusted yet';
    case 'changed':
      return 'loopyard.json, which has changed since it was trusted';
    case 'trusted':
    case 'harmless':
    case 'broken':
      return undefined;
  }
}

/** What differs between what was trusted and what the file says now; values as JSON, for a person. */
export function trustChanges(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): readonly string[] {
  const changes = difference(flat(before), flat(now));
  return changes.length > 0 ? changes : ['nothing that runs, but other lines of the file'];
}

function difference(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const added = [...now].flatMap(([name, value]) => {
    const old = before.get(name);
    if (old === undefined) return [`${name} is new: ${value}`];
    return old === value ? [] : [`${name} was ${old} and is ${value}`];
  });
  const gone = [...before.keys()].filter((name) => !now.has(name)).map((name) => `${name} is gone`);
  return [...added, ...gone];
}

/** `checks.test` and its value, one level deep: that is how a person thinks of them. */
function flat(values: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const entries = Object.entries(values).flatMap(([name, value]): [string, string][] =>
    isRecord(value)
      ? Object.entries(value).map(([key, part]) => [`${name}.${key}`, JSON.stringify(part)])
      : [[name, JSON.stringify(value)]],
  );
  return new Map(entries);
}
