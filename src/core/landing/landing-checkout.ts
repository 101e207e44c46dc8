import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'git' | 'store' | 'log'>;

/** Where a branch is checked out, if anywhere that still exists. */
export async function checkoutOf(rt: Rt, branch: string): Promise<string | undefined> {
  const trees = await rt.git.worktrees();
  return trees.find((tree) => tree.branch === branch && !tree.missing)?.path;
}

/** Where a branch is being rebased, if anywhere: moving it now would break the rebase at its last step. */
export async function rebasedIn(rt: Rt, branch: string): Promise<string | undefined> {
  const trees = await rt.git.worktrees();
  return trees.find((tree) => tree.rebasing === branch)?.path;
}

/** Whether a checkout can be brought along without touching anything of its user: nothing changed, nothing in the way. */
export async function canFollow(rt: Rt, checkout: string, from: string, to: string): Promise<boolean> {
  if (!(await rt.git.isClean(checkout))) return false;
  return (await rt.git.followBranch({ checkout, from, to, rehearse: true })) === 'followed';
}

/**
 * After a branch moved, brings the files of the checkout that stands on it along. It was clean a moment ago; if somebody
 * wrote into it since, nothing of theirs is overwritten: the files stay behind and the answer says so.
 */
export async function bringCheckoutAlong(
  rt: Rt,
  branch: string,
  from: string,
  to: string,
): Promise<string | undefined> {
  const checkout = await checkoutOf(rt, branch);
  if (checkout === undefined) return undefined;
  if ((await rt.git.followBranch({ checkout, from, to })) === 'followed') return undefined;
  rt.log('warn', 'the checkout could not follow its branch', { checkout, branch });
  return `${branch} was moved, but files in ${checkout} changed at that moment, so they were left alone. See git status there.`;
}
