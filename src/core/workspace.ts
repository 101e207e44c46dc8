import type { Loop } from '../domain/loop.ts';
import { checkoutResource } from '../domain/next.ts';
import { takeLease } from './leases.ts';
import { branchOf, candidateRefs, loopFolder, rescueRef, scratchFolder, worktreePath } from './places.ts';
import type { Runtime } from './runtime.ts';

type Rt = Pick<Runtime, 'store' | 'git' | 'files' | 'processes' | 'actor' | 'log'>;

/**
 * Gives a loop its working tree and records the lease. A crash after the worktree was made and before it was recorded
 * leaves a worktree under our own name; the next try makes it anew.
 */
export async function prepareWorkspace(rt: Rt, loop: Loop, kind: 'worktree' | 'in_place'): Promise<void> {
  const path = kind === 'in_place' ? loop.checkout.path : await ensureWorktree(rt, loop);
  const key = kind === 'in_place' ? loop.checkout.key : await rt.files.keyOf(path);
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.loops[loop.id];
    if (!now || now.workspace || now.state !== 'ready') return;
    const lease = takeLease(tx, rt, {
      resource: checkoutResource(key),
      holder: { kind: 'loop', loop: loop.id },
      purpose: loop.summary,
      label: `The working tree ${path}`,
    });
    const branch = kind === 'worktree' ? { branch: branchOf(loop.id) } : {};
    tx.record({ type: 'loop.workspace_prepared', id: loop.id, workspace: { kind, path, ...branch, lease } });
  });
}

async function ensureWorktree(rt: Rt, loop: Loop): Promise<string> {
  const path = worktreePath(rt, loop);
  const known = (await rt.git.worktrees()).find((worktree) => worktree.path === path);
  if (known && !known.missing && loop.iteration > 0) return path;
  // Nobody has worked in it yet, and an addition that was cut off leaves half of the files: make it anew.
  if (known) await rt.git.removeWorktree(path);
  await clearHalfMade(rt, loop);
  await rt.git.addWorktree({ path, branch: branchOf(loop.id), commit: loop.tip ?? loop.base });
  return path;
}

/** A crash inside `git worktree add` leaves our new branch without a worktree; it holds nothing but its first commit. */
async function clearHalfMade(rt: Rt, loop: Loop): Promise<void> {
  const ref = `refs/heads/${branchOf(loop.id)}`;
  const tip = await rt.git.ref(ref);
  if (tip !== undefined && tip === (loop.tip ?? loop.base)) {
    await rt.git.updateRefs([{ remove: ref, from: tip }], `loopyard: start ${loop.id} again`);
  }
}

/**
 * Brings a worktree of ours to the commit the next iteration starts from, files included when they differ. Everything
 * in it is in a candidate by then, so nothing is lost.
 */
export async function bringToTip(rt: Rt, loop: Loop): Promise<void> {
  const { workspace } = loop;
  if (workspace?.kind !== 'worktree' || workspace.branch === undefined) return;
  const tip = loop.tip ?? loop.base;
  const { commit } = await rt.git.head(workspace.path);
  if (commit === tip) return;
  // Only a merge with conflict markers moves files; a plain candidate is what the files are already.
  const parent = loop.candidate?.commit ?? loop.base;
  if (tip !== parent) await rt.git.followBranch({ checkout: workspace.path, from: parent, to: tip });
  await rt.git.settleWorktree({ path: workspace.path, branch: workspace.branch, commit: tip });
}

/**
 * After the end: everything in the worktree is made a commit under a rescue ref unless a kept ref has it already; then
 * the worktree goes, and the branch goes when its work has landed. What stays is named. An in-place checkout is only
 * given back.
 */
export async function tidyWorkspace(rt: Rt, loop: Loop): Promise<void> {
  const removed: string[] = [];
  const kept: string[] = [];
  const { workspace } = loop;
  if (workspace?.kind !== 'in_place') {
    // Without a workspace on record there may still be a worktree: made, and the process killed before it was recorded.
    const path = workspace?.path ?? worktreePath(rt, loop);
    await rescue(rt, loop, path, kept);
    // A removal that was cut off leaves git's record of a directory that is gone.
    const isKnown = (await rt.git.worktrees()).some((worktree) => worktree.path === path);
    if (isKnown || (await rt.files.exists(path))) {
      await rt.git.removeWorktree(path);
      removed.push(path);
    }
    await tidyBranch(rt, loop, removed, kept);
  }
  await tidyCandidates(rt, loop, removed, kept);
  await rt.files.remove(loopFolder(rt, loop.id));
  await rt.store.transact(rt.actor, (tx) => {
    if (!tx.yard.loops[loop.id] || tx.yard.loops[loop.id]?.tidied) return;
    if (workspace)
      tx.record({ type: 'lease.released', ...workspace.lease, gone: workspace.kind === 'worktree' });
    tx.record({ type: 'loop.tidied', id: loop.id, removed, kept });
  });
}

async function rescue(rt: Rt, loop: Loop, worktree: string, kept: string[]): Promise<void> {
  if (!(await rt.files.exists(worktree))) return;
  const head = (await rt.git.head(worktree)).commit ?? loop.base;
  const work = await rt.git.snapshot({
    worktree,
    parent: head,
    scratch: scratchFolder(rt, loop.id),
    message: `Work left in the worktree of loop ${loop.id}\n\nKept by loopyard before the worktree was removed.\n`,
    author: loopyardAuthor,
  });
  const tip = work.kind === 'commit' ? work.commit : head;
  const isKept =
    tip === loop.base ||
    (!loop.cancel?.discard && tip === loop.candidate?.commit) ||
    (await isLanded(rt, loop, tip));
  if (isKept) return;
  const ref = rescueRef(loop.id);
  await rt.git.updateRefs(
    [{ update: ref, from: await rt.git.ref(ref), to: tip }],
    `loopyard: rescue ${loop.id}`,
  );
  kept.push(ref);
}

async function tidyBranch(rt: Rt, loop: Loop, removed: string[], kept: string[]): Promise<void> {
  const ref = `refs/heads/${branchOf(loop.id)}`;
  const tip = await rt.git.ref(ref);
  if (tip === undefined) return;
  const expendable = loop.cancel?.discard || tip === loop.base || (await isLanded(rt, loop, tip));
  if (expendable && (await rt.git.updateRefs([{ remove: ref, from: tip }], `loopyard: tidy ${loop.id}`))) {
    removed.push(ref);
  } else {
    kept.push(ref);
  }
}

/** A candidate that the target or the loop's branch holds needs no ref of its own any more. */
async function tidyCandidates(rt: Rt, loop: Loop, removed: string[], kept: string[]): Promise<void> {
  const holder = loop.landed ?? (await rt.git.ref(`refs/heads/${branchOf(loop.id)}`));
  for (const [name, from] of await rt.git.refs(candidateRefs(loop.id))) {
    const held = holder !== undefined && (await rt.git.isAncestor(from, holder));
    const gone = held && (await rt.git.updateRefs([{ remove: name, from }], `loopyard: tidy ${loop.id}`));
    (gone ? removed : kept).push(name);
  }
}

async function isLanded(rt: Rt, loop: Loop, commit: string): Promise<boolean> {
  return loop.landed !== undefined && (await rt.git.isAncestor(commit, loop.landed));
}

/** Author of commits that nobody in particular wrote. */
export const loopyardAuthor = { name: 'loopyard', email: 'loopyard@localhost' } as const;
