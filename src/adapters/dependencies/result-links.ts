import { lstat, open, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import { shellWord } from '../../domain/text.ts';
import type { Draft, Recipe } from '../../ports/dependencies.ts';
import { contentDigest } from './tree-proof.ts';

/**
 * A link in a result may lead to another place of the tree, where the room has the same, and nowhere else: one that
 * was written with the draft's path is made relative, one that leads out is refused. A link to a program of the tree
 * that is not executable there becomes a script.
 */
export async function mendLinks(
  draft: Draft,
  results: readonly string[],
  { plainPrograms }: Recipe,
): Promise<void> {
  for (const result of results) {
    const path = join(draft.root, result);
    if (!(await lstat(path)).isDirectory()) continue;
    for (const link of await linksIn(path)) {
      const target = await readlink(link);
      const whole = normalize(isAbsolute(target) ? target : join(dirname(link), target));
      const inTree = relative(draft.root, whole);
      if (inTree === '..' || inTree.startsWith(`..${sep}`) || isAbsolute(inTree)) throw leadsOut(draft, link);
      const program = basename(dirname(link)) === '.bin' ? await programAt(draft, link) : undefined;
      const plain = program !== undefined && plainPrograms.includes(program);
      if (!plain && !isAbsolute(target)) continue;
      const way = relative(dirname(link), whole);
      const script = plain ? starter(await firstLine(join(draft.root, program)), way) : undefined;
      await rm(link);
      if (script !== undefined) await writeFile(link, script, { mode: 0o755, flag: 'wx' });
      else await symlink(way, link);
    }
  }
}

async function linksIn(path: string): Promise<readonly string[]> {
  const links: string[] = [];
  await contentDigest([{ path, label: '', skip: new Set() }], (_look, { way, target }) => {
    if (target !== undefined) links.push(join(path, way));
  });
  return links;
}

/** Path in the tree, with `/`, of what a link leads to in the end. */
async function programAt(draft: Draft, link: string): Promise<string | undefined> {
  const [root, file] = await Promise.all([realpath(draft.root), realpath(link).catch(() => undefined)]);
  return file === undefined ? undefined : relative(root, file).replaceAll(sep, '/');
}

async function firstLine(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1_024), 0, 1_024, 0);
    return buffer.subarray(0, bytesRead).toString().split(/\r?\n/)[0] ?? '';
  } finally {
    await handle.close();
  }
}

/** Quoted once by us and never taken apart by a shell: only the words of a first line and a path of the tree are in it. */
function starter(line: string, way: string): string {
  const words = /^#!\s*(\S.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? ['node'];
  return `#!/bin/sh\nexec ${words.map(shellWord).join(' ')} "$(dirname "$0")/"${shellWord(way)} "$@"\n`;
}

function leadsOut(draft: Draft, link: string): LoopyardError {
  const path = relative(draft.root, link);
  return new LoopyardError(
    'SETUP_FAILED',
    `The prepared dependencies have a link that leads out of the tree: "${path}".`,
    { path },
  );
}
