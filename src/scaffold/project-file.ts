import { parse } from 'jsonc-parser';
import type { SuggestedCheck } from './checks.ts';
import type { Edited } from './edited.ts';
import { setSetting } from './setting-edit.ts';

/** The file at the top of a repository with which it describes itself to loopyard. */
export const projectFileName = 'loopyard.json';

interface Suggested {
  /** What was found; a person may have left some out. */
  readonly checks: readonly SuggestedCheck[];
  /** What `$schema` says: see `schemaReference`. */
  readonly schema: string;
}

/**
 * What `loopyard.json` becomes: a new file, the old one with the checks it does not have yet, or the old one as it is
 * when it names any checks already, because what a person chose is not ours to complete. `text` undefined: there is
 * nothing to say, and no file is made. The file is plain JSON though comments are read, because formatters and linters
 * of a project that meet a comment in a `.json` file fail; the reasons for the guesses are for `init` to print.
 */
export function projectFile(existing: string | undefined, { checks, schema }: Suggested): Edited {
  if (checks.length === 0) return { text: existing };
  const named = Object.fromEntries(checks.map(({ name, command }) => [name, command]));
  if (existing === undefined || existing.trim() === '') {
    return { text: `${JSON.stringify({ $schema: schema, checks: named }, undefined, 2)}\n` };
  }
  const said: unknown = parse(existing.replace(/^\ufeff/, ''), [], { allowTrailingComma: true });
  if (typeof said === 'object' && said !== null && 'checks' in said) return { text: existing };
  return setSetting(existing, 'checks', named);
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
