import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { ObjectId } from '../../ports/git.ts';
import { lfsFiles } from './lfs.ts';
import type { Bring } from './mirror.ts';
import type { Repository } from './repository.ts';
import { gitlinkMode, type Level, listTree, noMode, pieces, type TreeFile, textOf } from './tree-objects.ts';

/**
 * The files of all submodules, nested ones too, to be put in the place of their entries. Their commits come out of the
 * stores that git itself keeps in the repository (`modules/<name>`), through a fetch that checks every object; nothing
 * is ever asked of the address in `.gitmodules`, and no configuration of a submodule is read. An entry that
 * `.gitmodules` does not know stays an empty folder, as it does when git checks it out.
 */
export async function submoduleFiles(
  git: Repository['git'],
  gitDir: string,
  level: Level & { readonly bring: Bring },
): Promise<TreeFile[]> {
  const entries = level.files.filter(({ mode }) => mode === gitlinkMode);
  if (entries.length === 0) return [];
  const names = await namesByPath(git, gitDir, level);
  const edits: TreeFile[] = [];
  for (const entry of entries) {
    const name = names.get(entry.path);
    if (name === undefined) continue;
    const path = `${level.prefix}${entry.path}`;
    refuseEscape(name, path);
    const store = await bringFrom(level, name, entry.id);
    if (store === undefined) throw notHere(textOf(name), textOf(path), entry.id);
    const files = await listTree(git, gitDir, entry.id);
    const inner = { treeish: entry.id, files, store, prefix: `${path}/` };
    edits.push(
      { ...entry, path, mode: noMode },
      ...files.map((file) => ({ ...file, path: `${path}/${file.path}` })),
      ...(await lfsFiles(git, gitDir, inner)).edits,
      ...(await submoduleFiles(git, gitDir, { ...inner, bring: level.bring })),
    );
  }
  return lastOfEach(edits);
}

/** What comes later stands for what was put at the same path before it. */
function lastOfEach(edits: readonly TreeFile[]): TreeFile[] {
  return [...new Map(edits.map((edit) => [edit.path, edit])).values()];
}

async function namesByPath(
  git: Repository['git'],
  gitDir: string,
  { files }: Level,
): Promise<ReadonlyMap<string, string>> {
  const described = files.find(({ path, mode }) => path === '.gitmodules' && mode.startsWith('100'));
  if (!described) return new Map();
  const args = ['config', '--blob', described.id, '--null', '--get-regexp', '^submodule\\..*\\.path$'];
  const { stdout, code } = await git.ask({ gitDir, args });
  if (code > 1) {
    throw new LoopyardError('INVALID_ARGUMENT', 'The file ".gitmodules" of the commit cannot be read.', {
      path: '.gitmodules',
    });
  }
  const names = new Map<string, string>();
  for (const entry of pieces(stdout)) {
    const end = entry.indexOf('\n');
    const name = entry.slice('submodule.'.length, end - '.path'.length);
    names.set(entry.slice(end + 1).replace(/\/+$/, ''), name);
  }
  return names;
}

/** Git calls such names and paths suspicious too; a name is part of a path below `modules/`. */
function refuseEscape(name: string, path: string): void {
  const parts = name.split(/[/\\]/);
  const isUnsafe = name === '' || parts.includes('..') || parts.includes('') || /^[a-z]:/i.test(name);
  if (!isUnsafe) return;
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `The submodule at "${textOf(path)}" has a name that leads out of the repository: "${textOf(name)}".`,
    { path: textOf(path) },
  );
}

/** A linked worktree keeps submodules that were cloned in it in a record of its own. */
async function bringFrom(
  { bring, store }: Level & { bring: Bring },
  name: string,
  commit: ObjectId,
): Promise<string | undefined> {
  const records = await readdir(join(store, 'worktrees')).catch(() => []);
  const places = [store, ...records.map((record) => join(store, 'worktrees', record))];
  for (const place of places) {
    const modules = join(place, 'modules', textOf(name));
    if ((await isThere(join(modules, 'HEAD'))) && (await bring(modules, commit))) return modules;
  }
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function notHere(name: string, path: string, commit: ObjectId): LoopyardError {
  return new LoopyardError(
    'ROOM_INCOMPLETE',
    `The commit ${commit} of the submodule "${name}" at "${path}" is not on this machine; ` +
      `\`git submodule update --init --recursive\` in the repository brings it.`,
    { submodule: name, at: path, commit },
  );
}
