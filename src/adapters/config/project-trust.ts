import path from 'node:path';
import { type ProjectFile, trustChanges } from '../../domain/project-file.ts';
import { dangerousPart } from '../../domain/settings.ts';
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
 * Records that the user trusts a content of the repository's loopyard.json. `bytes` are what the user has seen (or what
 * init has just written for him), so that a file which changes in between stays untrusted. `at`: milliseconds.
 */
export function trustFile(
  env: Env,
  { commonDir, bytes, at }: { commonDir: string; bytes: string | Uint8Array; at: number },
): void {
  const file = projectFileOf(commonDir);
  if (file === undefined) return;
  const content = dangerousPart(settingsIn(file, Buffer.from(bytes)).values);
  openTrustStore(env).keep({ repository: commonDir, file, sha256: digestOf(bytes), at, content });
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
