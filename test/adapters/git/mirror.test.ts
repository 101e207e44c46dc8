import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGit } from '../../../src/adapters/git/git.ts';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { aGate, opened } from '../../support/open-git.ts';
import { roomAt } from '../../support/rooms.ts';

/** A repository with two commits on one line and one beside, whose first is in the mirror. */
async function aMirroredRepository() {
  const repo = await aRepository({ files: { a: '1\n', b: '1\n' } });
  const first = await repo.git('rev-parse', 'HEAD');
  const second = await repo.commit({ a: '2\n' });
  await repo.git('checkout', '-q', '-b', 'side', first);
  const side = await repo.commit({ b: '2\n' });
  const { git, home } = await opened(repo);
  const place = await aDirectory();
  await git.fillRoom({ ...roomAt(join(place, 'first')), tree: first });
  const mirror = join(home, 'mirror.git');
  const objectOf = async (name: string) => {
    const id = await repo.git('rev-parse', name);
    return join(mirror, 'objects', id.slice(0, 2), id.slice(2));
  };
  return { repo, git, home, place, mirror, first, second, side, objectOf };
}

type Mirrored = Awaited<ReturnType<typeof aMirroredRepository>>;

/** What a power cut can leave behind. */
const damages: Readonly<Record<string, (world: Mirrored) => Promise<unknown>>> = {
  'an empty ref': ({ mirror, first }) => truncate(join(mirror, 'refs', 'rooms', first)),
  'an empty blob': async ({ objectOf }) => cut(await objectOf('main~1:a')),
  'an empty tree': async ({ objectOf }) => cut(await objectOf('main~1^{tree}')),
  'an empty commit': async ({ objectOf }) => cut(await objectOf('main~1')),
  'an empty HEAD': ({ mirror }) => truncate(join(mirror, 'HEAD')),
  'an empty configuration': ({ mirror }) => writeFile(join(mirror, 'config'), '[core'),
  'no name of its own': ({ mirror }) =>
    Promise.all([rm(join(mirror, 'generation')), truncate(join(mirror, 'HEAD'))]),
};

async function cut(file: string): Promise<void> {
  const half = (await readFile(file)).subarray(0, 10);
  await rm(file, { force: true });
  await writeFile(file, half);
}

test.each(Object.keys(damages))(
  'with %s the mirror is made anew, and verification goes on',
  async (damage) => {
    const world = await aMirroredRepository();
    const { git, home, place, first, second, side } = world;
    await damages[damage]?.(world);

    await git.fillRoom({ ...roomAt(join(place, 'again')), tree: first });
    await git.fillRoom({ ...roomAt(join(place, 'second')), tree: second });

    expect(await readFile(join(place, 'again', 'a'), 'utf8')).toBe('1\n');
    expect(await readFile(join(place, 'second', 'a'), 'utf8')).toBe('2\n');
    expect(await git.mergeTree(second, side)).toMatchObject({ kind: 'merged' });
    expect(await readdir(home)).toEqual(['mirror.git']);
    expect((await readdir(place)).sort()).toEqual(['again', 'first', 'second']);
  },
);

test('a merge needs no more of the mirror than that it can be made anew', async () => {
  const { git, home, mirror, second, side } = await aMirroredRepository();
  await truncate(join(mirror, 'HEAD'));

  expect(await git.mergeTree(second, side)).toMatchObject({ kind: 'merged' });
  expect(await readdir(home)).toEqual(['mirror.git']);
});

test('what is wrong with the user’s repository costs no mirror', async () => {
  const { repo, git, home, place, mirror, first } = await aMirroredRepository();
  const generation = await readFile(join(mirror, 'generation'), 'utf8');
  const commit = await repo.commit({ c: 'new\n' });
  const id = await repo.git('rev-parse', 'HEAD:c');
  await rm(join(repo.commonDir, 'objects', id.slice(0, 2), id.slice(2)), { force: true });

  await expect(git.fillRoom({ ...roomAt(join(place, 'r')), tree: commit })).rejects.toMatchObject({
    code: 'ROOM_INCOMPLETE',
    facts: { commit, damaged: true },
  });
  await expect(git.mergeTree(first, 'f'.repeat(40))).rejects.toMatchObject({ code: 'GIT_FAILED' });

  expect(await readFile(join(mirror, 'generation'), 'utf8')).toBe(generation);
  expect(await readdir(home)).toEqual(['mirror.git']);
  expect(await readdir(place)).toEqual(['first']);
});

test('of several processes that meet a damaged mirror, each fills its room', async () => {
  const { repo, home, place, mirror, first, second } = await aMirroredRepository();
  await truncate(join(mirror, 'refs', 'rooms', first));
  // Adapters share nothing but the disk, as processes do.
  const open = () =>
    openGit({ commonDir: repo.commonDir, home, gate: aGate(), log: () => {}, env: repo.env });

  await Promise.all(
    [1, 2, 3, 4, 5, 6].map((n) =>
      open().fillRoom({ ...roomAt(join(place, `r${n}`)), tree: n % 2 ? first : second }),
    ),
  );

  for (const n of [1, 2, 3, 4, 5, 6])
    expect(await readFile(join(place, `r${n}`, 'a'), 'utf8')).toBe(n % 2 ? '1\n' : '2\n');
  expect(await readdir(home)).toEqual(['mirror.git']);
});

test('a mirror of many commits starts anew, but not under a room that is being filled', async () => {
  const { git, place, mirror, first, second, side } = await aMirroredRepository();
  const rooms = join(mirror, 'refs', 'rooms');
  for (let n = 0; n < 400; n++) await writeFile(join(rooms, `x${n}`), `${first}\n`);
  await writeFile(join(mirror, 'index-of-somebody'), '');

  await git.fillRoom({ ...roomAt(join(place, 'second')), tree: second });
  expect((await readdir(rooms)).length).toBe(402);

  await rm(join(mirror, 'index-of-somebody'));
  await git.fillRoom({ ...roomAt(join(place, 'first again')), tree: first });
  expect((await readdir(rooms)).length).toBe(402);

  await git.fillRoom({ ...roomAt(join(place, 'side')), tree: side });
  expect(await readdir(rooms)).toEqual([side]);
  expect(await readFile(join(place, 'side', 'b'), 'utf8')).toBe('2\n');
});
