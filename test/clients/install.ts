import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '2.1.329';
const cache = fileURLToPath(new URL(`../../node_modules/.cache/claude-code-${version}/`, import.meta.url));
/** The folder that holds the program `claude`, for PATH. */
export const binFolder = join(cache, 'bin');

/**
 * Runs before all tests: puts the real program into a cache, once (360 MB). Its install script is not run: it only moves
 * the program of the platform package to another place, and we can name that place ourselves.
 */
export function setup(): void {
  if (existsSync(binFolder)) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private":true}\n');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawnSync('npm', [...args, `@anthropic-ai/claude-code@${version}`], {
    cwd: cache,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error(`npm could not install Claude Code ${version}:\n${npm.stderr}`);

  const packages = join(cache, 'node_modules', '@anthropic-ai');
  const platform = readdirSync(packages).find((name) =>
    name.startsWith(`claude-code-${process.platform}-${process.arch}`),
  );
  if (!platform) throw new Error(`Claude Code ${version} has no program for this platform.`);
  const program = process.platform === 'win32' ? 'claude.exe' : 'claude';
  const unfinished = join(cache, 'bin.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  symlinkSync(join(packages, platform, program), join(unfinished, program));
  renameSync(unfinished, binFolder);
}
