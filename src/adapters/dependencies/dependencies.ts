import { createHash, randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Identity } from '../../domain/lease.ts';
import type { Dependencies, Draft } from '../../ports/dependencies.ts';
import { deleteTrash } from '../take-away.ts';
import { copyFiles, fileDigest, linkPaths } from './checkout-files.ts';
import { publishEntry, readEntry } from './entries.ts';
import {
  type Base,
  DraftMark,
  draftsFolder,
  holdsFolder,
  isThere,
  readRecord,
  readyFolder,
  spareFolder,
  throwAway,
  usedFile,
  writeRecord,
} from './layout.ts';
import { makeSpare, placeCopy, releaseCopies, restoreCopies } from './room-copies.ts';
import { toolVersions } from './tool-versions.ts';

/**
 * Prepared dependencies in one folder for all repositories of a user:
 *
 *     ready/<key>/      a complete entry, never written again
 *     used/<key>        its time is when the entry was used last
 *     spares/<key>/<id>/  copies that wait for a room
 *     copies/<id>.json  what a copy was when it was made: its proof, kept where no check is told to look
 *     holds/            who copies from which entry at the moment
 *     drafts/           preparations and spares on their way; trusted by nobody
 *
 * A crash leaves a draft, a hold or a copy's record behind, which `trim` removes when their maker is dead or they are
 * old.
 */
export function openDependencies(base: Base): Dependencies {
  return {
    platform: platform(),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    toolVersion: toolVersions(base.folder),
    once: (key, patienceMs, work) => base.gate.within(`prepare-${key}`, patienceMs, work),
    has: async (key) => (await readEntry(base, key)) !== undefined,

    async draft({ key, run, files }, clear) {
      for (const { folder, mark } of await deadDrafts(base)) {
        if (mark.key === key && mark.home === base.home) await clear(mark.run);
        if (mark.key === key) await throwAway(base, folder);
      }
      const folder = join(draftsFolder(base), randomUUID());
      const draft = { folder, root: join(folder, 'tree'), beside: join(folder, 'beside') };
      await mkdir(draft.root, { recursive: true, mode: 0o700 });
      await mkdir(draft.beside, { mode: 0o700 });
      const mark: DraftMark = { key, owner: base.self, home: base.home, run };
      await writeRecord(join(folder, 'mark.json'), mark);
      for (const [way, { content, executable }] of files) {
        const path = join(draft.root, way);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content, { flag: 'wx' });
        if (executable) await chmod(path, 0o755);
      }
      return draft;
    },

    async publish(draft, recipe) {
      await publishEntry(base, draft, recipe);
      await throwAway(base, draft.folder);
    },
    discard: (draft: Draft) => throwAway(base, draft.folder),

    restore: (room, keys) => restoreCopies(base, room, keys),
    place: (key, room) => placeCopy(base, key, room),
    release: (room) => releaseCopies(base, room),
    makeAhead: (key) => makeSpare(base, key),
    trim: (mostBytes) => trim(base, mostBytes),
    copyFiles,
    fileDigest,
    linkPaths,
  };
}

function platform(): string {
  const { glibcVersionRuntime } =
    (process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined)?.header ?? {};
  return [process.platform, process.arch, glibcVersionRuntime ? 'glibc' : 'other'].join('-');
}

async function deadDrafts(base: Base): Promise<readonly { folder: string; mark: DraftMark }[]> {
  const found: { folder: string; mark: DraftMark }[] = [];
  for (const name of await readdir(draftsFolder(base)).catch(() => [])) {
    const folder = join(draftsFolder(base), name);
    const mark = await readRecord(DraftMark, join(folder, 'mark.json'));
    if (mark && base.liveness(mark.owner) === 'dead') found.push({ folder, mark });
  }
  return found;
}

/** Copies in rooms and their records live as long as the rooms; a record nobody used for so long has none any more. */
const oldCopyMs = 30 * 24 * 3_600_000;
/** Longer than any preparation or copy lasts. */
const oldDraftMs = 24 * 3_600_000;

/** First the entry that was used longest ago, with its spares. One that somebody copies from stays. */
async function trim(base: Base, mostBytes: number): Promise<void> {
  await sweep(base);
  const held = new Set<string>();
  for (const name of await readdir(holdsFolder(base)).catch(() => [])) {
    const file = join(holdsFolder(base), name);
    const owner = await readRecord(Identity, file);
    const isOver = owner ? base.liveness(owner) === 'dead' : await isOlder(file, oldDraftMs);
    if (!isOver) held.add(name.slice(0, name.indexOf('.')));
    else await rm(file, { force: true });
  }
  const entries = [];
  for (const key of await readdir(join(base.folder, 'ready')).catch(() => [])) {
    const entry = await readEntry(base, key);
    const spares = (await readdir(spareFolder(base, key)).catch(() => [])).length;
    const usedAt = await stat(usedFile(base, key)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    entries.push({ key, bytes: (entry?.bytes ?? 0) * (1 + spares), usedAt });
  }
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { key, bytes } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= mostBytes) return;
    if (held.has(key)) continue;
    await throwAway(base, spareFolder(base, key));
    await throwAway(base, readyFolder(base, key));
    await rm(usedFile(base, key), { force: true });
    total -= bytes;
    base.log('info', 'dependencies that were not used for longest made room', { key, bytes });
  }
}

async function sweep(base: Base): Promise<void> {
  for (const [folder, ms] of [
    ['drafts', oldDraftMs],
    ['copies', oldCopyMs],
  ] as const)
    for (const name of await readdir(join(base.folder, folder)).catch(() => [])) {
      const path = join(base.folder, folder, name);
      if (await isOlder(path, ms)) await throwAway(base, path);
    }
  for (const folder of ['', 'ready', 'spares', 'drafts'])
    for (const name of await readdir(join(base.folder, folder)).catch(() => [])) {
      const path = join(base.folder, folder, name);
      if (name.startsWith('.trash-') && (await isOlder(path, oldDraftMs)) && (await isThere(path)))
        await deleteTrash(path);
    }
}

async function isOlder(path: string, ms: number): Promise<boolean> {
  return lstat(path).then(
    (stats) => Date.now() - Math.max(stats.mtimeMs, stats.ctimeMs) > ms,
    () => false,
  );
}
