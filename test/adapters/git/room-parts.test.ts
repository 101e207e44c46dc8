import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { aDirectory, aRepository, type TestRepository } from '../../support/git-repo.ts';
import { opened } from '../../support/open-git.ts';
import { roomAt } from '../../support/rooms.ts';

const local = ['-c', 'protocol.file.allow=always'] as const;

/** A repository with the submodule `lib`, which has the submodule `inner`. */
async function withSubmodules() {
  const inner = await aRepository({ files: { 'inner.txt': 'inner 1\n' } });
  const lib = await aRepository({ files: { 'lib.txt': 'lib 1\n' } });
  await lib.git(...local, 'submodule', 'add', '-q', inner.path, 'deep/inner');
  await lib.commit();
  const repo = await aRepository({ files: { a: '1\n' } });
  await repo.git(...local, 'submodule', 'add', '-q', lib.path, 'vendor/lib');
  await repo.git(...local, 'submodule', 'update', '-q', '--init', '--recursive');
  const commit = await repo.commit();
  return { repo, lib, inner, commit };
}

const read = (path: string) => readFile(path, 'utf8');

test('submodules lie in a room at their recorded commits, nested ones too, and come forward with it', async () => {
  const { repo, lib, commit } = await withSubmodules();
  const { git } = await opened(repo);
  const room = roomAt(join(await aDirectory(), 'tree', 'r'));
  await git.fillRoom({ ...room, tree: commit });
  expect(await read(join(room.path, 'vendor/lib/lib.txt'))).toBe('lib 1\n');
  expect(await read(join(room.path, 'vendor/lib/deep/inner/inner.txt'))).toBe('inner 1\n');
  await git.orderRoom(room);

  await lib.commit({ 'lib.txt': 'lib 2\n' });
  await repo.gitIn(join(repo.path, 'vendor/lib'), ...local, 'pull', '-q', 'origin', 'main');
  const next = await repo.commit();
  expect(await git.forwardRoom({ ...room, tree: next })).toEqual({ kind: 'pristine' });
  expect(await read(join(room.path, 'vendor/lib/lib.txt'))).toBe('lib 2\n');

  await writeFile(join(room.path, 'vendor/lib/lib.txt'), 'lib X\n');
  expect(await git.alteredFiles(room)).toEqual(['vendor/lib/lib.txt']);
});

test('a submodule whose commit is not on this machine is named with what brings it', async () => {
  const { repo, commit } = await withSubmodules();
  await rm(join(repo.commonDir, 'modules'), { recursive: true });
  const { git } = await opened(repo);
  const refusal = await git
    .fillRoom({ ...roomAt(join(await aDirectory(), 'r')), tree: commit })
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'ROOM_INCOMPLETE',
    facts: { submodule: 'vendor/lib', at: 'vendor/lib' },
  });
  expect(String(refusal)).toContain('`git submodule update --init --recursive`');
});

test('a submodule with a name that escapes is refused; one nobody describes is an empty folder', async () => {
  const { repo, commit } = await withSubmodules();
  const place = await aDirectory();
  const { git } = await opened(repo);
  const described = await read(join(repo.path, '.gitmodules'));
  const escaping = await repo.commit({
    '.gitmodules': described.replace('[submodule "vendor/lib"]', '[submodule "../../vendor/lib"]'),
  });
  await expect(git.fillRoom({ ...roomAt(join(place, 'r')), tree: escaping })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { path: 'vendor/lib' },
  });
  await repo.git('rm', '-q', '--cached', '.gitmodules');
  await repo.git('commit', '-qm', 'undescribed');
  const undescribed = await repo.git('rev-parse', 'HEAD');
  const room = roomAt(join(place, 'r'));
  await git.fillRoom({ ...room, tree: undescribed });
  await git.orderRoom(room);
  expect(await git.forwardRoom({ ...room, tree: commit })).toEqual({ kind: 'pristine' });
  expect(await read(join(room.path, 'vendor/lib/lib.txt'))).toBe('lib 1\n');
});

/** Writes a pointer to the repository and, if wanted, the object into its store. */
async function aPointer(
  repo: TestRepository,
  path: string,
  content: string,
  stored = content,
): Promise<void> {
  const oid = createHash('sha256').update(content).digest('hex');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
  await repo.write({ [path]: pointer });
  const object = join(repo.commonDir, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);
  await mkdir(dirname(object), { recursive: true });
  await writeFile(object, stored);
}

test('LFS pointers are replaced by their objects, without any filter', async () => {
  const repo = await aRepository({
    files: { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n', a: '1\n' },
  });
  const canary = join(await aDirectory(), 'canary');
  await aPointer(repo, 'deep dir/é.bin', 'large\r\ncontent\n');
  await aPointer(repo, 'text', 'not by LFS');
  await repo.write({ 'plain.bin': 'no pointer\n' });
  const commit = await repo.commit();
  await repo.git('config', 'filter.lfs.smudge', `touch '${canary}'; cat`);
  const { git } = await opened(repo);
  const room = roomAt(join(await aDirectory(), 'tree', 'r'));

  await git.fillRoom({ ...room, tree: commit });

  expect(await read(join(room.path, 'deep dir/é.bin'))).toBe('large\r\ncontent\n');
  expect(await read(join(room.path, 'plain.bin'))).toBe('no pointer\n');
  expect(await read(join(room.path, 'text'))).toContain('oid sha256:');
  await expect(read(canary)).rejects.toThrow();
  await git.orderRoom(room);
  await aPointer(repo, 'deep dir/é.bin', 'next');
  const next = await repo.commit();
  expect(await git.forwardRoom({ ...room, tree: next })).toEqual({ kind: 'pristine' });
  expect(await read(join(room.path, 'deep dir/é.bin'))).toBe('next');
});

test('an LFS object that is not what its pointer says is named; of one that is missing the pointer stays', async () => {
  const repo = await aRepository({ files: { '.gitattributes': '*.bin filter=lfs -text\n' } });
  await aPointer(repo, 'x.bin', 'as recorded', 'as altered!');
  const altered = await repo.commit();
  const { git } = await opened(repo);
  const place = await aDirectory();
  await expect(git.fillRoom({ ...roomAt(join(place, 'r')), tree: altered })).rejects.toMatchObject({
    code: 'ROOM_INCOMPLETE',
    message: expect.stringContaining('is not what its pointer says'),
  });
  await rm(join(repo.commonDir, 'lfs'), { recursive: true });
  const room = roomAt(join(place, 'r'));
  await git.fillRoom({ ...room, tree: altered });
  expect(await read(join(room.path, 'x.bin'))).toContain('oid sha256:');
  expect(await git.pointersIn(room)).toEqual(['x.bin']);
  await git.orderRoom(room);
  await aPointer(repo, 'x.bin', 'here');
  expect(await git.forwardRoom({ ...room, tree: await repo.commit() })).toEqual({ kind: 'pristine' });
  expect(await read(join(room.path, 'x.bin'))).toBe('here');
  expect(await git.pointersIn(room)).toEqual([]);
});

test('a room is as git checks it out by the tree’s attributes, whatever the user and the platform prefer', async () => {
  const repo = await aRepository({
    files: {
      '.gitattributes':
        '*.crlf text eol=crlf\n*.id ident\n*.u16 working-tree-encoding=UTF-16LE\n*.txt text\n',
      'a.crlf': 'x\ny\n',
      'a.id': '$Id$\n',
      'plain.txt': 'x\n',
      'with space "quote"\nnewline/ü.js': 'u\n',
    },
  });
  await writeFile(join(repo.path, 'a.u16'), Buffer.from('ü\n', 'utf16le'));
  const commit = await repo.commit();
  await appendFile(repo.env.GIT_CONFIG_GLOBAL ?? '', '[core]\n\tautocrlf = true\n\teol = crlf\n');
  const { git } = await opened(repo);
  const room = roomAt(join(await aDirectory(), 'tree', 'r'));
  await git.fillRoom({ ...room, tree: commit });
  expect(await read(join(room.path, 'a.crlf'))).toBe('x\r\ny\r\n');
  expect(await read(join(room.path, 'plain.txt'))).toBe('x\n');
  expect(await read(join(room.path, 'a.id'))).toMatch(/^\$Id: [0-9a-f]{40} \$\n$/);
  expect(await readFile(join(room.path, 'a.u16'))).toEqual(Buffer.from('ü\n', 'utf16le'));
  expect(await read(join(room.path, 'with space "quote"\nnewline/ü.js'))).toBe('u\n');
  await git.orderRoom(room);
  const next = await repo.commit({ 'a.crlf': 'z\n', 'a.id': '$Id$ 2\n' });
  expect(await git.forwardRoom({ ...room, tree: next })).toEqual({ kind: 'pristine' });
  expect(await read(join(room.path, 'a.crlf'))).toBe('z\r\n');
  expect(await git.alteredFiles(room)).toEqual([]);
});

test('a judged tree has the base’s files where they are restored and none where they are dropped', async () => {
  const repo = await aRepository({
    files: { 'src/a': '1\n', 'test/t': 'strict\n', 'test/deep/é': 'x\n', 'package.json': '{}\n' },
  });
  const base = await repo.git('rev-parse', 'HEAD');
  await repo.git('rm', '-rq', 'test');
  await repo.write({ 'src/a': '2\n', 'node_modules/x/y': 'evil\n', 'vitest.config.js': 'evil\n' });
  await symlink('src', join(repo.path, 'test'));
  const commit = await repo.commit();
  const { git } = await opened(repo);
  const tree = await git.judgedTree({
    commit,
    base,
    restore: ['test/t', 'test/deep', 'vitest.config.js', 'test'],
    drop: ['node_modules'],
  });
  const entries = await git.entries(tree);
  expect(entries.map(({ path }) => path)).toEqual(['package.json', 'src/a', 'test/deep/é', 'test/t']);
  const ids = entries.map(({ id }) => id);
  const blobs = await git.blobs(ids, { maxBytes: 6 });
  expect(ids.map((id) => blobs.get(id) && new TextDecoder().decode(blobs.get(id)))).toEqual([
    '{}\n',
    '2\n',
    'x\n',
    undefined,
  ]);
  const room = roomAt(join(await aDirectory(), 'r'));
  await git.fillRoom({ ...room, tree });
  expect(await read(join(room.path, 'test/t'))).toBe('strict\n');
  expect(await git.judgedTree({ commit, base, restore: [], drop: [] })).toBe(await git.treeOf(commit));
  await expect(git.judgedTree({ commit, base, restore: ['nowhere'], drop: [] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('a judged tree is made again when the mirror was', async () => {
  const repo = await aRepository({ files: { a: '1\n', t: 'strict\n' } });
  const base = await repo.git('rev-parse', 'HEAD');
  const commit = await repo.commit({ a: '2\n', t: 'lax\n' });
  const { git, home } = await opened(repo);
  const tree = await git.judgedTree({ commit, base, restore: ['t'], drop: [] });
  await rm(join(home, 'mirror.git'), { recursive: true });
  const room = roomAt(join(await aDirectory(), 'r'));
  await git.fillRoom({ ...room, tree });
  expect([await read(join(room.path, 'a')), await read(join(room.path, 't'))]).toEqual(['2\n', 'strict\n']);
});
