import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../../support/bundle.ts';
import { aRepository } from '../../support/git-repo.ts';
import { opened } from '../../support/open-git.ts';

test('several refs move together or not at all', async () => {
  const repo = await aRepository();
  const [one, two] = [await repo.git('rev-parse', 'HEAD'), await repo.commit({ a: '2' })];
  const { git } = await opened(repo);
  const fence = await git.writeBlob('1');

  expect(
    await git.updateRefs(
      [
        { update: 'refs/loopyard/fence', from: undefined, to: fence },
        { update: 'refs/heads/x', from: undefined, to: one },
      ],
      'test',
    ),
  ).toBe(true);
  const moved = await git.updateRefs(
    [
      { verify: 'refs/loopyard/fence', is: fence },
      { update: 'refs/heads/x', from: one, to: two },
    ],
    'test',
  );
  expect(moved).toBe(true);
  const refused = await git.updateRefs(
    [
      { verify: 'refs/loopyard/fence', is: undefined },
      { update: 'refs/heads/x', from: two, to: one },
    ],
    'test',
  );
  expect(refused).toBe(false);

  expect(await git.ref('x')).toBe(two);
  expect(await git.refs('refs/loopyard/')).toEqual(new Map([['refs/loopyard/fence', fence]]));
  expect(await git.updateRefs([{ remove: 'refs/heads/x', from: one }], 'test')).toBe(false);
  expect(await git.updateRefs([{ remove: 'refs/heads/x', from: two }], 'test')).toBe(true);
  expect(await git.ref('refs/heads/x')).toBeUndefined();
});

test('a branch that was made a symbolic ref to main never moves main', async () => {
  const repo = await aRepository();
  const [one, two] = [await repo.git('rev-parse', 'HEAD'), await repo.commit({ a: '2' })];
  await repo.git('symbolic-ref', 'refs/heads/mine', 'refs/heads/main');
  const { git } = await opened(repo);

  await git.updateRefs([{ update: 'refs/heads/mine', from: two, to: one }], 'test').catch(() => {});

  expect(await git.ref('main')).toBe(two);
});

test('a symbolic ref tells where it leads, also when nothing is there, and another ref that it is none', async () => {
  const repo = await aRepository();
  await repo.git('symbolic-ref', 'refs/heads/master', 'refs/heads/main');
  await repo.git('symbolic-ref', 'refs/heads/old', 'refs/heads/master');
  await repo.git('symbolic-ref', 'refs/heads/unborn', 'refs/heads/nobody');
  const { git } = await opened(repo);

  expect(await git.symbolicTarget('master')).toBe('refs/heads/main');
  expect(await git.symbolicTarget('refs/heads/old')).toBe('refs/heads/main');
  expect(await git.symbolicTarget('unborn')).toBe('refs/heads/nobody');
  expect(await git.symbolicTarget('main')).toBeUndefined();
  expect(await git.symbolicTarget('none')).toBeUndefined();
});

test('a lock that a killed git left behind is named and not removed', async () => {
  const repo = await aRepository();
  const one = await repo.git('rev-parse', 'HEAD');
  const { git } = await opened(repo);
  const lock = join(repo.commonDir, 'refs', 'heads', 'x', 'y.lock');
  await mkdir(join(repo.commonDir, 'refs', 'heads', 'x'), { recursive: true });
  await writeFile(lock, '');

  await expect(
    git.updateRefs([{ update: 'refs/heads/x/y', from: undefined, to: one }], 'test'),
  ).rejects.toMatchObject({
    code: 'GIT_FAILED',
    facts: { lock },
  });
  expect(await readFile(lock, 'utf8')).toBe('');
});

test('of two processes that race for a ref, none loses a step', async () => {
  const repo = await aRepository();
  const program = await bundle(new URL('../../support/git-counter.ts', import.meta.url).pathname);
  const run = () =>
    new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, [program, repo.commonDir, '12'], {
        env: repo.env,
        stdio: 'inherit',
      });
      child.on('close', resolve);
    });

  expect(await Promise.all([run(), run()])).toEqual([0, 0]);

  expect(await repo.git('cat-file', 'blob', 'refs/loopyard/count')).toBe('24');
});
