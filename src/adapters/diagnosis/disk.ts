import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DiskUse } from '../../domain/diagnosis/facts.ts';

/** What a tree takes on disk, as far as it can be counted until `mayGoOn` says no. Links are not followed. */
export async function diskUse(
  places: readonly { readonly what: string; readonly path: string }[],
  mayGoOn: () => boolean,
): Promise<readonly DiskUse[]> {
  return Promise.all(
    places.map(async ({ what, path: root }) => {
      const counted = { bytes: 0, more: false };
      await count(root, counted, mayGoOn, new Set());
      return { what, path: root, ...counted };
    }),
  );
}

async function count(
  file: string,
  counted: { bytes: number; more: boolean },
  mayGoOn: () => boolean,
  seen: Set<string>,
): Promise<void> {
  if (!mayGoOn()) {
    counted.more = true;
    return;
  }
  const stats = await lstat(file).catch(() => undefined);
  if (!stats) return;
  const key = `${stats.dev}:${stats.ino}`;
  if (stats.nlink > 1 && !stats.isDirectory()) {
    if (seen.has(key)) return;
    seen.add(key);
  }
  counted.bytes += stats.blocks ? stats.blocks * 512 : stats.size;
  if (!stats.isDirectory()) return;
  for (const name of await readdir(file).catch(() => []))
    await count(path.join(file, name), counted, mayGoOn, seen);
}
