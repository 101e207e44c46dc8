import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * The repository somebody stands in, found without git: doctor must find the yard when git is what is missing. Follows
 * `.git` files of linked worktrees to the git directory they share. Nothing is run and nothing is believed of it.
 */
export function repositoryAbove(from: string): { commonDir: string | undefined; top: string | undefined } {
  for (let at = realOr(from); ; at = path.dirname(at)) {
    const commonDir = commonDirOf(path.join(at, '.git'));
    if (commonDir !== undefined) return { commonDir, top: at };
    if (path.dirname(at) === at) return { commonDir: undefined, top: undefined };
  }
}

function commonDirOf(entry: string): string | undefined {
  try {
    if (statSync(entry).isDirectory()) return statSync(path.join(entry, 'HEAD')) && realpathSync(entry);
    const target = /^gitdir: (.+)$/m.exec(readFileSync(entry, 'utf8'))?.[1];
    if (target === undefined) return undefined;
    const gitDir = path.resolve(path.dirname(entry), target);
    return realpathSync(path.resolve(gitDir, pointer(path.join(gitDir, 'commondir')) ?? '.'));
  } catch {
    return undefined;
  }
}

function pointer(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function realOr(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
