import picomatch from 'picomatch/posix.js';
import { protectedFiles, protectedFolders } from './protected-names.ts';
import { isTest } from './protected-tests.ts';

/**
 * Why a change of this path could decide a verdict: the name of the first rule that it meets, or undefined for product
 * files. `path` is relative to the root of the repository, with slashes. `extra`: patterns of the user, relative to the
 * root as well (`scripts/**`, `*.golden`; without a slash they mean a name in any folder).
 *
 * Names are compared part by part and without regard to case, because a checkout on macOS or Windows finds `TEST/` for
 * `test/`. Only marks within a word (`SumTest.java`) keep their case, so that `Latest.java` and `contest.ts` stay
 * product files. What no path can tell: tests within product files, such as Rust's `mod tests` and doc tests.
 */
export function protectedBy(path: string, extra: readonly string[]): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.at(-1);
  if (name === undefined) return undefined;
  const lower = parts.map((part) => part.toLowerCase());
  const folders = lower.slice(0, -1);
  for (const { rule, meets } of protectedFolders) if (folders.some((_, at) => meets(lower, at))) return rule;
  for (const { rule, pattern } of protectedFiles) if (pattern.test(lower.at(-1) ?? '')) return rule;
  // A submodule, a link or a file in place of a protected folder has the folder's name.
  for (const { rule, meets } of protectedFolders) if (meets(lower, lower.length - 1)) return rule;
  if (isTest(parts)) return 'tests';
  const listed = extra.find((pattern) => matches(parts.join('/'), pattern));
  return listed === undefined ? undefined : `pattern ${listed}`;
}

/** Whether a path of the repository meets a pattern of a user: of protected files, or of changes that are allowed. */
export function matches(path: string, pattern: string): boolean {
  // `docs/` and `docs` mean everything in the folder too, as in .gitignore.
  const wanted = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  if (wanted === '') return false;
  const anchored = wanted.includes('/') ? wanted : `**/${wanted}`;
  return picomatch([anchored, `${anchored}/**`], { dot: true, nocase: true, maxLength: 1_000 })(path);
}
