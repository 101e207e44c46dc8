import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { which } from '../processes/which.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Ways to start this program that will still be there tomorrow. */
export interface OwnCopies {
  /** Node and the program by absolute paths. */
  readonly node: { readonly command: string; readonly args: readonly string[] };
  /** The command `loopyard` is installed on PATH. */
  readonly onPath: boolean;
  /** The project has loopyard among its dependencies, installed. */
  readonly inProject: boolean;
  /** Where a copy will be kept, when this program lies where it will not stay. */
  readonly keptIn?: string;
  /** Makes sure that what `node` names exists. */
  keep(): void;
}

/**
 * Where this program lies, or will: what npx unpacked is thrown away some day, so it is copied to a versioned folder of
 * the user first. The bundle has no dependencies, so a copy is all of it.
 */
export async function ownCopies(
  bin: string,
  version: string,
  project: string | undefined,
  env: Env,
): Promise<OwnCopies> {
  const passing = isPassing(bin);
  const kept = path.join(dataFolder(env), 'loopyard', 'versions', version);
  const script = passing ? path.join(kept, 'dist', 'bin.js') : bin;
  const command = await which('loopyard', env);
  return {
    node: { command: await nodeOnPath(env), args: [script, 'mcp'] },
    onPath: command !== undefined && !isPassing(command) && !isPassing(realpathSync(command)),
    inProject: project !== undefined && isDependency(project),
    ...(passing && { keptIn: kept }),
    keep() {
      if (passing) copyPackage(path.dirname(path.dirname(bin)), kept);
    },
  };
}

/** The name on PATH when it is this very Node: it outlives an upgrade, which the real path does not. */
async function nodeOnPath(env: Env): Promise<string> {
  const found = await which('node', env);
  return found !== undefined && realpathSync(found) === realpathSync(process.execPath)
    ? found
    : process.execPath;
}

function isPassing(file: string): boolean {
  const folders = file.split(path.sep);
  return folders.includes('_npx') || folders.includes('.bin');
}

function dataFolder(env: Env): string {
  const local = process.platform === 'win32' ? env.LOCALAPPDATA : undefined;
  return env.XDG_DATA_HOME || local || path.join(env.HOME || os.homedir(), '.local', 'share');
}

const Dependencies = z.object({
  dependencies: z.record(z.string(), z.unknown()).default({}),
  devDependencies: z.record(z.string(), z.unknown()).default({}),
});

function isDependency(project: string): boolean {
  try {
    const manifest = Dependencies.parse(JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')));
    const named = 'loopyard' in manifest.dependencies || 'loopyard' in manifest.devDependencies;
    return named && existsSync(path.join(project, 'node_modules', 'loopyard', 'dist', 'bin.js'));
  } catch {
    return false;
  }
}

/** By rename: a folder with that name is whole. */
function copyPackage(from: string, to: string): void {
  if (existsSync(path.join(to, 'dist', 'bin.js'))) return;
  const unfinished = `${to}.unfinished-${process.pid}`;
  mkdirSync(path.dirname(to), { recursive: true });
  rmSync(unfinished, { recursive: true, force: true });
  for (const name of ['dist', 'scaffolding', 'instructions.md', 'package.json', 'LICENSE']) {
    const source = path.join(from, name);
    if (existsSync(source)) cpSync(source, path.join(unfinished, name), { recursive: true });
  }
  try {
    renameSync(unfinished, to);
  } catch (thrown) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another init was quicker; its copy is as good.
    if (!existsSync(path.join(to, 'dist', 'bin.js'))) throw thrown;
  }
}
