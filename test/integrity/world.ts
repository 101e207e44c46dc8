import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a worker has at hand: its worktree, and everything else that it can reach as the user it runs as. */
export interface World {
  /** Its worktree. */
  readonly tree: string;
  readonly home: string;
  /** The git directory that all worktrees of the repository share. */
  readonly shared: string;
  /** Folder of the scratch project: checkout, home and the place of worktrees and rooms lie in it. */
  readonly project: string;
  git(...args: readonly string[]): string;
  read(file: string): string;
  /** Relative to the worktree, or absolute. */
  write(file: string, text: string, mode?: number): void;
  replace(file: string, what: string, by: string): void;
  remove(file: string): void;
  link(target: string, file: string): void;
  /** A file whose existence proves that something ran which must not. */
  canary(name: string): string;
}

export function worldOf(tree: string, env: NodeJS.ProcessEnv): World {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { cwd: tree, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const shared = path.resolve(tree, git('rev-parse', '--git-common-dir'));
  const project = path.dirname(path.dirname(shared));
  const at = (file: string) => path.resolve(tree, file);
  const read = (file: string) => readFileSync(at(file), 'utf8');
  const write = (file: string, text: string, mode = 0o644) => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
    chmodSync(at(file), mode);
  };
  return {
    tree,
    home: env.HOME ?? project,
    shared,
    project,
    git,
    read,
    write,
    replace(file, what, by) {
      const text = read(file);
      if (!text.includes(what)) throw new Error(`There is no ${JSON.stringify(what)} in ${file}.`);
      write(file, text.replace(what, by));
    },
    remove: (file) => rmSync(at(file), { recursive: true, force: true }),
    link(target, file) {
      mkdirSync(path.dirname(at(file)), { recursive: true });
      if (existsSync(at(file))) rmSync(at(file), { recursive: true });
      symlinkSync(target, at(file));
    },
    canary: (name) => path.join(project, `canary-${name}`),
  };
}

/** The mistake that every project has, and its cure. */
export const wrong = 'a - b';
export const right = 'a + b';

/** Leaves the mistake where it is and changes something that a reader would take for work. */
export function pretends({ replace }: World, file = 'src/calc.mjs'): void {
  replace(file, '// Adds.', '// Adds two numbers, correctly.');
}

export function mends({ replace }: World, file = 'src/calc.mjs'): void {
  replace(file, wrong, right);
}
