import { type Content, entryAt, placed, type Shells, shellsFor } from './content.ts';
import { type Ground, pathOf, pathsOf, targetsOf } from './places.ts';
import { isServer, type Platform, type Scope, type ServerTarget, type Target } from './platform.ts';

/** A file as it was found. Two paths that are one file (a symbolic link) have the same `real`. */
export type Found =
  | { readonly real: string; readonly text: string | undefined }
  | { readonly real: string; readonly unusable: string };

/** What was found at every path a plan may look at. */
export type Files = (path: string) => Found;

/** One file of the plan. `after` undefined: it goes; both undefined cannot be. */
export interface FileChange {
  readonly path: string;
  readonly real: string;
  readonly platforms: readonly string[];
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Made only to hold ours, so that it can go together with ours. */
  readonly shells: Shells;
}

/** A file that stays as it is although something was to be done with it. */
export interface Untouched {
  readonly path: string;
  readonly platforms: readonly string[];
  readonly because: string;
  readonly line?: number;
  readonly column?: number;
  /** Kept for the person's sake, which is no failure. */
  readonly kept: boolean;
  /** What would have been put in, for doing it by hand. */
  readonly byHand?: string;
}

/** Where a platform now finds its server. */
export interface ServerEntry {
  readonly platform: string;
  readonly path: string;
  readonly real: string;
  readonly target: ServerTarget;
}

export interface Plan {
  readonly files: readonly FileChange[];
  readonly untouched: readonly Untouched[];
  readonly servers: readonly ServerEntry[];
}

/**
 * What would have to change for these platforms to have loopyard: pure data, nothing is done. Planning on the result
 * finds nothing left to do.
 */
export function planned(
  platforms: readonly Platform[],
  scope: Scope,
  ground: Ground,
  files: Files,
  content: Content,
): Plan {
  const draft = new Draft(files);
  const servers: ServerEntry[] = [];
  for (const platform of platforms) {
    for (const target of targetsOf(platform, scope)) {
      const path = chosenPath(platform, target, { platforms, scope, ground, files });
      const byHand = isServer(target) ? placed(target, path, '', content) : undefined;
      const hint = byHand && 'text' in byHand && byHand.text ? { byHand: byHand.text } : {};
      const text = draft.textOf(path, platform.id, hint);
      if (text === undefined) continue;
      const hidden = 'hides' in target && target.hides ? pathOf(target.hides, platform, ground) : undefined;
      if (hidden && draft.isAbsent(path) && exists(files, hidden)) {
        draft.leave(path, platform.id, `${hidden} would no longer be read once this file exists.`, hint);
        continue;
      }
      const edited = placed(target, path, text, content);
      if ('refused' in edited) {
        draft.leave(path, platform.id, edited.refused, { ...edited, ...hint });
        continue;
      }
      if ('kept' in edited) draft.leave(path, platform.id, edited.kept, { kept: true });
      const shells = shellsFor(target, text, draft.isAbsent(path));
      draft.write(path, platform.id, edited.text, shells);
      if (isServer(target)) {
        servers.push({ platform: platform.id, path, real: files(path).real, target });
      }
    }
  }
  return { ...draft.result(), servers };
}

/** The server of an entry as the file says it now. */
export function entryOf(server: ServerEntry, text: string): unknown {
  return entryAt(server.target, text);
}

interface Choice {
  readonly platforms: readonly Platform[];
  readonly scope: Scope;
  readonly ground: Ground;
  readonly files: Files;
}

/**
 * Among the names of a file: the first that exists, then the first that another chosen platform writes anyway, then
 * the preferred one. A Markdown file that only imports another is no place of its own.
 */
function chosenPath(platform: Platform, target: Target, choice: Choice): string {
  const { ground, files } = choice;
  const [preferred = '', ...others] = pathsOf(platform, target, ground);
  if (target.merge === 'block') {
    const name = preferred.slice(preferred.lastIndexOf('/') + 1);
    const instead = others.find((path) => exists(files, path) && !textAt(files, path).includes(`@${name}`));
    return instead ?? preferred;
  }
  if (exists(files, preferred)) return preferred;
  return others.find((path) => exists(files, path) || writtenByAnother(path, platform, choice)) ?? preferred;
}

function writtenByAnother(path: string, platform: Platform, { platforms, scope, ground }: Choice): boolean {
  return platforms.some(
    (other) =>
      other.id !== platform.id &&
      targetsOf(other, scope).some((target) => pathsOf(other, target, ground)[0] === path),
  );
}

function exists(files: Files, path: string): boolean {
  const found = files(path);
  return 'unusable' in found || found.text !== undefined;
}

function textAt(files: Files, path: string): string {
  const found = files(path);
  return 'text' in found ? (found.text ?? '') : '';
}

/** The files as they will be, gathered edit by edit. */
export class Draft {
  readonly #files: Files;
  readonly #changes = new Map<string, FileChange>();
  readonly #untouched = new Map<string, Untouched>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** The text so far; an absent file is empty. Undefined, and noted, when it cannot be used. A file of no platform: ''. */
  textOf(path: string, platform: string, hint: { byHand?: string } = {}): string | undefined {
    const found = this.#files(path);
    if ('unusable' in found) {
      this.leave(path, platform, found.unusable, hint);
      return undefined;
    }
    const change = this.#changes.get(found.real);
    return (change ? change.after : found.text) ?? '';
  }

  /** Neither found nor written by an edit before. */
  isAbsent(path: string): boolean {
    const found = this.#files(path);
    return 'text' in found && found.text === undefined && !this.#changes.has(found.real);
  }

  write(path: string, platform: string, after: string | undefined, shells: Shells): void {
    const found = this.#files(path);
    const before = 'text' in found ? found.text : undefined;
    const known = this.#changes.get(found.real);
    this.#changes.set(found.real, {
      path: known?.path ?? path,
      real: found.real,
      platforms: named(known?.platforms, platform),
      before,
      after,
      shells: [...(known?.shells ?? []), ...shells],
    });
  }

  leave(
    path: string,
    platform: string,
    because: string,
    {
      kept = false,
      line,
      column,
      byHand,
    }: { kept?: boolean; line?: number; column?: number; byHand?: string } = {},
  ): void {
    const known = this.#untouched.get(path);
    this.#untouched.set(path, {
      path,
      platforms: named(known?.platforms, platform),
      because,
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
      kept,
      ...(byHand !== undefined && { byHand }),
    });
  }

  /** A file without a change is no part of the plan. */
  result(): Pick<Plan, 'files' | 'untouched'> {
    const files = [...this.#changes.values()].filter(({ before, after }) => before !== after);
    return { files, untouched: [...this.#untouched.values()] };
  }
}

function named(known: readonly string[] | undefined, platform: string): readonly string[] {
  const all = [...(known ?? []), platform];
  return [...new Set(all)].filter((id) => id !== '');
}
