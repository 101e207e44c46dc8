import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFiles } from '../../src/adapters/files.ts';
import { aDirectory } from '../support/git-repo.ts';

async function aYard() {
  const root = await aDirectory();
  const [home, place] = [join(root, 'home'), join(root, 'place')];
  await mkdir(home);
  await mkdir(place);
  return { root, home, place, files: openFiles({ home, place }) };
}

test('a file is written whole with its directories, read up to a limit, and grows by lines', async () => {
  const { home, files } = await aYard();
  const path = files.join(home, 'loops', 'a', 'goal.md');

  expect(await files.read(path)).toBeUndefined();
  await files.write(path, 'one');
  await files.write(path, 'second');
  await files.append(path, '!');

  expect(await files.read(path)).toBe('second!\n');
  expect(await files.read(path, 3)).toBe('sec');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await files.list(join(home, 'loops', 'a'))).toEqual(['goal.md']);
  expect(await files.list(join(home, 'none'))).toEqual([]);
});

test('nothing outside the two directories is reached, by dots, by likeness of name or by a link', async () => {
  const { root, home, files } = await aYard();
  await mkdir(`${home}-2`);
  await writeFile(join(root, 'secret'), 's');
  await symlink(root, join(home, 'out'));
  const paths = [
    join(root, 'secret'),
    join(home, '..', 'secret'),
    `${home}-2/x`,
    join(home, 'out', 'secret'),
    'x',
    home,
  ];

  for (const path of paths) {
    await expect(files.write(path, 'x')).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(files.read(path)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(files.remove(path)).rejects.toMatchObject({ code: 'INTERNAL' });
  }
  expect(await readFile(join(root, 'secret'), 'utf8')).toBe('s');
});

test('removing takes links away and leaves what they point to', async () => {
  const { root, place, files } = await aYard();
  await writeFile(join(root, 'kept'), 'k');
  await mkdir(join(place, 'tree'));
  await symlink(root, join(place, 'tree', 'link'));

  await files.remove(join(place, 'tree'));
  await files.remove(join(place, 'tree'));

  expect(await readdir(place)).toEqual([]);
  expect(await readFile(join(root, 'kept'), 'utf8')).toBe('k');
});

test('a directory has one key however it is spelt', async () => {
  const { root, home, files } = await aYard();
  await symlink(home, join(root, 'alias'));

  expect(await files.keyOf(join(root, 'alias'))).toBe(await files.keyOf(home));
  expect(await files.exists(join(home, 'none'))).toBe(false);
});
