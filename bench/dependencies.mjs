import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));

/** What a project of middle size has: a linter, a bundler, a test runner, a server. */
const wanted = {
  eslint: '9.39.1',
  webpack: '5.103.0',
  mocha: '11.7.5',
  lodash: '4.17.21',
  prettier: '3.6.2',
  'date-fns': '4.1.0',
  express: '5.1.0',
  typescript: '5.9.3',
};

/** Dependencies for a room against `npm ci` with a warm cache, from the registry, in the same run. */
export async function measureDependencies(root, { timed, interleaved, report }, { program, env }) {
  const checkout = path.join(root, 'dependencies-project');
  await mkdir(checkout, { recursive: true });
  const manifest = { name: 'bench', version: '1.0.0', private: true, devDependencies: wanted };
  await writeFile(path.join(checkout, 'package.json'), JSON.stringify(manifest));
  await writeFile(path.join(checkout, '.gitignore'), 'node_modules\n');
  const npm = (...args) => run('npm', args, { cwd: checkout, env, maxBuffer: 64 << 20 });
  const git = (...args) => run('git', args, { cwd: checkout });
  const ci = () => npm('ci', '--no-audit', '--no-fund', '--prefer-offline');
  await npm('install', '--package-lock-only', '--no-audit', '--no-fund');
  await git('init', '--quiet', '--template=');
  await git('add', '--all');
  await git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '-m', 'files');
  await ci();
  const files = (await readdir(path.join(checkout, 'node_modules'), { recursive: true })).length;

  const outfile = path.join(root, 'dependencies.mjs');
  const banner =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints: [path.join(here, 'dependencies.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // Its main entry is UMD, whose requires a bundler cannot see.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    format: 'esm',
    banner: { js: banner },
    logLevel: 'error',
  });
  const { dependenciesOfTheProduct } = await import(outfile);
  const product = await dependenciesOfTheProduct(path.join(checkout, '.git'), program, env);
  const attached = async (room, ...expected) => {
    let how;
    const took = await timed(async () => {
      how = await product.attach(room);
    });
    if (!expected.includes(how)) throw new Error(`the dependencies were ${how}`);
    return took;
  };
  const once = async (expected) => {
    const room = await product.room();
    const took = await attached(room, expected);
    await product.forget(room);
    return took;
  };
  const kept = await product.room();
  const prepared = await attached(kept, 'prepared');
  const contenders = {
    'npm ci, warm cache': async () => {
      await rm(path.join(checkout, 'node_modules'), { recursive: true, force: true });
      return timed(ci);
    },
    'kept in the room, proved': async () => {
      await product.detach(kept);
      return attached(kept, 'kept');
    },
    'spare copy, proved': async () => {
      await product.makeAhead(kept);
      return once('spare');
    },
    'new copy': () => once('copied'),
  };
  report(`Dependencies: ${files} files`, await interleaved(contenders, 6, 60_000));
  console.log(`  preparing them, once per lock file: ${prepared.toFixed(0)} ms`);
}
