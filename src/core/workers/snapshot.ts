import type { Loop, Workspace } from '../../domain/loop.ts';
import type { Worker } from '../../domain/worker/worker.ts';
import { plain } from '../fence.ts';
import { candidateRef, scratchFolder } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { loopyardAuthor } from './rescue.ts';

type Rt = Pick<Runtime, 'git' | 'files'>;

export interface Made {
  readonly commit: string;
  readonly tree: string;
}

/** There is nothing to judge; `unmade` says why, as what the worker did. */
export interface Unmade {
  readonly unmade: string;
}

/**
 * The worktree as a commit: tracked, staged and untracked work, whether or not the worker committed. The worktree's
 * own index stays as it is. The commit is pinned under a ref before anybody is told of it, so that git never collects
 * it. Nothing is made when the files are those the iteration started from, or conflicts are not resolved.
 */
export async function makeCandidate(
  rt: Rt,
  loop: Loop & { workspace: Workspace },
  worker: Named,
): Promise<Made | Unmade> {
  const made = await commitWork(rt, loop, candidateMessage(loop, worker));
  const start = loop.tip ?? loop.base;
  if (made.tree === (await rt.git.treeOf(start))) return { unmade: 'changed no file' };
  const unresolved = await conflictsLeft(rt, loop, made.commit);
  if (unresolved.length > 0)
    return { unmade: `left conflict markers in ${unresolved.slice(0, 10).join(', ')}` };
  const ref = candidateRef(loop.id, worker.iteration);
  await rt.git.updateRefs(
    [{ update: ref, from: await rt.git.ref(ref), to: made.commit }],
    `loopyard: ${loop.id}`,
  );
  return made;
}

/** Files a bounce left with conflict markers, and that nobody has touched or that carry markers still. */
async function conflictsLeft(
  rt: Rt,
  loop: Loop & { workspace: Workspace },
  commit: string,
): Promise<readonly string[]> {
  const { conflicts = [], tip, workspace } = loop;
  if (conflicts.length === 0 || tip === undefined) return [];
  const changed = new Set((await rt.git.changes(tip, commit)).map(({ path }) => path));
  const left = await Promise.all(
    conflicts.map(async (path) => {
      if (!changed.has(path)) return true;
      const text = await rt.files.read(rt.files.join(workspace.path, path));
      return text !== undefined && /^<{7} /m.test(text) && /^>{7} /m.test(text);
    }),
  );
  return conflicts.filter((_, index) => left[index]).map((path) => plain(path).slice(0, 200));
}

/**
 * Everything in the loop's working tree as a commit on top of what the worker itself may have committed. `purpose`
 * names a scratch folder of its own, for a look that may happen beside the keeper's.
 */
export async function commitWork(
  rt: Rt,
  loop: Loop & { workspace: Workspace },
  message: string,
  purpose = 'candidate',
): Promise<Made> {
  const { path } = loop.workspace;
  const tip = loop.tip ?? loop.base;
  const head = (await rt.git.head(path)).commit;
  const parent = head !== undefined && (await rt.git.isAncestor(tip, head)) ? head : tip;
  const author = (await rt.git.identity()) ?? loopyardAuthor;
  const work = await rt.git.snapshot({
    worktree: path,
    parent,
    scratch: rt.files.join(scratchFolder(rt, loop.id), purpose),
    message,
    author,
  });
  if (work.kind === 'commit') return { commit: work.commit, tree: work.tree };
  return { commit: parent, tree: await rt.git.treeOf(parent) };
}

type Named = Pick<Worker, 'id' | 'iteration' | 'name'>;

function candidateMessage(loop: Loop, worker: Named): string {
  return (
    `${loop.summary}\n\n` +
    `Loopyard-Loop: ${loop.id}\nLoopyard-Iteration: ${worker.iteration}\nLoopyard-Worker: ${worker.id}${worker.name ? ` (${worker.name})` : ''}\n`
  );
}
