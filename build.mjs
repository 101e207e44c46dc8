// Bundles the program: one small entry, everything heavy in chunks that load when they are needed.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  metafile: true,
  entryPoints: ['src/bin.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minify: !process.env.DEBUG_BUILD,
  keepNames: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  define: {
    LOOPYARD_VERSION: JSON.stringify(version),
    LOOPYARD_INSTRUCTIONS: JSON.stringify(readFileSync('instructions.md', 'utf8')),
  },
  alias: {
    '@modelcontextprotocol/server/_shims': './src/edges/mcp/no-json-schema-validator.ts',
    // Its main entry is UMD, whose requires a bundler cannot see.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
  },
  // CommonJS dependencies (simple-git, proper-lockfile, pino) call require for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
});
chmodSync('dist/bin.js', 0o755);
writeFileSync('dist/listings.json', execFileSync(process.execPath, ['dist/bin.js', 'listings']));
writeFileSync('dist/loopyard.schema.json', execFileSync(process.execPath, ['dist/bin.js', 'schema']));
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licences(Object.keys(metafile.inputs)));

/** The bundle holds other people's work; their licences go with it. */
function licences(inputs) {
  const packages = new Set(inputs.flatMap((file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...packages].sort().map(licence).join('\n\n');
}

function licence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : 'No licence text in the package.'}`;
}
