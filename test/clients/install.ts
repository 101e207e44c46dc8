import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the real programs are kept between runs: about 1.5 GB. */
const cache =
  process.env.CLIENTS_CACHE ?? fileURLToPath(new URL('../../node_modules/.cache/clients', import.meta.url));

/** The folder that holds all programs, for PATH. */
export const binFolder = join(cache, 'bin');

interface Client {
  readonly package: string;
  readonly version: string;
  /** The program within node_modules; by default the one npm links. */
  readonly program?: (modules: string) => string;
}

const platform = `${process.platform}-${process.arch}`;

/** Every version is pinned: what a new one changes should fail here on the day somebody looks, and not on any other. */
const clients: Readonly<Record<string, Client>> = {
  // The install scripts of these two only move the program of a platform package to another place.
  claude: {
    package: '@anthropic-ai/claude-code',
    version: '2.1.329',
    program: (modules) => inPackage(join(modules, '@anthropic-ai'), `claude-code-${platform}`, ['claude']),
  },
  opencode: {
    package: 'opencode-ai',
    version: '1.18.33',
    program: (modules) => inPackage(modules, `opencode-${platform}`, ['bin', 'opencode']),
  },
  codex: { package: '@openai/codex', version: '0.169.0' },
  gemini: { package: '@google/gemini-cli', version: '0.61.0' },
  qwen: { package: '@qwen-code/qwen-code', version: '0.24.4' },
  copilot: { package: '@github/copilot', version: '1.0.102' },
  kilo: { package: '@kilocode/cli', version: '7.7.7' },
};

/** Runs before all tests: puts the real programs into a cache, once. No install script of theirs is run. */
export function setup(): void {
  mkdirSync(binFolder, { recursive: true });
  for (const [name, client] of Object.entries(clients)) {
    if (process.env.ALL_CLIENTS || !['copilot', 'kilo'].includes(name)) install(name, client);
  }
}

function install(name: string, { package: from, version, program }: Client): void {
  const folder = join(cache, `${name}-${version}`);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, 'package.json'), '{"private":true}\n');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = spawnSync('npm', [...args, `${from}@${version}`], {
      cwd: unfinished,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0) throw new Error(`npm could not install ${from} ${version}:\n${npm.stderr}`);
    renameSync(unfinished, folder);
  }
  const modules = join(folder, 'node_modules');
  const link = join(binFolder, process.platform === 'win32' ? `${name}.exe` : name);
  rmSync(link, { force: true });
  symlinkSync(program?.(modules) ?? join(modules, '.bin', name), link);
}

function inPackage(folder: string, prefix: string, path: readonly string[]): string {
  const found = readdirSync(folder).find((name) => name.startsWith(prefix));
  if (!found) throw new Error(`There is no ${prefix} for this platform.`);
  const program = join(folder, found, ...path);
  return process.platform === 'win32' ? `${program}.exe` : program;
}
