import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Draft, Recipe } from '../../ports/dependencies.ts';
import { errno } from '../errno.ts';
import {
  type Base,
  besideName,
  Entry,
  holdsFolder,
  isThere,
  looksAt,
  type Relocated,
  readRecord,
  readyFolder,
  throwAway,
  together,
  usedFile,
  writeRecord,
} from './layout.ts';
import { mendLinks } from './result-links.ts';
import { type Content, contentDigest, type Look, statDigest } from './tree-proof.ts';

const entryFile = (base: Base, key: string) => join(readyFolder(base, key), 'entry.json');

export const readEntry = (base: Base, key: string) => readRecord(Entry, entryFile(base, key));

/**
 * Makes an entry of what a preparation left in its draft: the results are moved together, links made relative, every
 * content digested once, and the whole gets its name by one rename. Of two that arrive, the first stays.
 */
export async function publishEntry(base: Base, draft: Draft, recipe: Recipe): Promise<void> {
  const out = join(draft.folder, 'out');
  await mkdir(out, { mode: 0o700 });
  const results = await resultsOf(draft, recipe);
  await mendLinks(draft, results, recipe);
  for (const [i, result] of results.entries()) await rename(join(draft.root, result), join(out, String(i)));
  const hasBeside = (await readdir(draft.beside).catch(() => [])).length > 0;
  const prefix = join(out, besideName);
  if (hasBeside) await rename(draft.beside, prefix);
  const relocated: Relocated[] = [];
  const collect = ({ label }: Look, { way, mode, data }: Content) => {
    const text = label === besideName && data ? textNaming(data, draft.beside) : undefined;
    if (text !== undefined) relocated.push({ way, text, mode: mode & 0o7777 });
  };
  const bare = { results, hasBeside, scratch: [...recipe.scratch], relocated };
  const all = { ...bare, version: 1 as const, key: recipe.key, prefix: draft.beside, stat: '' };
  const content = await contentDigest(looksAt(all, together(all, out)), collect);
  const { digest: stat, files, bytes } = await statDigest(looksAt(all, together(all, out)));
  const entry: Entry = { ...all, manager: recipe.manager, files, bytes, content, stat, madeAt: Date.now() };
  await writeRecord(join(out, 'entry.json'), entry);
  await mkdir(join(base.folder, 'ready'), { recursive: true, mode: 0o700 });
  try {
    await rename(out, readyFolder(base, recipe.key));
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errno(error) ?? '')) throw error;
  }
  await touchUsed(base, recipe.key);
}

/**
 * Runs `work` on an entry that nobody removes meanwhile, and then proves that it was whole all the time: so what was
 * copied is what was prepared. An entry that was altered goes, and the answer is undefined, as when there is none.
 */
export async function withEntry<T>(
  base: Base,
  key: string,
  work: (entry: Entry, folder: string) => Promise<T>,
): Promise<T | undefined> {
  const hold = join(holdsFolder(base), `${key}.${randomUUID()}.json`);
  await writeRecord(hold, base.self);
  try {
    const entry = await readEntry(base, key);
    if (!entry) return undefined;
    const folder = readyFolder(base, key);
    await touchUsed(base, key);
    const result = await work(entry, folder).catch(async (error: unknown) => {
      // Removed between the look and the hold, by somebody who had not seen the hold yet.
      if (await isThere(folder)) throw error;
      return undefined;
    });
    if (result === undefined) return undefined;
    if (await isWhole(base, entry, folder)) return result;
    base.log('warn', 'prepared dependencies were altered in the cache; they are made anew', { key });
    await throwAway(base, folder);
    return undefined;
  } finally {
    await rm(hold, { force: true });
  }
}

/** By what the file system says; where that differs, as after a restored backup, by every content. */
async function isWhole(base: Base, entry: Entry, folder: string): Promise<boolean> {
  const looks = looksAt(entry, together(entry, folder));
  const now = await statDigest(looks).catch(() => undefined);
  if (now?.digest === entry.stat) return true;
  const all = looks.map((look) => ({ ...look, skip: withoutRelocated(entry, look) }));
  if ((await contentDigest(all).catch(() => '')) !== entry.content) return false;
  const { digest } = await statDigest(looks);
  await writeRecord(entryFile(base, entry.key), { ...entry, stat: digest });
  return true;
}

/** The content digest was made before anybody knew which files are written anew. */
function withoutRelocated(entry: Entry, { label, skip }: Look): ReadonlySet<string> {
  if (label !== besideName) return skip;
  const anew = new Set(entry.relocated.map(({ way }) => way));
  return new Set([...skip].filter((way) => !anew.has(way)));
}

export async function touchUsed(base: Base, key: string): Promise<void> {
  const file = usedFile(base, key);
  const now = new Date();
  await utimes(file, now, now).catch(async () => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, '', { mode: 0o600 });
  });
}

async function resultsOf(draft: Draft, { homes, results }: Recipe): Promise<string[]> {
  const found: string[] = [];
  for (const home of homes)
    for (const name of results) {
      const way = home === '' ? name : `${home}/${name}`;
      if (await isThere(join(draft.root, way))) found.push(way);
    }
  return found;
}

/** The text of a small file that names a path, and undefined of any other. */
function textNaming(data: Buffer, path: string): string | undefined {
  if (data.length > 1024 * 1024 || !data.includes(path) || data.includes(0)) return undefined;
  return data.toString();
}
