import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFiles } from '../../src/adapters/files.ts';
import { LoopyardError } from '../../src/domain/errors.ts';
import { aDirectory } from '../support/git-repo.ts';

async function aYard() {
  const root = await aDirectory();
  const [home, place] = [join(root, 'home'), join(root, 'place')];
  await mkdir(home);
  await mkdir(place);
  return { root, home, place, files: openFiles({ home, place }) };
}

test('a file is written whole with its directories and read up to a limit', async () => {
  const { home, files } = await aYard();
  const path = files.join(home, 'loops', 'a', 'goal.md');

  expect(await files.read(path)).toBeUndefined();
  await files.write(path, 'one');
  await files.write(path, 'second');

  expect(await files.read(path)).toBe('second');
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

/** What a worker can put where a file of ours belongs. */
const traps: Readonly<Record<string, (path: string) => unknown>> = {
  pipe: (path) => execFileSync('mkfifo', [path]),
  directory: (path) => mkdir(join(path, 'deep'), { recursive: true }),
  link: (path) => symlink('/etc/hostname', path),
  circle: (path) => symlink(path, path),
};

test.each(Object.keys(traps))(
  'a %s in the place of a file is no file, and writing replaces it',
  async (kind) => {
    const { place, files } = await aYard();
    const path = join(place, 'STATE.md');
    await traps[kind]?.(path);

    expect(await files.read(path)).toBeUndefined();
    await files.write(path, 'ours');

    expect(await files.read(path)).toBe('ours');
    expect(await readdir(place)).toEqual(['STATE.md']);
  },
);

test('a directory of the yard’s own is not replaced by a file, and the error is ours', async () => {
  const { home, files } = await aYard();
  const path = join(home, 'loops');
  await mkdir(path);

  await expect(files.write(path, 'x')).rejects.toMatchObject({ code: 'STATE_UNSAFE', facts: { path } });
  expect(await readdir(home)).toEqual(['loops']);
});

test('a file or a circle of links in the place of a directory ends in an error of ours', async () => {
  const { place, files } = await aYard();
  await writeFile(join(place, 'file'), '');
  await symlink(join(place, 'circle'), join(place, 'circle'));

  for (const way of ['file', 'circle'])
    await expect(files.write(join(place, way, 'STATE.md'), 'x')).rejects.toBeInstanceOf(LoopyardError);
  await expect(files.read(join(place, 'circle', 'STATE.md'))).rejects.toBeInstanceOf(LoopyardError);
  expect(await files.read(join(place, 'file', 'STATE.md'))).toBeUndefined();
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
