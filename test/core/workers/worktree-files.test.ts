import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attachDependencies } from '../../../src/core/rooms/dependencies.ts';
import { giveWorktreeDependencies, giveWorktreeFiles } from '../../../src/core/workers/worktree-files.ts';
import type { Loop } from '../../../src/domain/loop.ts';
import { aDependencyWorld } from '../../support/dependency-world.ts';

const ignoring = { '.gitignore': '.env*\nlocal/\n*.log\nlinked\nnode_modules/\n', 'app.js': 'tracked\n' };

/** A checkout with local files, and a linked worktree of it. */
async function aWorktree(files: Record<string, string>, config: Record<string, unknown> = {}) {
  const world = await aDependencyWorld({ ...ignoring, ...files }, { config });
  const path = join(world.rt.files.place, 'loops', 'l', 'project');
  const base = await world.repo.git('rev-parse', 'HEAD');
  await world.rt.git.addWorktree({ path, branch: 'loopyard/l', commit: base });
  const loop = { id: 'l', base, checkout: { path: world.repo.path, key: 'k' } } as unknown as Loop;
  const has = (name: string) => lstatSync(join(path, name), { throwIfNoEntry: false }) !== undefined;
  return { ...world, path, loop, has, status: () => world.repo.gitIn(path, 'status', '--porcelain') };
}

test('ignored files that .worktreeinclude names are copied into the worktree of a loop, and no others', async () => {
  const { rt, repo, loop, path, has, status } = await aWorktree({
    '.worktreeinclude': '# settings\n.env*\n!.env.prod\nlocal/**\napp.js\n',
  });
  await repo.write({
    '.env': 'A=1',
    '.env.prod': 'A=2',
    'local/a/b.json': '{}',
    'x.log': '',
    'app.js': 'edited\n',
  });
  await giveWorktreeFiles(rt, loop, path);
  expect([has('.env'), has('.env.prod'), has('local/a/b.json'), has('x.log')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(readFileSync(join(path, 'app.js'), 'utf8')).toBe('tracked\n');
  expect(await status()).toBe('');
});

test('worktree_copy names patterns too, and worktree_link makes links', async () => {
  const config = { worktree_copy: ['*.log'], worktree_link: ['linked', 'app.js'] };
  const { rt, repo, loop, path, has } = await aWorktree({}, config);
  await repo.write({ 'x.log': 'x', 'linked/data': 'd' });
  await giveWorktreeFiles(rt, loop, path);
  expect(has('x.log')).toBe(true);
  expect(readlinkSync(join(path, 'linked'))).toBe(join(repo.path, 'linked'));
  expect(lstatSync(join(path, 'app.js')).isFile()).toBe(true);
});

test('no link is followed out of the checkout, and nothing is written through one', async () => {
  const { rt, repo, loop, path, has } = await aWorktree({}, { worktree_copy: ['.env*', 'local/**'] });
  await mkdir(join(repo.path, '..', 'outside'));
  await writeFile(join(repo.path, '..', 'outside', 'secret'), 'secret');
  await symlink('../outside/secret', join(repo.path, '.env'));
  await repo.write({ 'local/file': 'mine' });
  await symlink(join(repo.path, '..', 'outside'), join(path, 'local'));
  await giveWorktreeFiles(rt, loop, path);
  expect(has('.env')).toBe(false);
  expect(lstatSync(join(repo.path, '..', 'outside', 'file'), { throwIfNoEntry: false })).toBeUndefined();
});

test('dependencies that are prepared already are copied into the worktree where git ignores them', async () => {
  const files = {
    'package.json': '{ "name": "p", "version": "1.0.0", "workspaces": ["a"] }\n',
    'a/package.json': '{ "name": "a", "version": "1.0.0" }\n',
    'package-lock.json': `${JSON.stringify({
      name: 'p',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: {
        '': { name: 'p', version: '1.0.0', workspaces: ['a'] },
        a: { version: '1.0.0' },
        'node_modules/a': { resolved: 'a', link: true },
      },
    })}\n`,
  };
  const world = await aWorktree(files);
  await giveWorktreeDependencies(world.rt, world.loop, world.path);
  expect(world.has('node_modules')).toBe(false);
  await attachDependencies(world.rt, await world.room(), await world.tree(), new AbortController().signal);
  await giveWorktreeDependencies(world.rt, world.loop, world.path);
  expect(readlinkSync(join(world.path, 'node_modules/a'))).toBe('../a');
  expect(await world.status()).toBe('');
});
