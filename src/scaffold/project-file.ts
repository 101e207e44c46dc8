import type { SuggestedCheck } from './checks.ts';
import { Draft, type Files, type Plan } from './plan.ts';
import type { Written } from './removal.ts';

/** The file at the top of a repository with which it describes itself to loopyard. */
export const projectFileName = 'loopyard.json';

export interface Suggested {
  /** What was found; a person may have left some out. */
  readonly checks: readonly SuggestedCheck[];
  /** What `$schema` says: see `schemaReference`. */
  readonly schema: string;
}

type Part = Pick<Plan, 'files' | 'untouched'>;

/**
 * The `loopyard.json` of a project that has none. One that exists is left as it is, whatever it says: it may be from
 * somebody else, and completing it would be trusting it.
 */
export function plannedProjectFile(path: string, files: Files, suggested: Suggested): Part {
  const draft = new Draft(files);
  if (suggested.checks.length > 0 && draft.textOf(path, '') === '') {
    draft.write(path, '', projectFile(suggested), draft.isAbsent(path) ? [[]] : []);
  }
  return draft.result();
}

/** Takes the file away when it still is, byte for byte, what this machine's init remembers to have made. */
export function plannedProjectFileRemoval(path: string, files: Files, memory: Written | undefined): Part {
  const draft = new Draft(files);
  const found = files(path);
  if (!('text' in found) || !found.text) return draft.result();
  if (memory?.after === found.text) draft.write(path, '', memory.before, []);
  else {
    const because = memory
      ? 'It was edited since loopyard wrote it; delete it yourself.'
      : 'It is not known to be from init; delete it yourself.';
    draft.leave(path, '', because, { kept: true });
  }
  return draft.result();
}

/**
 * The file is plain JSON though comments are read, because formatters and linters of a project that meet a comment in a
 * `.json` file fail; the reasons for the guesses are for `init` to print.
 */
export function projectFile({ checks, schema }: Suggested): string {
  const named = Object.fromEntries(checks.map(({ name, command }) => [name, command]));
  return `${JSON.stringify({ $schema: schema, checks: named }, undefined, 2)}\n`;
}

/**
 * Where an editor finds the schema: in the installed package where the project depends on loopyard, which needs no
 * network, and otherwise at the registry's mirror, under the exact version. A path of this machine would be wrong for
 * everybody else who has the file.
 */
export function schemaReference(version: string, isDependency: boolean): string {
  return isDependency
    ? './node_modules/loopyard/dist/loopyard.schema.json'
    : `https://unpkg.com/loopyard@${version}/dist/loopyard.schema.json`;
}
