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
   * Works with the mirror's git directory, which has the commits or trees of `wanted` with all they need, every object's
   * content checked against its id. When git fails the work is done once more, in a new mirror: it leaves nothing behind
   * when it throws.
   */
  use<T>(wanted: readonly ObjectId[], work: (gitDir: string, bring: Bring) => Promise<T>): Promise<T>;
  /**
   * Makes a tree out of others in the mirror and keeps it there. The user's repository does not have it, so a new mirror
   * has it made again.
   */
  make(
    wanted: readonly ObjectId[],
    work: (gitDir: string, bring: Bring) => Promise<ObjectId>,
  ): Promise<ObjectId>;
}

/** Brings a commit out of another repository of this machine, a submodule's; false when that one does not have it. */
export type Bring = (from: string, commit: ObjectId) => Promise<boolean>;

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
  const recipes = new Map<ObjectId, Recipe>();

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

  /** Nobody packs these refs, so each is a file; half a one is not there. */
  const has = async (gitDir: string, id: ObjectId) =>
    (await readOwn(join(gitDir, 'refs', 'rooms', id), 100))?.trim() === id;

  const fetchOf = (gitDir: string, from: string, commit: ObjectId) => {
    const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];
    const more = ['--no-recurse-submodules', '--update-shallow', '--refmap='];
    return {
      gitDir,
      slow: true,
      transport: 'file' as const,
      // Protocol 2 serves any object id that exists, so the user's repository needs neither a ref nor a setting.
      config: ['protocol.version=2', 'core.fsync=none', 'fetch.writeCommitGraph=false'],
      env: { GIT_CONFIG_GLOBAL: readerConfig(gitDir) },
      args: ['fetch', ...flags, ...more, from, `${commit}:refs/rooms/${commit}`],
    };
  };

  const bringTo =
    (gitDir: string): Bring =>
    async (from, commit) => {
      if (await has(gitDir, commit)) return true;
      const answer = await git.ask(fetchOf(gitDir, from, commit));
      return answer.code === 0 || has(gitDir, commit);
    };

  const hold = async (gitDir: string, wanted: readonly ObjectId[]): Promise<void> => {
    for (const id of wanted) {
      const recipe = recipes.get(id);
      if (await has(gitDir, id)) continue;
      if (recipe) await keep(gitDir, recipe);
      // Another process may have fetched the same commit and made the ref first.
      else if (!(await bringTo(gitDir)(commonDir, id))) await git.run(fetchOf(gitDir, commonDir, id));
    }
  };

  /** A mirror that is new cannot be to blame: then objects are missing in the user's repository, or are others. */
  const damageIn = async (wanted: readonly ObjectId[]): Promise<LoopyardError | undefined> => {
    for (const id of wanted) {
      if (recipes.has(id)) continue;
      const draft = await create();
      try {
        const fetched = await git.ask(fetchOf(draft, commonDir, id));
        const known = await git.ask({ gitDir: commonDir, args: ['cat-file', '-e', `${id}^{commit}`] });
        if (fetched.code !== 0 && known.code === 0) return damaged(id);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    }
    return undefined;
  };

  const keep = async (gitDir: string, recipe: Recipe): Promise<ObjectId> => {
    await hold(gitDir, recipe.wanted);
    const id = await recipe.work(gitDir, bringTo(gitDir));
    if (!(await has(gitDir, id))) await git.run({ gitDir, args: ['update-ref', `refs/rooms/${id}`, id] });
    return id;
  };

  const mirror: Mirror = {
    async make(wanted, work) {
      const recipe = { wanted, work };
      const id = await mirror.use(wanted, (gitDir) => keep(gitDir, recipe));
      if (!wanted.includes(id)) recipes.set(id, recipe);
      return id;
    },
    async use(wanted, work) {
      if (!(await exists(place))) await install(await create());
      const generation = await generationOf(place);
      try {
        if (
          !(await isFull(place)) ||
          (await Promise.all(wanted.map((id) => has(place, id)))).every(Boolean)
        ) {
          await hold(place, wanted);
          return await seenIn(place, () => work(place, bringTo(place)));
        }
      } catch (error) {
        if (!mayBeDamage(error)) throw error;
      }
      const draft = await create();
      try {
        await hold(draft, wanted).catch(async (error: unknown) => {
          throw (await damageIn(wanted)) ?? error;
        });
        const result = await work(draft, bringTo(draft));
        log('info', 'The mirror was damaged or full; a new one took its place.', { path: place });
        await replace(generation, draft);
        return result;
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
  };
  return mirror;
}

/** How a tree came to be that only the mirror has. */
interface Recipe {
  readonly wanted: readonly ObjectId[];
  readonly work: (gitDir: string, bring: Bring) => Promise<ObjectId>;
}

const draftPrefix = 'mirror-draft-';
const generationFile = 'generation';
/** What everybody has in the mirror while at work there: a sign, or an index. */
const indexPrefix = 'index-';
/** After that it was left by a crash. */
const oldIndexMs = 3_600_000;
/** Each is a file and a few objects, and nobody collects garbage here. */
const mostCommits = 400;

/** Lets others see that somebody works in this mirror. */
async function seenIn<T>(gitDir: string, work: () => Promise<T>): Promise<T> {
  const sign = join(gitDir, `${indexPrefix}${randomUUID()}`);
  await writeFile(sign, '').catch(() => {}); // a mirror that cannot be written is met by the work itself
  try {
    return await work();
  } finally {
    await rm(sign, { force: true });
  }
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

function damaged(commit: ObjectId): LoopyardError {
  return new LoopyardError(
    'ROOM_INCOMPLETE',
    `Objects of commit ${commit} are missing, or are not what their ids say; \`git fsck\` in the repository names them.`,
    { commit, damaged: true },
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
