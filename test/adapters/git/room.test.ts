import { chmod, lstat, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openGit } from '../../../src/adapters/git/git.ts';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { aGate, opened } from '../../support/open-git.ts';
import { roomAt } from '../../support/rooms.ts';

test('a room has exactly the files of the commit, with their modes and line ends', async () => {
  const repo = await aRepository({
    files: {
      a: '1\n',
      'deep/é\nb': '2\n',
      run: '#!\n',
      crlf: 'x\r\n',
      '.gitattributes': 'crlf text eol=crlf\n',
    },
  });
  await symlink('deep', join(repo.path, 'link'));
  await chmod(join(repo.path, 'run'), 0o755);
  const commit = await repo.commit();
  await repo.write({ later: 'uncommitted' });
  const place = await aDirectory();
  const { git } = await opened(repo);

  await Promise.all(
    ['r1', 'r2', 'r3'].map((name) => git.fillRoom({ ...roomAt(join(place, name)), tree: commit })),
  );

  const room = join(place, 'r2');
  expect((await readdir(room)).sort()).toEqual(['.gitattributes', 'a', 'crlf', 'deep', 'link', 'run']);
  expect(await readFile(join(room, 'crlf'), 'utf8')).toBe('x\r\n');
  expect(await readFile(join(room, 'deep', 'é\nb'), 'utf8')).toBe('2\n');
  expect((await lstat(join(room, 'run'))).mode & 0o100).toBe(0o100);
  await expect(git.fillRoom({ ...roomAt(room), tree: commit })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('two processes make the mirror and the same room’s commit at once', async () => {
  const repo = await aRepository();
  const commit = await repo.git('rev-parse', 'HEAD');
  const [home, place] = [await aDirectory(), await aDirectory()];
  // Two adapters share nothing but the disk, as two processes do.
  const open = () =>
    openGit({ commonDir: repo.commonDir, home, gate: aGate(), log: () => {}, env: repo.env });

  await Promise.all(
    [1, 2, 3, 4].map((n) => open().fillRoom({ ...roomAt(join(place, `r${n}`)), tree: commit })),
  );

  expect(await readdir(home)).toEqual(['mirror.git']);
  for (const name of await readdir(place)) expect(await readdir(join(place, name))).toEqual(['README.md']);
});

test('an object with other content under its id is not accepted', async () => {
  const repo = await aRepository({ files: { test: 'expect(1)\n' } });
  const commit = await repo.git('rev-parse', 'HEAD');
  const id = await repo.git('rev-parse', 'HEAD:test');
  const file = join(repo.commonDir, 'objects', id.slice(0, 2), id.slice(2));
  await rm(file, { force: true });
  await writeFile(file, deflateSync('blob 5\0pass\n'));
  const { git } = await opened(repo);

  await expect(
    git.fillRoom({ ...roomAt(join(await aDirectory(), 'r')), tree: commit }),
  ).rejects.toMatchObject({
    code: 'ROOM_INCOMPLETE',
  });
});

test('a replace ref changes nothing in a room', async () => {
  const repo = await aRepository({ files: { a: 'true\n' } });
  const commit = await repo.git('rev-parse', 'HEAD');
  const other = await repo.commit({ a: 'false\n' });
  await repo.git('replace', commit, other);
  const { git } = await opened(repo);
  const room = join(await aDirectory(), 'r');

  await git.fillRoom({ ...roomAt(room), tree: commit });

  expect(await readFile(join(room, 'a'), 'utf8')).toBe('true\n');
});

test('a commit with a link out of the room is refused by name', async () => {
  const repo = await aRepository();
  await symlink('../../etc', join(repo.path, 'out'));
  const commit = await repo.commit();
  const { git } = await opened(repo);
  const room = join(await aDirectory(), 'r');

  await expect(git.fillRoom({ ...roomAt(room), tree: commit })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { path: 'out' },
  });
  await expect(lstat(room)).rejects.toThrow();
});
