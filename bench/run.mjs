// `npm run bench`: figures as ratios to something named, measured in the same run and interleaved with it, because a
// ratio means the same on a slow machine. It takes about a minute, prints, and asserts nothing. `-- --large` adds rooms
// of 100,000 files, which takes some minutes more.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { measureDependencies } from './dependencies.mjs';
import { openRaw } from './raw-client.mjs';
import { measureRooms } from './rooms.mjs';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const program = path.join(here, '..', 'dist', 'bin.js');
const root = await realpath(await mkdtemp(path.join(tmpdir(), 'loopyard-bench-')));
const env = {
  ...process.env,
  LOOPYARD_PLACE: path.join(root, 'place'),
  LOOPYARD_CONFIG: path.join(root, 'none.json'),
  LOOPYARD_KEEPER_IDLE_SECONDS: '1',
};

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform}`);
console.log('Building dist/ and scratch repositories.');
await run(process.execPath, ['build.mjs'], { cwd: path.join(here, '..') });
try {
  await coldStart();
  const small = await repository('small', 20);
  await latency(small);
  await keeperWakeUp(small);
  const sizes = process.argv.includes('--large') ? [1_000, 10_000, 100_000] : [1_000, 10_000];
  await measureRooms(root, { timed, interleaved, report }, sizes);
  await measureDependencies(root, { timed, interleaved, report }, { program, env });
} finally {
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
}

async function coldStart() {
  const listed = async (args) => {
    const server = openRaw(args, { cwd: root, env });
    const took = await timed(async () => {
      await server.initialize();
      await server.ask('tools/list');
    });
    await server.close();
    return took;
  };
  const contenders = {
    "node -e ''": () => timed(() => run(process.execPath, ['-e', ''])),
    'minimal server': () => listed([path.join(here, 'baseline-server.mjs')]),
    'loopyard mcp': () => listed([program, 'mcp']),
  };
  report('Cold start: spawn until tools/list is answered', await interleaved(contenders, 12, 12_000));
}

async function latency({ checkout }) {
  const server = openRaw([program, 'mcp'], { cwd: checkout, env });
  await server.initialize();
  const checks = ['node -e 0'];
  for (const goal of ['One goal', 'Another goal', 'A third goal'])
    await server.call('start_loop', { goal, checks, command: 'node -e 0', mode: 'guided' });
  await eventually(async () => {
    const { loops } = await server.call('status', {});
    return loops.every(({ doing }) => doing.startsWith('waits for the strategist'));
  });
  const contenders = {
    'ping (no work)': () => timed(() => server.ask('ping')),
    'status of 3 loops': () => timed(() => server.call('status', {})),
  };
  report('Latency of a warm server', await interleaved(contenders, 200, 8_000));
  await server.call('shutdown', { all: true, now: true, wait_s: 20 });
  await server.close();
}

/** From a recorded request to the first thing the keeper does about it, as a waiting client sees it. */
async function keeperWakeUp({ checkout }) {
  const server = openRaw([program, 'mcp'], { cwd: checkout, env });
  await server.initialize();
  const acted = async () => {
    let { cursor } = await server.call('status', {});
    const began = performance.now();
    const { verification } = await server.call('verify', { checks: ['node -e 0'], wait_s: 0 });
    for (let started = false; !started; ) {
      const { events = [], cursor: seen } = await server.call('status', { cursor, wait_s: 10 });
      started = events.includes(`verification.started ${verification}`);
      cursor = seen;
    }
    const took = performance.now() - began;
    await server.call('verify', { verification, wait_s: 20 });
    return took;
  };
  const contenders = {
    "node -e ''": () => timed(() => run(process.execPath, ['-e', ''])),
    'keeper at work': acted,
    'keeper to be started': async () => {
      await eventually(async () => {
        const { stdout } = await run(process.execPath, [program, 'keeper'], { cwd: checkout, env });
        return stdout.startsWith('No keeper');
      });
      return acted();
    },
  };
  // In this order the keeper started by the last one is at work for the next round.
  await contenders['keeper to be started']();
  report('Keeper: request until it acts', await interleaved(contenders, 5, 20_000));
  await server.close();
}

async function repository(name, count) {
  const checkout = path.join(root, name);
  for (let i = 0; i < count; i += 1) {
    const folder = path.join(checkout, 'src', String(i % 100));
    if (i < 100) await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, `${i}.txt`), `${i}\n`.repeat(200));
  }
  const git = (...args) => run('git', args, { cwd: checkout, maxBuffer: 64 << 20 });
  await git('init', '--quiet', '--template=');
  await git('add', '--all');
  await git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '-m', 'files');
  return { checkout, git };
}

/** One of each in turn, until so many rounds or milliseconds are over. The first round is warm-up and not counted. */
async function interleaved(contenders, rounds, mostMs) {
  const samples = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  const deadline = performance.now() + mostMs;
  for (let round = 0; round <= rounds && (round < 3 || performance.now() < deadline); round += 1) {
    for (const [name, measure] of Object.entries(contenders)) {
      const took = await measure();
      if (round > 0) samples[name].push(took);
    }
  }
  return samples;
}

/** Median and range of each, and the ratio of the medians to the first. */
function report(title, samples) {
  console.log(`\n${title}`);
  const [base] = Object.values(samples).map(median);
  for (const [name, values] of Object.entries(samples)) {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
    const ratio = `${(median(values) / base).toFixed(2)} ×`.padStart(9);
    const figures = `${ms(median(values))} ms (${ms(least)} to ${ms(most)}, n=${values.length})`;
    console.log(`  ${name.padEnd(26)} ${ratio}   ${figures}`);
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function eventually(look) {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await pause(50))
    if (await look()) return;
  throw new Error('the bench waited 30 s for something that did not come');
}
