import { LoopyardError } from '../../domain/errors.ts';
import type { Loop } from '../../domain/loop.ts';
import { checkoutResource } from '../../domain/next.ts';
import { takeLease } from '../leases.ts';
import { branchOf, candidateRefs, loopFolder, tipRef, worktreePath } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { commitLeftovers, keepForRescue, rescueRefs } from './rescue.ts';
import { giveWorktreeDependencies, giveWorktreeFiles } from './worktree-files.ts';

type Rt = Pick<
  Runtime,
  'store' | 'git' | 'files' | 'processes' | 'actor' | 'log' | 'dependencies' | 'config' | 'env'
>;

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

/**
 * A mark beside the worktree says that it was made completely. Without it nobody has worked there, and an addition that
 * was cut off leaves half of the files, which must not become a candidate full of deletions: it is made anew.
 */
async function ensureWorktree(rt: Rt, loop: Loop): Promise<string> {
  const path = worktreePath(rt, loop);
  const mark = markOf(rt, loop);
  const known = (await rt.git.worktrees()).find((worktree) => worktree.path === path);
  if (known && !known.missing && (await rt.files.exists(mark))) return path;
  if (known) await rt.git.removeWorktree(path);
  await clearHalfMade(rt, loop);
  await rt.git.addWorktree({ path, branch: branchOf(loop.id), commit: loop.tip ?? loop.base });
  await giveWorktreeFiles(rt, loop, path);
  await rt.files.write(mark, '');
  return path;
}

const markOf = (rt: Rt, loop: Loop) => rt.files.join(loopFolder(rt, loop.id), 'made');

/**
 * A crash inside `git worktree add` leaves our new branch without a worktree; it holds nothing but its first commit. One
 * that holds anything else may be somebody's work.
 */
async function clearHalfMade(rt: Rt, loop: Loop): Promise<void> {
  const branch = branchOf(loop.id);
  const tip = await rt.git.ref(`refs/heads/${branch}`);
  if (tip === undefined) return;
  if (tip !== (loop.tip ?? loop.base)) {
    throw new LoopyardError(
      'WRONG_STATE',
      `There is a branch ${branch} already, at ${tip.slice(0, 12)}, which is not where the loop starts: rename or remove it.`,
      { branch, at: tip },
    );
  }
  await rt.git.updateRefs(
    [{ remove: `refs/heads/${branch}`, from: tip }],
    `loopyard: start ${loop.id} again`,
  );
}

/**
 * Makes a worktree of ours stand on the commit the next iteration starts from.
 *
 * Usually the files are that commit already, and only branch and index follow. After a bounce the start is a merge, and
 * files move: what lies in the worktree and is in no candidate is kept under a rescue ref first, and a file that git
 * will not overwrite stops the step. Work that a worker committed on top of the start is left as it is. Repeatable
 * after a crash at any point.
 */
export async function bringToTip(rt: Rt, loop: Loop): Promise<void> {
  const { workspace } = loop;
  if (workspace?.kind !== 'worktree' || workspace.branch === undefined) return;
  const { path, branch } = workspace;
  await giveWorktreeDependencies(rt, loop, path);
  const tip = loop.tip ?? loop.base;
  const head = await rt.git.head(path);
  if (head.commit !== undefined && (await rt.git.isAncestor(tip, head.commit))) {
    if (head.branch !== branch) await rt.git.settleWorktree({ path, branch, commit: head.commit });
    return;
  }
  const standing = loop.candidate?.commit ?? loop.base;
  if (tip !== standing) await moveFiles(rt, loop, path, branch, standing, tip);
  await rt.git.settleWorktree({ path, branch, commit: tip });
}

async function moveFiles(
  rt: Rt,
  loop: Loop,
  path: string,
  branch: string,
  standing: string,
  tip: string,
): Promise<void> {
  const found = await commitLeftovers(rt, loop, path);
  const tree = await rt.git.treeOf(found);
  // A crash after the files had moved and before the branch followed: nothing is left to do here.
  if (tree === (await rt.git.treeOf(tip))) return;
  if (tree !== (await rt.git.treeOf(standing))) {
    const ref = await keepForRescue(rt, loop.id, found);
    rt.log('warn', 'files in the worktree were in no candidate; they are kept', { loop: loop.id, ref });
  }
  await rt.git.settleWorktree({ path, branch, commit: found });
  if ((await rt.git.followBranch({ checkout: path, from: found, to: tip })) === 'in_the_way') {
    throw new LoopyardError(
      'WRONG_STATE',
      `Ignored files in ${path} are where the merge with the target has others.`,
      { path },
    );
  }
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
    // A removal that was cut off leaves git's record of a directory that is gone.
    if ((await rt.git.worktrees()).some((worktree) => worktree.path === path)) {
      if (workspace || (await rt.files.exists(markOf(rt, loop)))) await rescue(rt, loop, path);
      await rt.git.removeWorktree(path);
      removed.push(path);
    }
    await tidyBranch(rt, loop, removed, kept);
  }
  await tidyCandidates(rt, loop, removed, kept);
  const pinned = await rt.git.ref(tipRef(loop.id));
  if (pinned)
    await rt.git.updateRefs([{ remove: tipRef(loop.id), from: pinned }], `loopyard: tidy ${loop.id}`);
  kept.push(...(await rescueRefs(rt, loop.id)));
  await tidyFolder(rt, loop, kept);
  await rt.store.transact(rt.actor, (tx) => {
    if (!tx.yard.loops[loop.id] || tx.yard.loops[loop.id]?.tidied) return;
    if (workspace)
      tx.record({ type: 'lease.released', ...workspace.lease, gone: workspace.kind === 'worktree' });
    tx.record({ type: 'loop.tidied', id: loop.id, removed, kept });
  });
}

/** What stands where the worktree belongs, and is none that git knows, is somebody else's: it stays. */
async function tidyFolder(rt: Rt, loop: Loop, kept: string[]): Promise<void> {
  const folder = loopFolder(rt, loop.id);
  const path = worktreePath(rt, loop);
  if (!(await rt.files.exists(path))) return rt.files.remove(folder);
  kept.push(path);
  for (const name of await rt.files.list(folder)) {
    const entry = rt.files.join(folder, name);
    if (entry !== path) await rt.files.remove(entry);
  }
}

async function rescue(rt: Rt, loop: Loop, worktree: string): Promise<void> {
  if (!(await rt.files.exists(worktree))) return;
  const found = await commitLeftovers(rt, loop, worktree);
  const isKept =
    found === loop.base ||
    (!loop.cancel?.discard && found === loop.candidate?.commit) ||
    (await isLanded(rt, loop, found));
  if (!isKept) await keepForRescue(rt, loop.id, found);
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
