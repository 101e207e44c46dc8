import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aRepository } from '../../support/git-repo.ts';
import { ada, opened } from '../../support/open-git.ts';

test('a ref, tag or abbreviation becomes a full id, and anything like an option becomes nothing', async () => {
  const repo = await aRepository();
  const first = await repo.git('rev-parse', 'HEAD');
  await repo.git('tag', '-a', '-m', 'tag', 'v1');
  const { git } = await opened(repo);

  for (const name of ['main', 'HEAD', 'v1', first, first.slice(0, 10)])
    expect(await git.resolve(name)).toBe(first);
  const refused = [
    '',
    '-h',
    '--git-dir=/',
    'a\nb',
    'no-such',
    'main..v1',
    'HEAD:README.md',
    'HEAD@{99}',
    'a'.repeat(251),
    '\u0000',
  ];
  for (const name of refused) expect(await git.resolve(name)).toBeUndefined();
});

test('head tells commit and branch, also when unborn or detached', async () => {
  const repo = await aRepository();
  const { git } = await opened(repo);
  const commit = await repo.git('rev-parse', 'HEAD');

  expect(await git.head(repo.path)).toEqual({ commit, branch: 'main' });
  await repo.git('checkout', '-q', '--detach');
  expect(await git.head(repo.path)).toEqual({ commit, branch: undefined });
  await repo.git('symbolic-ref', 'HEAD', 'refs/heads/empty');
  expect(await git.head(repo.path)).toEqual({ commit: undefined, branch: 'empty' });
});

test('changes tell renames as new path and lost path, and names of any kind', async () => {
  const body = 'line\n'.repeat(30);
  const repo = await aRepository({
    files: { 'old.txt': body, 'gone.txt': 'g', 'é\nx.txt': '1', link: 'file' },
  });
  const from = await repo.git('rev-parse', 'HEAD');
  await repo.git('mv', 'old.txt', 'new.txt');
  await repo.git('rm', '-q', 'gone.txt', 'link');
  await symlink('new.txt', join(repo.path, 'link'));
  const to = await repo.commit({ 'é\nx.txt': '2\n', 'added.txt': 'a\nb\n' });
  const { git } = await opened(repo);

  const changes = await git.changes(from, to);

  expect([...changes].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: 'added.txt', kind: 'added' },
    { path: 'gone.txt', kind: 'deleted' },
    { path: 'link', kind: 'type_changed' },
    { path: 'new.txt', kind: 'renamed' },
    { path: 'old.txt', kind: 'deleted' },
    { path: 'é\nx.txt', kind: 'modified' },
  ]);
});

test('a long patch is cut and says so, a short one is whole', async () => {
  const repo = await aRepository();
  const from = await repo.git('rev-parse', 'HEAD');
  const to = await repo.commit({ 'big.txt': 'x'.repeat(60).concat('\n').repeat(100_000) });
  const { git } = await opened(repo);

  const [short, whole] = [await git.patch(from, to, 5000), await git.patch(from, to, 50_000_000)];

  expect(short.length).toBeLessThan(5200);
  expect(short).toMatch(/\n\[cut here: the patch is longer than 5000 bytes\]\n$/);
  expect(whole.length).toBeGreaterThan(6_000_000);
  expect(whole).not.toContain('[cut here');
});

test('a merge is computed from commits alone, and a conflict names the files', async () => {
  const repo = await aRepository({ files: { a: '1\n', 'é b': '1\n' } });
  const base = await repo.git('rev-parse', 'HEAD');
  const ours = await repo.commit({ a: '2\n' });
  await repo.git('checkout', '-q', '-b', 'side', base);
  const apart = await repo.commit({ 'é b': '3\n' });
  const clash = await repo.commit({ a: '3\n' });
  const { git } = await opened(repo);

  const merged = await git.mergeTree(ours, apart);
  expect(merged).toMatchObject({ kind: 'merged' });
  if (merged.kind === 'merged') expect(await repo.git('show', `${merged.tree}:a`)).toBe('2');
  expect(await git.mergeTree(ours, clash)).toMatchObject({ kind: 'conflict', files: ['a'] });
  await expect(git.mergeTree(ours, 'f'.repeat(40))).rejects.toMatchObject({ code: 'GIT_FAILED' });
});

test('a commit carries the given author and parents', async () => {
  const repo = await aRepository();
  const { git } = await opened(repo);
  const head = await repo.git('rev-parse', 'HEAD');

  const commit = await git.commitTree({
    tree: await git.treeOf(head),
    parents: [head],
    message: 'Subject\n\nBody: é',
    author: ada,
  });

  expect(await repo.git('log', '-1', '--format=%an <%ae> %cn|%P|%B', commit)).toBe(
    `Ada <ada@example.com> Ada|${head}|Subject\n\nBody: é`,
  );
  expect(await git.isAncestor(head, commit)).toBe(true);
  expect(await git.isAncestor(commit, head)).toBe(false);
  expect(await repo.git('cat-file', 'blob', await git.writeBlob(''))).toBe('');
});

test('the identity is the repository’s, then the user’s, then none', async () => {
  const repo = await aRepository();
  const { git } = await opened(repo);
  expect(await git.identity()).toEqual(ada);

  await repo.git('config', 'user.name', 'Grace');
  expect(await git.identity()).toEqual({ name: 'Grace', email: 'ada@example.com' });

  await repo.git('config', '--unset', 'user.name');
  await writeFile(String(repo.env.GIT_CONFIG_GLOBAL), '');
  expect(await git.identity()).toBeUndefined();
});

test('branch names are judged by git', async () => {
  const { git } = await opened(await aRepository());

  expect(await git.isBranchName('loop/fix-1')).toBe(true);
  for (const name of ['-x', 'a..b', 'a b', '@{-1}', 'HEAD', 'a.lock', ''])
    expect(await git.isBranchName(name)).toBe(false);
});
