import { randomUUID } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { ObjectId } from '../../ports/git.ts';
import { readOwn } from '../open-own.ts';
import { deleteTrash, takeAway } from '../take-away.ts';
import type { Repository } from './repository.ts';

export interface Mirror {
  /**
   * Works with the mirror's git directory, which has `commit` with all it needs, every object's content checked against
   * its id. When git fails the work is done once more, in a new mirror: it leaves nothing behind when it throws.
   */
  use<T>(commit: ObjectId | undefined, work: (gitDir: string) => Promise<T>): Promise<T>;
}

/**
 * A private bare repository with objects and configuration of its own. What is checked out from it owes nothing to
 * hooks, filters, replace refs or rewritten objects of the user's repository: a fetch computes the id of every object
 * it receives, so an object with foreign content under its id is simply missing.
 *
 * A fetched commit stays under `refs/rooms/<id>`: the ref is written after git has checked that nothing is missing, so
 * it is the proof that the commit is there, and it lets the next fetch bring only the difference.
 *
 * It is a cache, and nobody mends it: what does not work in it (a power cut can empty a ref or half an object) is tried
 * in a new one, and only if it works there does the new one take its place, so a damaged repository of the user's never
 * costs the mirror. In the same way it starts anew when it has grown. It appears by rename, complete. Of two processes
 * that make it, one wins and the other uses it; who works in the old one when it goes away fails there, and so has a
 * new one of its own. A crash leaves a `mirror-draft-` or a `.trash-` directory, which nobody reads.
 */
export function openMirror({ git, commonDir, home, log }: Repository): Mirror {
  const place = join(home, 'mirror.git');

  const create = async (): Promise<string> => {
    await mkdir(home, { recursive: true, mode: 0o700 });
    const { text: format } = await git.run({
      gitDir: commonDir,
      args: ['rev-parse', '--show-object-format'],
    });
    const draft = await mkdtemp(join(home, draftPrefix));
    try {
      const args = ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, draft];
      await git.run({ cwd: draft, args });
      // The reading half of a fetch asks again who owns the repository. `locate` has already accepted it.
      const file = readerConfig(draft);
      await git.run({ cwd: draft, args: ['config', '--file', file, 'safe.directory', commonDir] });
      await writeFile(join(draft, generationFile), randomUUID());
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
    return draft;
  };

  /** Gives a draft its name, unless another process was faster. The other's may be on its way out again: then it is ours. */
  const install = async (draft: string) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await rename(draft, place);
      } catch (error) {
        if (await exists(place)) return await rm(draft, { recursive: true, force: true });
        if (attempt === 10) throw error;
      }
    }
  };

  /** Does so in the place of the mirror of a certain generation: a newer one stays. */
  const replace = async (generation: string | undefined, draft: string) => {
    const trash = (await generationOf(place)) === generation ? await takeAway(place) : [];
    await install(draft);
    for (const path of trash) {
      await deleteTrash(path).catch((error: unknown) =>
        log('warn', 'An old mirror could not be deleted.', { path, error: String(error) }),
      );
    }
  };

  const has = async (gitDir: string, commit: ObjectId) =>
    (await git.ask({ gitDir, args: ['rev-parse', '--verify', '--quiet', `refs/rooms/${commit}`] })).code ===
    0;

  const hold = async (gitDir: string, commit: ObjectId) => {
    if (await has(gitDir, commit)) return;
    const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];
    const more = ['--no-recurse-submodules', '--update-shallow', '--refmap='];
    const fetch = {
      gitDir,
      slow: true,
      transport: 'file' as const,
      // Protocol 2 serves any object id that exists, so the user's repository needs neither a ref nor a setting.
      config: ['protocol.version=2', 'core.fsync=none', 'fetch.writeCommitGraph=false'],
      env: { GIT_CONFIG_GLOBAL: readerConfig(gitDir) },
      args: ['fetch', ...flags, ...more, commonDir, `${commit}:refs/rooms/${commit}`],
    };
    const answer = await git.ask(fetch);
    // Another process may have fetched the same commit and made the ref first.
    if (answer.code !== 0 && !(await has(gitDir, commit))) await git.run(fetch);
  };

  return {
    async use(commit, work) {
      if (!(await exists(place))) await install(await create());
      const generation = await generationOf(place);
      try {
        if (commit === undefined || !(await isFull(place)) || (await has(place, commit))) {
          if (commit !== undefined) await hold(place, commit);
          return await work(place);
        }
      } catch (error) {
        if (!mayBeDamage(error)) throw error;
      }
      const draft = await create();
      try {
        if (commit !== undefined) await hold(draft, commit);
        const result = await work(draft);
        log('info', 'The mirror was damaged or full; a new one took its place.', { path: place });
        await replace(generation, draft);
        return result;
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  };
}

const draftPrefix = 'mirror-draft-';
const generationFile = 'generation';
/** The name every room gives its index while it is being filled. */
const indexPrefix = 'index-';
/** After that a room's index was left by a crash. */
const oldIndexMs = 3_600_000;
/** Each is a file and a few objects, and nobody collects garbage here. */
const mostCommits = 200;

/** A new name for the index of a room that is being filled from this mirror. */
export function roomIndex(gitDir: string): string {
  return join(gitDir, `${indexPrefix}${randomUUID()}`);
}

function readerConfig(gitDir: string): string {
  return join(gitDir, 'reader.config');
}

/** Undefined too for a mirror that has lost even that. */
async function generationOf(gitDir: string): Promise<string | undefined> {
  return readOwn(join(gitDir, generationFile), 100);
}

/** Full, and nobody is seen working in it. */
async function isFull(gitDir: string): Promise<boolean> {
  const commits = await readdir(join(gitDir, 'refs', 'rooms')).catch(() => []);
  if (commits.length <= mostCommits) return false;
  for (const name of await readdir(gitDir).catch(() => [])) {
    const index = name.startsWith(indexPrefix) && (await stat(join(gitDir, name)).catch(() => undefined));
    if (index && Date.now() - index.mtimeMs < oldIndexMs) return false;
  }
  return true;
}

/** A command that hangs would hang in a new mirror too. */
function mayBeDamage(error: unknown): boolean {
  return error instanceof LoopyardError && error.code === 'GIT_FAILED' && error.facts.timedOut !== true;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
