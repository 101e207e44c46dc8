import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

const bundles = new Map<string, Promise<string>>();
const directories: string[] = [];

// Vitest ends its workers without letting them say goodbye, so not when the process ends but when the file has.
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/**
 * A TypeScript file of the tests as a program that Node 20 runs: real processes in tests never depend on what was
 * built before. Built once per test file, and removed with it.
 */
export function bundle(entry: string): Promise<string> {
  let built = bundles.get(entry);
  if (!built) {
    built = buildOne(entry);
    bundles.set(entry, built);
  }
  return built;
}

async function buildOne(entry: string): Promise<string> {
  const directory = mkdtempSync(path.join(tmpdir(), 'loopyard-bundle-'));
  directories.push(directory);
  const outfile = path.join(directory, `${path.basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    // Its main entry is UMD, whose requires a bundler cannot see.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    // Bundled CommonJS packages still call require.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}
