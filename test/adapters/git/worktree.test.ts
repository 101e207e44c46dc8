import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { ada, opened } from '../../support/open-git.ts';

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

test('eight worktrees added at once are all there, and track nothing', async () => {
  const repo = await aRepository();
  const commit = await repo.git('rev-parse', 'HEAD');
  const place = await aDirectory();
  const { git } = await opened(repo);
  const config = await readFile(join(repo.commonDir, 'config'), 'utf8');

  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      git.addWorktree({ path: join(place, `w${i}`), branch: `loop/${i}`, commit }),
    ),
  );

  const worktrees = await git.worktrees();
  expect(worktrees).toHaveLength(9);
  expect(worktrees).toContainEqual({
    path: join(place, 'w3'),
    branch: 'loop/3',
    head: commit,
    missing: false,
  });
  expect(await readFile(join(repo.commonDir, 'config'), 'utf8')).toBe(config);
  expect(await repo.gitIn(join(place, 'w7'), 'status', '--porcelain')).toBe('');
});

test('a worktree that cannot be added leaves no branch and no directory', async () => {
  const repo = await aRepository({ files: { '.gitattributes': '* filter=broken\n', a: 'a' } });
  await repo.git('config', 'filter.broken.smudge', 'exit 1');
  await repo.git('config', 'filter.broken.required', 'true');
  const commit = await repo.git('rev-parse', 'HEAD');
  const place = await aDirectory();
  const { git } = await opened(repo);

  await expect(git.addWorktree({ path: join(place, 'w'), branch: 'loop/1', commit })).rejects.toMatchObject({
    code: 'GIT_FAILED',
  });

  expect(await git.ref('loop/1')).toBeUndefined();
  expect(await readdir(place)).toEqual([]);
  expect(await git.worktrees()).toHaveLength(1);
});

test('an existing branch is not touched by a worktree that wants its name', async () => {
  const repo = await aRepository();
  const first = await repo.git('rev-parse', 'HEAD');
  await repo.git('branch', 'taken');
  const second = await repo.commit({ a: '2' });
  const place = await aDirectory();
  const { git } = await opened(repo);

  await expect(
    git.addWorktree({ path: join(place, 'w'), branch: 'taken', commit: second }),
  ).rejects.toMatchObject({ code: 'GIT_FAILED' });

  expect(await git.ref('taken')).toBe(first);
});

test('removing a worktree takes its record and directory, follows no link, and can be repeated', async () => {
  const repo = await aRepository();
  const commit = await repo.git('rev-parse', 'HEAD');
  const place = await aDirectory();
  const precious = await aDirectory();
  await writeFile(join(precious, 'kept'), '');
  const { git } = await opened(repo);
  for (const name of ['a', 'b']) await git.addWorktree({ path: join(place, name), branch: name, commit });
  await symlink(precious, join(place, 'a', 'link'));
  await repo.git('worktree', 'lock', join(place, 'a'));

  await git.removeWorktree(join(place, 'a'));
  await git.removeWorktree(join(place, 'a'));

  expect(await readdir(place)).toEqual(['b']);
  expect((await git.worktrees()).map(({ path }) => path)).toEqual([repo.path, join(place, 'b')]);
  expect(await isThere(join(precious, 'kept'))).toBe(true);
  await mkdir(join(place, 'stranger'));
  await expect(git.removeWorktree(join(place, 'stranger'))).rejects.toMatchObject({ code: 'GIT_FAILED' });
  await expect(git.removeWorktree(repo.path)).rejects.toMatchObject({ code: 'GIT_FAILED' });
  expect(await isThere(repo.path)).toBe(true);
});

test('a settled worktree stands clean on its branch, wherever the worker had put HEAD', async () => {
  const repo = await aRepository({ files: { a: '1\n', gone: 'x\n' } });
  const parent = await repo.git('rev-parse', 'HEAD');
  const place = await aDirectory();
  const path = join(place, 'w');
  const { git } = await opened(repo);
  await git.addWorktree({ path, branch: 'loop/1', commit: parent });
  await repo.gitIn(path, 'checkout', '-q', '--detach');
  await repo.gitIn(path, 'rm', '-q', 'gone');
  await writeFile(join(path, 'a'), '2\n');
  await writeFile(join(path, 'new'), 'n\n');
  const taken = await git.snapshot({
    worktree: path,
    parent,
    scratch: join(place, 's'),
    message: 'm',
    author: ada,
  });
  if (taken.kind !== 'commit') throw new Error('nothing was taken');

  await git.settleWorktree({ path, branch: 'loop/1', commit: taken.commit });
  await git.settleWorktree({ path, branch: 'loop/1', commit: taken.commit });

  expect(await repo.gitIn(path, 'status', '--porcelain=v2', '--branch')).toBe(
    `# branch.oid ${taken.commit}\n# branch.head loop/1`,
  );
  expect(await git.head(path)).toEqual({ commit: taken.commit, branch: 'loop/1' });
  expect(await git.head(repo.path)).toEqual({ commit: parent, branch: 'main' });
});

test('a clean checkout follows its branch, and a touched file is in the way', async () => {
  const repo = await aRepository({ files: { a: '1\n', b: '1\n' } });
  const from = await repo.git('rev-parse', 'HEAD');
  const to = await repo.commit({ a: '2\n', c: 'new\n' });
  await repo.git('checkout', '-q', '-B', 'work', from);
  const { git } = await opened(repo);
  const follow = () => git.followBranch({ checkout: repo.path, from, to });
  const content = (name: string) => readFile(join(repo.path, name), 'utf8');

  await repo.write({ c: 'untracked\n' });
  expect(await follow()).toBe('in_the_way');
  await repo.git('clean', '-fq');
  await repo.write({ a: 'mine\n' });
  expect(await git.isClean(repo.path)).toBe(false);
  expect(await follow()).toBe('in_the_way');
  expect(await content('a')).toBe('mine\n');
  await repo.git('checkout', '-q', 'a');
  await repo.git('update-ref', 'refs/heads/work', to);

  expect([await follow(), await follow()]).toEqual(['followed', 'followed']);
  expect([await content('a'), await content('c')]).toEqual(['2\n', 'new\n']);
  expect(await git.isClean(repo.path)).toBe(true);
  expect(await repo.git('status', '--porcelain')).toBe('');
});

test('clean looks at staged and unstaged changes of tracked files, not at times', async () => {
  const repo = await aRepository({ files: { a: '1\n' } });
  const { git } = await opened(repo);

  await repo.write({ a: '1\n', untracked: 'u' });
  expect(await git.isClean(repo.path)).toBe(true);
  await repo.write({ staged: 's' });
  await repo.git('add', 'staged');
  expect(await git.isClean(repo.path)).toBe(false);
});

test('a branch that is being rebased somewhere is named there, though nothing has it checked out', async () => {
  const repo = await aRepository({ files: { 'a.txt': 'one\n' } });
  const { git } = await opened(repo);
  const base = await repo.commit({ 'a.txt': 'ours\n' });
  await repo.git('switch', '--quiet', '--create', 'side', `${base}~1`);
  await repo.commit({ 'a.txt': 'theirs\n' });
  await expect(repo.git('rebase', 'main')).rejects.toThrow();
  expect(await git.worktrees()).toMatchObject([{ branch: undefined, rebasing: 'side' }]);
  await repo.git('rebase', '--abort');
  expect(await git.worktrees()).toMatchObject([{ branch: 'side', rebasing: undefined }]);
});
