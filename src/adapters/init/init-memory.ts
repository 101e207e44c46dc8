import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { replaceConfigFile } from './config-files.ts';

const Memory = z.object({
  file: z.string(),
  /** null: there was no file. */
  before: z.string().nullable(),
  clean: z.boolean(),
  after: z.string(),
  shells: z.array(z.array(z.string())),
  /** Folders that were made for the file. */
  folders: z.array(z.string()),
});
export type Memory = z.infer<typeof Memory>;

/**
 * What `init` wrote where, one small file each, outside every repository. It is written before the configuration is: if
 * the process dies in between, it describes a text that is not there and says nothing.
 */
export interface InitMemory {
  readonly directory: string;
  of(real: string): Memory | undefined;
  all(): readonly Memory[];
  keep(memory: Memory): void;
  forget(real: string): void;
  /** The platforms configured for a place: a project, or the home for the user. */
  platformsOf(place: string): readonly string[];
  keepPlatforms(place: string, platforms: readonly string[]): void;
  /** Keeps the bytes that are about to be replaced; returns where. */
  backup(real: string, text: string): string;
}

export function openInitMemory(env: Readonly<Record<string, string | undefined>>): InitMemory {
  const local = process.platform === 'win32' ? env.LOCALAPPDATA : undefined;
  const state = env.XDG_STATE_HOME || local || path.join(env.HOME || os.homedir(), '.local', 'state');
  const directory = path.join(state, 'loopyard', 'init');
  const named = (real: string, ending: string) => {
    const digest = createHash('sha256').update(real).digest('hex').slice(0, 12);
    return path.join(directory, `${path.basename(real).replace(/^\./, '')}-${digest}${ending}`);
  };
  const write = (file: string, text: string) => {
    // A configuration can hold keys: only its owner reads the copy.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    replaceConfigFile(file, existsSync(file) ? readFileSync(file, 'utf8') : undefined, text);
  };
  return {
    directory,
    of(real) {
      const file = named(real, '.json');
      if (!existsSync(file)) return undefined;
      const { success, data } = Memory.safeParse(parsed(readFileSync(file, 'utf8')));
      return success && data.file === real ? data : undefined;
    },
    all() {
      const names = existsSync(directory) ? readdirSync(directory) : [];
      return names
        .filter((name) => /^[^.].*\.json$/.test(name))
        .flatMap((name) => {
          const { success, data } = Memory.safeParse(
            parsed(readFileSync(path.join(directory, name), 'utf8')),
          );
          return success ? [data] : [];
        });
    },
    keep: (memory) => write(named(memory.file, '.json'), `${JSON.stringify(memory)}\n`),
    forget: (real) => rmSync(named(real, '.json'), { force: true }),
    platformsOf: (place) => platformsIn(path.join(directory, chosenFile))[place] ?? [],
    keepPlatforms(place, platforms) {
      const file = path.join(directory, chosenFile);
      const known = platformsIn(file);
      const sorted = [...new Set(platforms)].sort();
      if (sorted.join() === (known[place] ?? []).join()) return;
      const { [place]: _, ...others } = known;
      write(file, `${JSON.stringify(sorted.length === 0 ? others : { ...others, [place]: sorted })}\n`);
    },
    backup(real, text) {
      const file = named(real, '.backup');
      write(file, text);
      return file;
    },
  };
}

/** With a dot, so that it is not taken for what is remembered of a file. */
const chosenFile = '.platforms.json';

const Chosen = z.record(z.string(), z.array(z.string()));

function platformsIn(file: string): Readonly<Record<string, readonly string[]>> {
  return existsSync(file) ? (Chosen.safeParse(parsed(readFileSync(file, 'utf8'))).data ?? {}) : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
