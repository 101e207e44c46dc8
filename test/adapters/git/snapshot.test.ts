import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aDirectory, aRepository, type TestRepository } from '../../support/git-repo.ts';
import { ada, opened } from '../../support/open-git.ts';

async function taken(repo: TestRepository) {
  const { git } = await opened(repo);
  const scratch = join(await aDirectory(), 'scratch');
  const parent = await repo.git('rev-parse', 'HEAD');
  const snapshot = await git.snapshot({
    worktree: repo.path,
    parent,
    scratch,
    message: 'candidate',
    author: ada,
  });
  expect(await readdir(scratch)).toEqual([]);
  return { git, parent, snapshot, commit: snapshot.kind === 'commit' ? snapshot.commit : '' };
}

const listing = async (repo: TestRepository, commit: string) =>
  (await repo.git('ls-tree', '-r', '-z', commit))
    .split('\0')
    .filter(Boolean)
    .map((line) => line.replace(/ blob [0-9a-f]+\t/, ' '))
    .sort();

test('everything that lies in the tree is in the commit, and the index keeps its bytes', async () => {
  const repo = await aRepository({
    files: {
      kept: 'k',
      changed: '1',
      deleted: 'd',
      'moved-from': 'm',
      script: 's',
      hidden: '1',
      '.gitignore': 'ignored\n',
    },
  });
  await repo.git('update-index', '--assume-unchanged', 'hidden');
  await repo.write({
    staged: 's',
    changed: '2',
    untracked: 'u',
    ignored: 'i',
    'é ü/新\nline': 'n',
    hidden: '2',
  });
  await repo.git('add', 'staged');
  await repo.write({ staged: 'staged and changed' });
  await rm(join(repo.path, 'deleted'));
  await rename(join(repo.path, 'moved-from'), join(repo.path, 'moved-to'));
  await chmod(join(repo.path, 'script'), 0o755);
  await symlink('kept', join(repo.path, 'link'));
  const index = await readFile(join(repo.commonDir, 'index'));

  const { git, parent, commit } = await taken(repo);

  expect(await listing(repo, commit)).toEqual(
    [
      '100644 .gitignore',
      '100644 changed',
      '100644 hidden',
      '100644 kept',
      '100644 moved-to',
      '100644 staged',
      '100644 untracked',
      '100644 é ü/新\nline',
      '100755 script',
      '120000 link',
    ].sort(),
  );
  expect(await repo.git('show', `${commit}:staged`)).toBe('staged and changed');
  expect(await repo.git('show', `${commit}:hidden`)).toBe('2');
  expect(await repo.git('log', '-1', '--format=%P %an %s', commit)).toBe(`${parent} Ada candidate`);
  expect(await readFile(join(repo.commonDir, 'index'))).toEqual(index);
  expect(await git.head(repo.path)).toEqual({ commit: parent, branch: 'main' });
});

test('a tree like its parent is unchanged', async () => {
  const { snapshot } = await taken(await aRepository());

  expect(snapshot).toEqual({ kind: 'unchanged' });
});

test('what the user ignores everywhere stays out', async () => {
  const repo = await aRepository();
  const ignore = join(await aDirectory(), 'my ignore');
  await writeFile(ignore, '*.swp\n');
  await writeFile(String(repo.env.GIT_CONFIG_GLOBAL), `[core]\n\texcludesFile = ${ignore}\n`);
  await mkdir(join(repo.commonDir, 'info'), { recursive: true });
  await writeFile(join(repo.commonDir, 'info', 'exclude'), 'local\n');
  await repo.write({ 'x.swp': '', local: '', real: '' });

  const { commit } = await taken(repo);

  expect(await listing(repo, commit)).toEqual(['100644 README.md', '100644 real']);
});

test('clean filters of the user and of the repository are applied', async () => {
  const repo = await aRepository({ files: { '.gitattributes': '*.up filter=up\n*.x filter=x\n' } });
  await repo.git('config', 'filter.up.clean', 'tr a-z A-Z');
  await repo.git('config', '--global', 'filter.x.clean', 'tr a-z x');
  await repo.write({ 'a.up': 'abc', 'a.x': 'abc' });

  const { commit } = await taken(repo);

  expect([await repo.git('show', `${commit}:a.up`), await repo.git('show', `${commit}:a.x`)]).toEqual([
    'ABC',
    'xxx',
  ]);
});

test('a repository inside the tree is left out, with or without commits, under any name', async () => {
  const repo = await aRepository();
  for (const name of ['inner', 'in*ner [x]', 'empty']) {
    await repo.git('init', '-q', join(repo.path, name));
    await repo.write({ [`${name}/file`]: 'f' });
  }
  await repo.gitIn(join(repo.path, 'inner'), 'add', '--all');
  await repo.gitIn(join(repo.path, 'inner'), 'commit', '-qm', 'inner');
  await repo.write({ outer: 'o' });

  const { commit } = await taken(repo);

  expect(await listing(repo, commit)).toEqual(['100644 README.md', '100644 outer']);
});

test('a submodule stays as the parent has it', async () => {
  const [repo, library] = [await aRepository(), await aRepository()];
  await repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.path, 'lib');
  await repo.commit();
  await repo.gitIn(join(repo.path, 'lib'), 'commit', '-q', '--allow-empty', '-m', 'ahead');
  await repo.write({ 'lib/new': 'n', own: 'o' });

  const { git, parent, commit } = await taken(repo);

  expect(await git.changes(parent, commit)).toEqual([{ path: 'own', kind: 'added' }]);
});
