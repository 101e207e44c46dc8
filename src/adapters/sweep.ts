import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what crashes left behind: drafts that were never given their name, and trash that was never emptied. Nothing
 * of it is ever read, so this only gives space back, and doing it twice, at once, or not at all makes no difference.
 *
 * By name alone, in the folders of the table alone, and only what nobody has touched for so long that nobody can still
 * be at work on it; what seems to come from the future stays. No link is followed on the way to a folder, and a link
 * that has such a name goes itself, never what it leads to. Answers the paths that were removed.
 */
export async function sweep(
  home: string,
  commonDir: string,
  place: string,
  now: number,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const path of await sweepable(home, commonDir, place, now))
    if (await isRemoved(path)) removed.push(path);
  return removed;
}

/** What `sweep` would remove now. */
export async function sweepable(
  home: string,
  commonDir: string,
  place: string,
  now: number,
): Promise<readonly string[]> {
  const roots = { home, commonDir, place };
  const found: string[] = [];
  for (const { root, folders, name, afterMs = hour } of leftovers) {
    for (const folder of await foldersAt(roots[root], folders)) {
      for (const entry of await readdir(folder).catch(() => [])) {
        const path = join(folder, entry);
        if (name.test(entry) && (await isOlder(path, now - afterMs))) found.push(path);
      }
    }
  }
  return found;
}

interface Leftover {
  readonly root: 'home' | 'commonDir' | 'place';
  /** Names of folders below the root, one within the other; `*` is each. */
  readonly folders: readonly string[];
  readonly name: RegExp;
  /** Milliseconds; an hour where nothing is said. */
  readonly afterMs?: number;
  /** The file of `adapters/` that makes it, and for what. */
  readonly from: string;
}

const hour = 3_600_000;
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const named = (pattern: string) => new RegExp(`^${pattern}$`);
const draft = named(`\\.draft-${uuid}`);
const trash = named(`\\.trash-.+-${uuid}`);
const index = named(`index-${uuid}(?:\\.lock)?`);

const leftovers: readonly Leftover[] = [
  {
    root: 'commonDir',
    folders: [],
    name: named('loopyard\\.new-\\w{6}'),
    from: 'journal/state-directory: a store being created',
  },
  {
    root: 'commonDir',
    folders: ['worktrees', '*'],
    name: index,
    from: 'git/checkout: the index of a worktree being settled',
  },
  {
    root: 'home',
    folders: [],
    name: named(`(?:journal|store)\\.${uuid}\\.tmp`),
    from: 'journal/creation, journal/compaction: the next generation, the store file',
  },
  {
    root: 'home',
    folders: [],
    name: named('ballast\\.\\d+\\.tmp'),
    from: 'journal/writer: ballast being put back',
  },
  {
    root: 'home',
    folders: ['generations'],
    name: named(`journal\\.\\d+\\.log\\.${uuid}\\.tmp`),
    from: 'journal/compaction: an old generation being compressed',
  },
  {
    root: 'home',
    folders: [],
    name: named('mirror-draft-\\w{6}'),
    // A first fetch into it may take hours, and does not touch the folder itself.
    afterMs: 24 * hour,
    from: 'git/mirror: a mirror being made',
  },
  { root: 'home', folders: [], name: trash, from: 'git/mirror: an old mirror' },
  {
    root: 'home',
    folders: ['mirror.git'],
    name: index,
    from: 'git/mirror, git/tree-objects: a sign of somebody at work, the index of a tree being made',
  },
  {
    root: 'home',
    folders: ['mirror.git'],
    name: named(`lfs-${uuid}`),
    afterMs: 24 * hour,
    from: 'git/lfs: the copy of an object',
  },
  { root: 'home', folders: [], name: draft, from: 'files: the count of rooms thrown away' },
  { root: 'home', folders: ['rooms'], name: trash, from: 'take-away: the record of a room' },
  { root: 'home', folders: ['rooms', '*'], name: draft, from: 'files: the mark of a room' },
  { root: 'home', folders: ['pool'], name: trash, from: 'take-away: the record of a kept room' },
  { root: 'home', folders: ['pool', '*'], name: draft, from: 'files: the mark of a kept room' },
  {
    root: 'home',
    folders: ['gate'],
    name: named(`.+-[0-9a-f]{8}(?:\\.takeover\\.${uuid})?\\.${uuid}`),
    from: 'gate/gate: the draft of an owner or of a claim',
  },
  {
    root: 'home',
    folders: ['gate'],
    name: named(`.+-[0-9a-f]{8}\\.takeover\\.${uuid}`),
    from: 'gate/gate: the claim of one who died over it',
  },
  { root: 'home', folders: ['archive'], name: draft, from: 'files: the record of a loop' },
  { root: 'home', folders: ['evidence'], name: draft, from: 'files: the record of a verification' },
  { root: 'home', folders: ['known-runs'], name: draft, from: 'files: which verification ran the same' },
  {
    root: 'home',
    folders: ['runs'],
    name: named('\\.forgotten-.+'),
    from: 'processes/processes: a run being forgotten',
  },
  {
    root: 'home',
    folders: ['runs', '*'],
    name: named(`\\.(?:spec|claim|shim|stop|facts|status)\\.json\\.${uuid}`),
    from: 'processes/run-directory: a record being written',
  },
  { root: 'place', folders: ['loops'], name: trash, from: 'take-away: the folder of a loop' },
  { root: 'place', folders: ['loops', '*'], name: trash, from: 'take-away: a worktree' },
  { root: 'place', folders: ['loops', '*'], name: draft, from: 'files: the mark of a worktree' },
  {
    root: 'place',
    folders: ['loops', '*', 'context'],
    name: trash,
    from: 'take-away: a file of an iteration',
  },
  { root: 'place', folders: ['loops', '*', 'context'], name: draft, from: 'files: what an iteration reads' },
  {
    root: 'place',
    folders: ['loops', '*', 'scratch', '*'],
    name: index,
    from: 'git/snapshot: our own index of a worktree',
  },
  { root: 'place', folders: ['rooms'], name: trash, from: 'take-away: a room' },
  {
    root: 'place',
    folders: ['rooms', '*'],
    name: trash,
    from: 'take-away: what a check left beside its room',
  },
  { root: 'place', folders: ['pool'], name: trash, from: 'take-away: a kept room' },
  {
    root: 'place',
    folders: ['pool', '*'],
    name: trash,
    from: 'take-away: what a check left beside its room',
  },
  {
    root: 'place',
    folders: ['pool', '*', 'tree'],
    name: trash,
    from: 'take-away: what a check left beside its room',
  },
];

/** The folders a row of the table means, as far as they are there and are no links. */
async function foldersAt(root: string, [first, ...rest]: readonly string[]): Promise<readonly string[]> {
  if (first === undefined) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const found = entries.filter((entry) => entry.isDirectory() && (first === '*' || entry.name === first));
  return (await Promise.all(found.map(({ name }) => foldersAt(join(root, name), rest)))).flat();
}

/** Renaming changes only the second of the two times: a tree is as young as its way into the trash. */
async function isOlder(path: string, limit: number): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && Math.max(stats.mtimeMs, stats.ctimeMs) < limit;
}

/** What cannot be removed now stays for the next time. */
async function isRemoved(path: string): Promise<boolean> {
  return rm(path, { recursive: true, force: true }).then(
    () => true,
    () => false,
  );
}
