import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { ada, opened } from '../../support/open-git.ts';
import { roomAt } from '../../support/rooms.ts';

const hooks = [
  'applypatch-msg',
  'commit-msg',
  'fsmonitor-watchman',
  'post-applypatch',
  'post-checkout',
  'post-commit',
  'post-index-change',
  'post-merge',
  'post-rewrite',
  'pre-applypatch',
  'pre-auto-gc',
  'pre-commit',
  'pre-merge-commit',
  'pre-push',
  'pre-rebase',
  'prepare-commit-msg',
  'reference-transaction',
  'update',
  'pre-receive',
  'post-receive',
  'post-update',
  'push-to-checkout',
  'proc-receive',
];

test('nothing of a hostile repository is run by any command', async () => {
  const repo = await aRepository({ files: { a: '1\n', b: '1\n' } });
  const from = await repo.git('rev-parse', 'HEAD');
  const to = await repo.commit({
    a: '2\n',
    '.gitattributes': '* diff=evil merge=evil\nfiltered filter=evil\n',
    filtered: 'f\n',
  });
  await repo.git('checkout', '-q', '-b', 'side', from);
  const side = await repo.commit({ a: '3\n' });
  await repo.git('checkout', '-q', 'main');
  const place = await aDirectory();
  const canary = join(place, 'canary');
  const path = join(place, 'w');
  const { git } = await opened(repo);
  await git.addWorktree({ path, branch: 'loop/1', commit: from });

  const evil = join(place, 'evil.sh');
  await writeFile(evil, `#!/bin/sh\necho "$0 $@" >> '${canary}'\n`, { mode: 0o755 });
  await mkdir(join(repo.commonDir, 'hooks'), { recursive: true });
  await mkdir(join(repo.commonDir, 'info'), { recursive: true });
  await writeFile(join(repo.commonDir, 'info', 'attributes'), '* diff=evil merge=evil\n');
  for (const hook of hooks)
    await writeFile(join(repo.commonDir, 'hooks', hook), `#!/bin/sh\necho ${hook} >> '${canary}'\n`, {
      mode: 0o755,
    });
  const keys = [
    'core.fsmonitor',
    'filter.evil.clean',
    'filter.evil.smudge',
    'diff.external',
    'diff.evil.command',
    'diff.evil.textconv',
    'merge.evil.driver',
    'core.pager',
    'pager.diff',
    'uploadpack.packObjectsHook',
    'core.sshCommand',
    'core.editor',
    'gpg.program',
  ];
  for (const key of keys) await repo.git('config', key, evil);
  await repo.git('config', 'commit.gpgSign', 'true');
  // The worker points its worktree at a repository of its own.
  const trap = join(place, 'trap');
  await repo.git('-c', 'core.fsmonitor=false', 'init', '-q', '--template=', trap);
  for (const key of keys) await repo.gitIn(trap, '-c', 'core.fsmonitor=false', 'config', key, evil);
  await writeFile(join(path, '.git'), `gitdir: ${join(trap, '.git')}\n`);
  await writeFile(join(path, 'a'), 'worked\n');
  // An inner repository whose status would run a program.
  await repo.gitIn(place, '-c', 'core.fsmonitor=false', 'init', '-q', '--template=', join(path, 'inner'));
  await repo.gitIn(join(path, 'inner'), '-c', 'core.fsmonitor=false', 'config', 'core.fsmonitor', evil);
  await writeFile(canary, '');

  const taken = await git.snapshot({
    worktree: path,
    parent: from,
    scratch: join(place, 's'),
    message: 'm',
    author: ada,
  });
  if (taken.kind !== 'commit') throw new Error('nothing was taken');
  await git.settleWorktree({ path, branch: 'loop/1', commit: taken.commit });
  await git.head(path);
  await git.head(repo.path);
  await git.isClean(path);
  await git.changes(from, to);
  await git.patch(from, to, 100_000);
  expect(await git.mergeTree(to, side)).toMatchObject({ kind: 'conflict' });
  await git.fillRoom({ ...roomAt(join(place, 'room')), tree: to });
  await git.updateRefs([{ update: 'refs/heads/x', from: undefined, to }], 'test');
  await git.worktrees();
  await git.addWorktree({ path: join(place, 'w2'), branch: 'loop/2', commit: from });
  await git.removeWorktree(path);

  expect(await readFile(canary, 'utf8')).toBe('');
  expect((await readdir(join(place, 'room'))).sort()).toEqual(['.gitattributes', 'a', 'b', 'filtered']);
  // The trap works: git as the user would run it in such a place does run the program.
  await repo.git('status');
  await access(canary);
  expect(await readFile(canary, 'utf8')).not.toBe('');
});

test('objects that are said to be elsewhere are not fetched, so nothing runs at the other end', async () => {
  const repo = await aRepository({ files: { a: '1\n' } });
  const from = await repo.git('rev-parse', 'HEAD');
  const to = await repo.commit({ a: '2\n' });
  await repo.git('tag', '-a', '-m', 'tag', 'v1');
  const place = await aDirectory();
  const [canary, evil] = [join(place, 'canary'), join(place, 'evil.sh')];
  await writeFile(canary, '');
  await writeFile(evil, `#!/bin/sh\necho "$0 $@" >> '${canary}'\nexec git-upload-pack "$@"\n`, {
    mode: 0o755,
  });
  await repo.git('clone', '-q', '--bare', repo.path, join(place, 'elsewhere.git'));
  const ways: readonly (readonly [key: string, value: string])[][] = [
    [
      ['remote.origin.url', `file://${join(place, 'elsewhere.git')}`],
      ['remote.origin.uploadpack', evil],
    ],
    [['remote.origin.vcs', 'none']],
    [['remote.origin.vcs', '']],
  ];
  const { git } = await opened(repo);
  for (const id of ['HEAD:a', 'HEAD~1:a', 'v1']) {
    const object = await repo.git('rev-parse', id);
    await rm(join(repo.commonDir, 'objects', object.slice(0, 2), object.slice(2)), { force: true });
  }

  await repo.git('config', 'core.repositoryFormatVersion', '1');
  await repo.git('config', 'extensions.partialClone', 'origin');
  await repo.git('config', 'remote.origin.promisor', 'true');
  await repo.git('config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
  for (const name of ['remote-none', 'remote-'])
    await repo.git('config', `alias.${name}`, `!echo ${name} >> '${canary}'`);
  for (const way of ways) {
    for (const [key, value] of way) await repo.git('config', key, value);
    await expect(git.patch(from, to, 100_000)).rejects.toMatchObject({ code: 'GIT_FAILED' });
    await git.resolve('v1');
    await git.changes(from, to);
    await git.isClean(repo.path).catch(() => {});
    await git.mergeTree(to, from).catch(() => {});
    await expect(git.fillRoom({ ...roomAt(join(place, 'room')), tree: to })).rejects.toMatchObject({
      code: 'ROOM_INCOMPLETE',
    });
  }

  expect(await readFile(canary, 'utf8')).toBe('');
  // The trap works: git as the user would run it does fetch, and so runs the program.
  await repo.git('config', '--unset', 'remote.origin.vcs');
  await repo.git('cat-file', 'blob', 'HEAD:a');
  expect(await readFile(canary, 'utf8')).toContain('evil.sh');
});
