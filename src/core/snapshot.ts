import type { Loop, Workspace } from '../domain/loop.ts';
import type { Worker } from '../domain/worker.ts';
import { candidateRef, scratchFolder } from './places.ts';
import type { Runtime } from './runtime.ts';
import { loopyardAuthor } from './workspace.ts';

type Rt = Pick<Runtime, 'git' | 'files'>;

export interface Made {
  readonly commit: string;
  readonly tree: string;
}

/**
 * The worktree as a commit: tracked, staged and untracked work, whether or not the worker committed. The worktree's
 * own index stays as it is. The commit is pinned under a ref before anybody is told of it, so that git never collects
 * it. Undefined when the files are those of the last candidate, or of the base before there is one.
 */
export async function makeCandidate(
  rt: Rt,
  loop: Loop & { workspace: Workspace },
  worker: Pick<Worker, 'id' | 'iteration'>,
): Promise<Made | undefined> {
  const made = await commitWork(rt, loop, candidateMessage(loop, worker));
  const before = loop.candidate?.tree ?? (await rt.git.treeOf(loop.base));
  // A bounced candidate's files alone are nothing new, but joined with the target they are.
  const joined = loop.tip !== undefined && loop.tip !== loop.candidate?.commit;
  if (made.tree === before && !joined) return undefined;
  const ref = candidateRef(loop.id, worker.iteration);
  await rt.git.updateRefs(
    [{ update: ref, from: await rt.git.ref(ref), to: made.commit }],
    `loopyard: ${loop.id}`,
  );
  return made;
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

function candidateMessage(loop: Loop, worker: Pick<Worker, 'id' | 'iteration'>): string {
  return (
    `${loop.summary}\n\n` +
    `Loopyard-Loop: ${loop.id}\nLoopyard-Iteration: ${worker.iteration}\nLoopyard-Worker: ${worker.id}\n`
  );
}
