import path from 'node:path';
import { type ProjectFile, trustChanges } from '../../domain/settings/project-file.ts';
import { dangerousPart } from '../../domain/settings/settings.ts';
import { type SettingsFile, settingsIn } from './settings-file.ts';
import { digestOf, openTrustStore, type Trusted } from './trust-store.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where a repository's own settings are read from: the top of the person's main checkout, never a linked worktree, in
 * which a worker could write. Undefined for a repository without a main checkout (bare, or a submodule).
 */
export function projectFileOf(commonDir: string): string | undefined {
  if (path.basename(commonDir) !== '.git') return undefined;
  return path.join(path.dirname(commonDir), 'loopyard.json');
}

/**
 * Records that the user trusts a content of the repository's loopyard.json: a text that he, or init on his behalf, has
 * just written. A file that says something else by now stays untrusted. `at`: milliseconds since 1970.
 */
export function trustFile(
  env: Env,
  { commonDir, text, at }: { commonDir: string; text: string; at: number },
): void {
  const file = projectFileOf(commonDir);
  if (file === undefined) return;
  const dangerous = dangerousPart(settingsIn(file, Buffer.from(text)).values);
  trustContent(env, { commonDir, sha256: digestOf(text), dangerous, at });
}

/** The same for a content that was read and shown. */
export function trustContent(
  env: Env,
  {
    commonDir,
    sha256,
    dangerous,
    at,
  }: Pick<ProjectFile, 'sha256' | 'dangerous'> & { commonDir: string; at: number },
): void {
  const file = projectFileOf(commonDir);
  if (file === undefined) return;
  openTrustStore(env).keep({ repository: commonDir, file, sha256, at, content: dangerous });
}

/** How a file stands with what was trusted before. */
export function trustOf(found: SettingsFile, trusted: Trusted | undefined): ProjectFile {
  const sha256 = digestOf(found.bytes);
  const dangerous = dangerousPart(found.values);
  const same = trusted?.sha256 === sha256;
  const state =
    Object.keys(dangerous).length === 0 ? 'harmless' : same ? 'trusted' : trusted ? 'changed' : 'untrusted';
  const changes = state === 'changed' ? trustChanges(trusted?.content ?? {}, dangerous) : [];
  return { file: found.file, sha256, state, dangerous, changes, problems: [] };
}
