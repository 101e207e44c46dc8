import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { inject } from 'vitest';

const bundles = new Map<string, Promise<string>>();

/**
 * A TypeScript file of the tests as a program that Node 20 runs: real processes in tests never depend on what was
 * built before. Built once per worker of vitest, and removed with the run.
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
  const directory = mkdtempSync(path.join(inject('bundles'), 'one-'));
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
