import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { opened } from '../../support/open-git.ts';
import { roomAt } from '../../support/rooms.ts';

const run = promisify(execFile);

/** A room of a commit that was put in order, and a next commit. */
async function aKeptRoom() {
  const repo = await aRepository({
    files: {
      'src/a.js': 'one\n',
      'src/deep/b.js': 'b\n',
      'test/t.js': 'expect(1)\n',
      'gone/x': 'x\n',
      '.gitignore': 'ignored\n*.log\n',
    },
  });
  await symlink('a.js', join(repo.path, 'src', 'link'));
  const first = await repo.commit();
  await repo.git('rm', '-rq', 'gone');
  const second = await repo.commit({ 'src/a.js': 'two\n', 'new/deep/n': 'n\n' });
  const { git, home } = await opened(repo);
  const room = roomAt(join(await aDirectory(), 'tree', 'room'));
  await git.fillRoom({ ...room, tree: first });
  await git.orderRoom(room);
  return { repo, git, home, room, first, second, at: (...parts: string[]) => join(room.path, ...parts) };
}
type Kept = Awaited<ReturnType<typeof aKeptRoom>>;

const filesOf = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
const ofSecond = ['.gitignore', 'new/deep/n', 'src/a.js', 'src/deep/b.js', 'src/link', 'test/t.js'];

/** Another content of the same length, with the times of before put back. */
async function editUnseen(file: string) {
  const { atime, mtime } = await stat(file);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/[a-z]/, 'X'));
  await utimes(file, atime, mtime);
}

const tampering: Readonly<Record<string, (kept: Kept) => Promise<unknown>>> = {
  'an edited file': ({ at }) => appendFile(at('test', 't.js'), '// more'),
  'an edit of the same length with the time put back': ({ at }) => editUnseen(at('test', 't.js')),
  'a deleted file': ({ at }) => rm(at('test', 't.js')),
  'an executable bit': ({ at }) => chmod(at('test', 't.js'), 0o755),
  'other permissions': ({ at }) => chmod(at('test', 't.js'), 0o666),
  'a new file': ({ at }) => writeFile(at('src', 'new.js'), ''),
  'an ignored file': ({ at }) => writeFile(at('src', 'ignored'), ''),
  'an empty directory': ({ at }) => mkdir(at('src', 'empty')),
  'a nested repository': ({ at, repo }) => repo.git('init', '-q', '--template=', at('nested')),
  'a .git entry in a tracked directory': ({ at }) => writeFile(at('src', '.git'), 'gitdir: /nowhere\n'),
  'a .git directory at the top': ({ at, repo }) => repo.git('init', '-q', '--template=', at()),
  'a directory swapped for a link to a copy': async ({ at }) => {
    await rename(at('test'), at('..', '..', 'moved'));
    await symlink(at('..', '..', 'moved'), at('test'));
  },
  'a directory swapped for another one': async ({ at }) => {
    await run('cp', ['-a', at('test'), at('..', '..', 'copy')]);
    await rename(at('test'), at('..', '..', 'moved'));
    await rename(at('..', '..', 'copy'), at('test'));
  },
  'a file swapped for a link': async ({ at }) => {
    await rm(at('test', 't.js'));
    await symlink('../src/a.js', at('test', 't.js'));
  },
  'a link that leads elsewhere': async ({ at }) => {
    await rm(at('src', 'link'));
    await symlink('b.js', at('src', 'link'));
  },
  'a hard link to a file from outside': ({ at }) => link(at('test', 't.js'), at('..', '..', 'hard')),
  'a name in other case': ({ at }) => writeFile(at('TEST'), ''),
  'a name in another unicode form': ({ at }) => writeFile(at('src', 'e\u0301'), ''),
  'a name that is no UTF-8': ({ at }) =>
    writeFile(Buffer.concat([Buffer.from(`${at('src')}/`), Buffer.from([0xff, 0xfe])]), ''),
  'something beside the files': ({ at }) => mkdir(at('..', 'node_modules')),
  'an index of its own with skip-worktree': async ({ at, repo }) => {
    await repo.git('init', '-q', '--template=', at());
    await repo.gitIn(at(), 'add', '-A');
    await repo.gitIn(at(), 'update-index', '--skip-worktree', 'test/t.js');
    await rm(at('.git', 'HEAD'));
  },
};

test('every kind of tampering is found before a room is used again, and mended by putting it in order', async () => {
  const kept = await aKeptRoom();
  const { repo, git, first, second } = kept;
  const place = await aDirectory();
  const outcome = await Promise.all(
    Object.entries(tampering).map(async ([kind, tamper], n) => {
      const room = roomAt(join(place, String(n), 'tree', 'room'));
      const at = (...parts: string[]) => join(room.path, ...parts);
      await git.fillRoom({ ...room, tree: first });
      await git.orderRoom(room);
      await tamper({ ...kept, repo, room, at });
      const found = await git.forwardRoom({ ...room, tree: second });
      await rm(at('..', 'node_modules'), { recursive: true, force: true }); // the core's part of the order
      await git.orderRoom(room);
      const mended = await git.forwardRoom({ ...room, tree: second });
      const isWhole =
        (await filesOf(room.path)).join() === ofSecond.join() &&
        (await readFile(at('test', 't.js'), 'utf8')) === 'expect(1)\n' &&
        ((await lstat(at('test', 't.js'))).mode & 0o777) === 0o644;
      return [kind, [found.kind, mended.kind, isWhole]] as const;
    }),
  );
  const allFound = Object.keys(tampering).map((kind) => [kind, ['altered', 'pristine', true]]);
  expect(Object.fromEntries(outcome)).toEqual(Object.fromEntries(allFound));
}, 240_000);

test('an edit within the second in which a file was written is found, with its time put back', async () => {
  const { git, room, second, at } = await aKeptRoom();
  expect(await git.forwardRoom({ ...room, tree: second })).toEqual({ kind: 'pristine' });

  await editUnseen(at('src', 'a.js'));
  await editUnseen(at('new', 'deep', 'n'));

  expect(await git.alteredFiles(room)).toEqual(['new/deep/n', 'src/a.js']);
});

test.runIf(process.platform === 'linux')(
  'a room in which a process was left behind is not used again',
  async () => {
    const { git, room, second, at } = await aKeptRoom();
    const left = spawn('sleep', ['60'], { cwd: at('src') });
    onTestFinished(() => void left.kill('SIGKILL'));
    await once(left, 'spawn');
    expect(await git.forwardRoom({ ...room, tree: second })).toEqual({
      kind: 'altered',
      why: `The process ${left.pid} still works in the room.`,
    });
    await expect(git.orderRoom(room)).rejects.toThrow(String(left.pid));
  },
);

test('a room goes from tree to tree, back too, and holds exactly the files of each', async () => {
  const { git, room, first, second } = await aKeptRoom();
  for (const [tree, a, count] of [
    [second, 'two\n', 6],
    [first, 'one\n', 6],
    [first, 'one\n', 6],
    [second, 'two\n', 6],
  ] as const) {
    expect(await git.forwardRoom({ ...room, tree })).toEqual({ kind: 'pristine' });
    expect(await readFile(join(room.path, 'src', 'a.js'), 'utf8')).toBe(a);
    expect((await filesOf(room.path)).length).toBe(count);
    expect(await git.alteredFiles(room)).toEqual([]);
    await git.orderRoom(room);
  }
});

test('a room that was not put in order since its last use is not used', async () => {
  const { git, room, first, second } = await aKeptRoom();
  await git.forwardRoom({ ...room, tree: second });
  expect(await git.forwardRoom({ ...room, tree: first })).toMatchObject({ kind: 'altered' });
});

test('files become directories and directories files, links too', async () => {
  const { repo, git, room, at } = await aKeptRoom();
  await repo.git('rm', '-rq', 'test', 'src/a.js', 'src/link');
  await repo.write({ test: 'a file now\n', 'src/a.js/inner': 'a directory now\n' });
  await symlink('deep', join(repo.path, 'src', 'link'));
  const turned = await repo.commit();
  expect(await git.forwardRoom({ ...room, tree: turned })).toEqual({ kind: 'pristine' });
  expect(await readFile(at('test'), 'utf8')).toBe('a file now\n');
  expect(await readFile(at('src', 'a.js', 'inner'), 'utf8')).toBe('a directory now\n');
  expect(await readFile(at('src', 'link', 'b.js'), 'utf8')).toBe('b\n');
  expect(await git.alteredFiles(room)).toEqual([]);
  await git.orderRoom(room);
  expect(await filesOf(room.path)).toEqual(
    await filesOf(repo.path).then((all) => all.filter((f) => !f.startsWith('.git/'))),
  );
});

test('new attributes change files whose content in the tree stays', async () => {
  const { repo, git, room, at } = await aKeptRoom();
  const crlf = await repo.commit({ 'src/.gitattributes': '*.js text eol=crlf\nb.js ident\n' });
  expect(await git.forwardRoom({ ...room, tree: crlf })).toEqual({ kind: 'pristine' });
  expect(await readFile(at('src', 'deep', 'b.js'), 'utf8')).toBe('b\r\n');
  expect(await readFile(at('test', 't.js'), 'utf8')).toBe('expect(1)\n');
  expect(await git.alteredFiles(room)).toEqual([]);
  await writeFile(at('src', 'deep', 'b.js'), 'b\n');
  // Git calls the two equal.
  expect(await git.alteredFiles(room)).toEqual(['src/deep/b.js']);
});

test('what a run does to tracked files is told; what it adds or only touches is not', async () => {
  const { git, room, first, at } = await aKeptRoom();
  await git.forwardRoom({ ...room, tree: first });
  await writeFile(at('dist.js'), 'built');
  await utimes(at('src', 'a.js'), 1, 1);
  expect(await git.alteredFiles(room)).toEqual([]);
  await rm(at('test'), { recursive: true });
  await chmod(at('src', 'deep', 'b.js'), 0o755);
  await rm(at('src', 'link'));
  await symlink('deep', at('src', 'link'));
  expect(await git.alteredFiles(room)).toEqual(['src/deep/b.js', 'src/link', 'test/t.js']);
});

test('attributes that a run adds do not make an edit equal', async () => {
  const { git, room, first, at } = await aKeptRoom();
  await git.forwardRoom({ ...room, tree: first });
  await writeFile(at('test', '.gitattributes'), '* text\n');
  await writeFile(at('test', 't.js'), 'expect(1)\r\n');
  expect(await git.alteredFiles(room)).toEqual(['test/t.js']);
});

test('a mirror that was made anew does not cost the rooms', async () => {
  const { git, home, room, second } = await aKeptRoom();
  await rm(join(home, 'mirror.git'), { recursive: true });
  expect(await git.forwardRoom({ ...room, tree: second })).toEqual({ kind: 'pristine' });
  expect(await filesOf(room.path)).toEqual(ofSecond);
});

test('a new link out of the room is refused by name when a room is brought forward', async () => {
  const { repo, git, room } = await aKeptRoom();
  await symlink('../../..', join(repo.path, 'src', 'out'));
  const escaping = await repo.commit();
  await expect(git.forwardRoom({ ...room, tree: escaping })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { path: 'src/out' },
  });
});
