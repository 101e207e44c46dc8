import { chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitFinder } from '../../../src/adapters/git/git.ts';
import { aDirectory, aRepository } from '../../support/git-repo.ts';

test('the same checkout is found from a subfolder, through a link, and under an unusual name', async () => {
  const repo = await aRepository({ files: { 'a/b/c.txt': 'x' } });
  const odd = join(await aDirectory(), 'späce and\nnewline');
  await symlink(repo.path, odd);
  const finder = gitFinder({ env: repo.env });

  const found = await Promise.all(
    [repo.path, join(repo.path, 'a', 'b'), odd, `${repo.path}/a/..`].map((path) => finder.locate(path)),
  );

  for (const checkout of found) expect(checkout).toEqual(found[0]);
  expect(found[0]).toMatchObject({ path: repo.path, commonDir: repo.commonDir });
  expect(found[0]?.key).toMatch(/^\d+:\d+$/);
});

test('a linked worktree has a path and key of its own and the shared git directory', async () => {
  const repo = await aRepository();
  const linked = join(await aDirectory(), 'with\nnewline é');
  await repo.git('worktree', 'add', '-q', '-b', 'side', linked);
  const finder = gitFinder({ env: repo.env });

  const [main, side] = [await finder.locate(repo.path), await finder.locate(linked)];

  expect(side).toMatchObject({ path: linked, commonDir: repo.commonDir });
  expect(side.key).not.toBe(main.key);
});

test('every wrong place has its own error', async () => {
  const repo = await aRepository();
  const outside = await aDirectory();
  const bare = join(outside, 'bare.git');
  await repo.git('init', '-q', '--bare', bare);
  const file = join(outside, 'file');
  await writeFile(file, '');
  const finder = gitFinder({ env: repo.env });
  const code = (path: string) =>
    finder.locate(path).then(
      () => 'found',
      (error) => error.code,
    );

  expect(await code(join(outside, 'missing'))).toBe('NO_WORKSPACE');
  expect(await code('relative/path')).toBe('NO_WORKSPACE');
  expect(await code(file)).toBe('NO_WORKSPACE');
  expect(await code(outside)).toBe('NOT_A_REPOSITORY');
  expect(await code(bare)).toBe('BARE_REPOSITORY');
  await expect(finder.locate(repo.commonDir)).rejects.toMatchObject({
    code: 'NOT_A_REPOSITORY',
    message: expect.stringContaining('inside a git directory'),
  });
});

test('without git on PATH the error says so', async () => {
  const repo = await aRepository();
  const finder = gitFinder({ env: { ...repo.env, PATH: await aDirectory() } });

  await expect(finder.locate(repo.path)).rejects.toMatchObject({ code: 'GIT_MISSING' });
});

test('a git that cannot merge without a working tree is refused with its version', async () => {
  const repo = await aRepository();
  const bin = await aDirectory();
  await writeFile(join(bin, 'git'), '#!/bin/sh\necho git version 2.37.1\n', { mode: 0o755 });
  const finder = gitFinder({ env: { ...repo.env, PATH: `${bin}:${repo.env.PATH}` } });

  await expect(finder.locate(repo.path)).rejects.toMatchObject({
    code: 'GIT_MISSING',
    message: expect.stringContaining('2.37.1'),
  });
});

test.skipIf(process.getuid?.() !== 0)(
  'another user’s repository is refused, with its owner, unless the user trusts it',
  async () => {
    const repo = await aRepository();
    const { SUDO_UID: _, ...env } = repo.env;
    for (const path of [repo.path, repo.commonDir]) await chown(path, 12345, 12345);

    await expect(gitFinder({ env }).locate(repo.path)).rejects.toMatchObject({
      code: 'NOT_A_REPOSITORY',
      facts: { owner: 12345 },
    });

    await writeFile(String(env.GIT_CONFIG_GLOBAL), `[safe]\n\tdirectory = ${repo.path}\n`);
    expect(await gitFinder({ env }).locate(repo.path)).toMatchObject({ path: repo.path });
  },
);

test('inherited git variables do not lead elsewhere', async () => {
  const [repo, other] = [await aRepository(), await aRepository()];
  await mkdir(join(repo.path, 'sub'));
  const env = {
    ...repo.env,
    GIT_DIR: other.commonDir,
    GIT_WORK_TREE: other.path,
    GIT_INDEX_FILE: '/nowhere',
  };

  expect(await gitFinder({ env }).locate(join(repo.path, 'sub'))).toMatchObject({ path: repo.path });
});
