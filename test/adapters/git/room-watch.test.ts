import { stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { opened } from '../../support/open-git.ts';
import { roomAt } from '../../support/rooms.ts';

async function aRoom() {
  const repo = await aRepository({ files: { 'a.js': 'a - b\n', 'b.js': 'b\n' } });
  const commit = await repo.commit();
  const { git } = await opened(repo);
  const room = roomAt(join(await aDirectory(), 'tree', 'r'));
  await git.fillRoom({ ...room, tree: commit });
  return { git, room, file: join(room.path, 'a.js') };
}

test('an edit of the same length before the room is watched is found by its content, whatever the times say', async () => {
  const { git, room, file } = await aRoom();
  const { atime, mtime } = await stat(file);
  await writeFile(file, 'a + b\n');
  await utimes(file, atime, mtime);
  await git.watchRoom({ ...room, again: false });
  expect(await git.alteredFiles(room)).toEqual(['a.js']);
});

test('what is written and put back while a room is watched was touched; the rest was not', async () => {
  const { git, room, file } = await aRoom();
  await git.watchRoom({ ...room, again: false });
  expect(await git.touchedFiles(room)).toEqual([]);
  const { atime, mtime, ctimeNs } = await stat(file, { bigint: true });
  // The clock of files ticks every few milliseconds.
  do {
    await writeFile(file, 'a + b\n');
    await writeFile(file, 'a - b\n');
    await utimes(file, Number(atime) / 1e9, Number(mtime) / 1e9);
  } while ((await stat(`${file}`, { bigint: true })).ctimeNs <= (await watchedAt(room.record, ctimeNs)));
  await git.watchRoom({ ...room, again: true });
  expect(await git.alteredFiles(room)).toEqual([]);
  expect(await git.touchedFiles(room)).toEqual(['a.js']);
});

async function watchedAt(record: string, earlier: bigint): Promise<bigint> {
  const { ctimeNs } = await stat(join(record, 'watched'), { bigint: true });
  return ctimeNs > earlier ? ctimeNs : earlier;
}
