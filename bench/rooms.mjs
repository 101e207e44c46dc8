import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));

/** Clean rooms against plain git, in repositories of so many files. `rounds` of each, in turn. */
export async function measureRooms(root, { timed, interleaved, report }, sizes) {
  const outfile = path.join(root, 'rooms.mjs');
  const banner =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints: [path.join(here, 'rooms.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: banner },
    logLevel: 'error',
  });
  const { roomsOfTheProduct } = await import(outfile);
  for (const size of sizes) {
    const { git, checkout, commits } = await aRepository(path.join(root, `rooms-${size}`), size);
    const place = path.join(root, `place-${size}`);
    const rooms = roomsOfTheProduct(path.join(checkout, '.git'), path.join(root, `home-${size}`), place);
    let count = 0;
    const tree = () => path.join(root, 'trees', `${size}-${count}`);
    const room = () => `v-${count}`;
    const ordering = [];
    const fetched = await timed(() => rooms.make('v-first', commits[0]));
    await rooms.remove('v-first');
    await rooms.care(1);
    const contenders = {
      'git worktree add': () => {
        count += 1;
        return timed(() => git('worktree', 'add', '--quiet', '--detach', tree(), commits[0]));
      },
      'git worktree remove': () => timed(() => git('worktree', 'remove', '--force', tree())),
      'next room, 10 files away': () => timed(() => rooms.make(room(), commits[count % 2])),
      'proof after a run': async () => {
        const made = await rooms.make(room(), commits[count % 2]);
        if (count > 1 && made.origin !== 'resumed') throw new Error(`the room was ${made.origin}`);
        return timed(() => rooms.prove(made));
      },
      'room removed': () => timed(() => rooms.remove(room())),
      'room put in order (later)': () => timed(() => rooms.care(1)),
      'next room, same files': async () => {
        const took = await timed(() => rooms.make(`${room()}-same`, commits[count % 2]));
        await rooms.remove(`${room()}-same`);
        await rooms.care(0);
        return took;
      },
      'first room': async () => {
        const took = await timed(() => rooms.make(`${room()}-new`, commits[count % 2]));
        await rooms.remove(`${room()}-new`);
        ordering.push(await timed(() => rooms.care(1)));
        return took;
      },
    };
    const samples = await interleaved(contenders, size > 20_000 ? 3 : 5, size > 20_000 ? 240_000 : 20_000);
    report(`Rooms of ${size.toLocaleString('en')} files`, samples);
    console.log(`  the very first room, which also fills the private object store: ${fetched.toFixed(0)} ms`);
  }
}

/** Twenty-five files a folder, and two commits ten files apart. */
async function aRepository(checkout, count) {
  for (let i = 0; i < count; i += 1) {
    const folder = path.join(checkout, 'src', String(i % 40), String(Math.floor(i / 1_000)));
    if (i % 1_000 < 40) mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${i}.txt`), `${i} line\n`.repeat(100));
  }
  const git = (...args) => run('git', args, { cwd: checkout, maxBuffer: 64 << 20 });
  const commit = async (message) => {
    await git('add', '--all');
    const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'gc.auto=0'];
    await git(...who, 'commit', '--quiet', '-m', message);
    return (await git('rev-parse', 'HEAD')).stdout.trim();
  };
  await git('init', '--quiet', '--template=');
  const first = await commit('files');
  for (let i = 0; i < 10; i += 1)
    writeFileSync(path.join(checkout, 'src', String(i), '0', `${i}.txt`), 'changed\n');
  return { git, checkout, commits: [first, await commit('ten changed')] };
}
