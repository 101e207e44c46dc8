import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { errno } from '../errno.ts';

type Env = Readonly<Record<string, string | undefined>>;

const Trusted = z.object({
  version: z.literal(1),
  /** Real path of the git directory all worktrees of the repository share. */
  repository: z.string(),
  file: z.string(),
  /** Of the bytes of the file. */
  sha256: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** What was trusted, so that a later change can be told. */
  content: z.record(z.string(), z.unknown()),
});
export type Trusted = z.infer<typeof Trusted>;

/**
 * Which contents of which repositories' loopyard.json this user has trusted: one small file per repository in the
 * user's state folder, readable by its owner only. It lies outside every repository, so that no repository can bring
 * its own trust along.
 */
export interface TrustStore {
  readonly directory: string;
  fileOf(repository: string): string;
  of(repository: string): Trusted | undefined;
  all(): readonly Trusted[];
  keep(trusted: Omit<Trusted, 'version'>): void;
  /** Whether there was something to forget. */
  forget(repository: string): boolean;
}

export function openTrustStore(env: Env): TrustStore {
  const local = process.platform === 'win32' ? env.LOCALAPPDATA : undefined;
  const state = env.XDG_STATE_HOME || local || path.join(env.HOME || os.homedir(), '.local', 'state');
  const directory = path.join(state, 'loopyard', 'trust');
  const fileOf = (repository: string) =>
    path.join(directory, `${createHash('sha256').update(repository).digest('hex').slice(0, 24)}.json`);
  return {
    directory,
    fileOf,
    of(repository) {
      const trusted = read(fileOf(repository));
      return trusted?.repository === repository ? trusted : undefined;
    },
    all() {
      return filesIn(directory).flatMap((name) => read(path.join(directory, name)) ?? []);
    },
    keep(trusted) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const text = `${JSON.stringify({ version: 1, ...trusted }, undefined, 2)}\n`;
      const file = fileOf(trusted.repository);
      const draft = `${file}.${randomBytes(6).toString('hex')}`;
      try {
        writeFileSync(draft, text, { flag: 'wx', mode: 0o600, flush: true });
        renameSync(draft, file);
      } finally {
        rmSync(draft, { force: true });
      }
    },
    forget(repository) {
      const known = read(fileOf(repository)) !== undefined;
      rmSync(fileOf(repository), { force: true });
      return known;
    },
  };
}

/** The SHA-256 of a file's bytes, in hexadecimal. */
export const digestOf = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A record that cannot be read trusts nothing. */
function read(file: string): Trusted | undefined {
  try {
    return Trusted.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => /^[0-9a-f]{24}\.json$/.test(name));
  } catch (thrown) {
    if (errno(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
