import type { Loop } from '../../domain/loop.ts';
import { type MergeEntry, mergeMachine } from '../../domain/merge.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Tx } from '../../ports/store.ts';
import { plain } from '../fence.ts';
import { fenceRef, readyRef, tipRef } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { backOff } from '../verification/evidence.ts';
import { baselineOf, requestVerification } from '../verification/verification-requests.ts';
import { loopyardAuthor } from '../workers/rescue.ts';
import { bringCheckoutAlong, canFollow, checkoutOf, rebasedIn } from './landing-checkout.ts';

type Rt = Omit<Runtime, 'backends'>;

/** The entries that may be worked on now: the oldest of each target. */
export function mergeHeads(yard: Yard): readonly MergeEntry[] {
  const heads = new Map<string, MergeEntry>();
  const active = Object.values(yard.merges).filter(
    ({ state }) => state === 'queued' || state === 'executing',
  );
  for (const entry of active.sort(
    (a, b) => rank(a) - rank(b) || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1),
  )) {
    if (!heads.has(entry.target)) heads.set(entry.target, entry);
  }
  return [...heads.values()];
}

const rank = (entry: MergeEntry) => (entry.state === 'executing' ? 0 : 1);

/**
 * Takes an entry one step further; the keeper calls again after every change.
 *
 * Verified against yesterday's target means nothing today, so the merge result itself is built (in memory, no tree is
 * touched), verified, and only then becomes the target, by one ref transaction that also checks the fence: a keeper
 * that was replaced while it slept can no longer move the branch. The intent (`merge.built`) is recorded before; a
 * crash after the target moved is healed because the target then contains the result.
 */
export async function attendMerge(rt: Rt, entry: MergeEntry, epoch: number): Promise<void> {
  const yard = await rt.store.read();
  const loop = yard.loops[entry.loop];
  if (!loop || (entry.state === 'queued' && rt.clock.now() < (loop.notBefore ?? 0))) return;
  if (entry.state === 'queued' || entry.epoch !== epoch) return takeOver(rt, entry, epoch);
  const target = `refs/heads/${entry.target}`;
  const onto = await rt.git.ref(target);
  if (onto === undefined) {
    return bounce(rt, entry, `The target branch ${entry.target} does not exist any more.`);
  }
  if (await isIn(rt, entry.built?.result ?? entry.candidate, onto))
    return land(rt, entry, onto, entry.built?.result ?? onto);
  // Somebody committed the very files that passed, as the user of an in-place loop does: there is nothing to merge.
  if ((await rt.git.treeOf(onto)) === loop.candidate?.tree) return land(rt, entry, onto, onto);
  const { cancel } = loop;
  if (cancel) return record(rt, entry, (tx) => withdraw(tx, entry, cancel.reason));
  if (!entry.built) return build(rt, loop, entry, onto);
  const verification =
    entry.built.verification === undefined ? undefined : yard.verifications[entry.built.verification];
  switch (verification?.state) {
    case 'requested':
    case 'running':
      return;
    case 'passed':
      return move(rt, loop, entry, target);
    case 'failed':
    case 'tampered':
      return bounce(rt, entry, 'Merged with the target as it is now, the checks do not pass any more.', {
        tip: entry.built.result,
        onto: entry.built.onto,
        verification: verification.id,
      });
    case 'inconclusive':
    case 'cancelled':
    case undefined:
      return again(rt, loop, entry, verification?.reason ?? 'Its merge result could not be verified.');
  }
}

const isIn = (rt: Rt, commit: string, branch: string) => rt.git.isAncestor(commit, branch);

/** From here on a ref transaction of an earlier keeper fails: the fence no longer is what it expects. */
async function takeOver(rt: Rt, entry: MergeEntry, epoch: number): Promise<void> {
  const ref = fenceRef(entry.target);
  const fence = await rt.git.writeBlob(`${epoch}\n`);
  const current = await rt.git.ref(ref);
  if (
    current !== fence &&
    !(await rt.git.updateRefs([{ update: ref, from: current, to: fence }], 'loopyard: fence'))
  )
    return;
  await record(rt, entry, (tx) => {
    const type = entry.state === 'queued' ? 'merge.started' : 'merge.refenced';
    tx.record({ type, id: entry.id, epoch });
  });
}

async function build(rt: Rt, loop: Loop, entry: MergeEntry, onto: string): Promise<void> {
  const fastForward = await rt.git.isAncestor(onto, entry.candidate);
  const result = fastForward ? entry.candidate : await mergeCommit(rt, loop, entry, onto);
  if (result === undefined) return;
  const verified =
    loop.verification === undefined ? undefined : (await rt.store.read()).verifications[loop.verification];
  // The very commit that passed is what lands: no need to ask twice.
  const known =
    fastForward && verified?.state === 'passed' && verified.commit === result ? verified.id : undefined;
  const verification = known ?? rt.ids.next('verification');
  await record(rt, entry, (tx) => {
    if (known === undefined) {
      // What the target brings is not the loop's doing, so the result is compared with the target.
      const baseline = loop.ignorePreexisting ? baselineOf(rt, tx, loop, onto) : undefined;
      requestVerification(tx, {
        id: verification,
        kind: 'merge',
        loop,
        commit: result,
        base: onto,
        baseline,
      });
    }
    tx.record({ type: 'merge.built', id: entry.id, result, onto, verification });
  });
}

async function mergeCommit(rt: Rt, loop: Loop, entry: MergeEntry, onto: string): Promise<string | undefined> {
  const merged = await rt.git.mergeTree(onto, entry.candidate);
  const author = (await rt.git.identity()) ?? loopyardAuthor;
  if (merged.kind === 'merged') {
    const message = `Merge loop ${loop.id}: ${loop.summary}\n\nLoopyard-Loop: ${loop.id}\nLoopyard-Merge: ${entry.id}\n`;
    return rt.git.commitTree({ tree: merged.tree, parents: [onto, entry.candidate], message, author });
  }
  const message = `Merge ${entry.target} into loop ${loop.id}, with conflicts to resolve\n\nLoopyard-Loop: ${loop.id}\n`;
  const tip = await rt.git.commitTree({
    tree: merged.tree,
    parents: [entry.candidate, onto],
    message,
    author,
  });
  await bounce(rt, entry, `Conflicts with ${entry.target} in: ${named(merged.files)}`, {
    tip,
    onto,
    conflicts: merged.files.slice(0, 500),
  });
  return undefined;
}

async function move(rt: Rt, loop: Loop, entry: MergeEntry, target: string): Promise<void> {
  const { built, epoch } = entry;
  if (!built) return;
  const rebase = await rebasedIn(rt, entry.target);
  if (rebase !== undefined) {
    const why = `${entry.target} is being rebased in ${rebase}.`;
    return park(rt, entry, built.result, why, 'Finish the rebase and merge again.');
  }
  const checkout = await checkoutOf(rt, entry.target);
  if (checkout !== undefined && !(await canFollow(rt, checkout, built.onto, built.result))) {
    const own = loop.workspace?.kind === 'in_place' && loop.workspace.path === checkout;
    const why = own
      ? `Its files lie in ${checkout} already, uncommitted.`
      : `${entry.target} is checked out in ${checkout} with uncommitted work.`;
    return park(rt, entry, built.result, why);
  }
  const moved = await rt.git.updateRefs(
    [
      { verify: fenceRef(entry.target), is: await rt.git.writeBlob(`${epoch}\n`) },
      { update: target, from: built.onto, to: built.result },
    ],
    `loopyard: land ${entry.loop}`,
  );
  if (!moved) return record(rt, entry, (tx) => tx.record({ type: 'merge.outrun', id: entry.id }));
  await land(rt, entry, built.result, built.result);
}

/** The target holds the result: files of a clean checkout follow, then it becomes a fact. Repeatable after a crash. */
async function land(rt: Rt, entry: MergeEntry, tip: string, result: string): Promise<void> {
  const before = entry.built?.onto ?? tip;
  const note =
    tip === result && before !== result
      ? await bringCheckoutAlong(rt, entry.target, before, result)
      : undefined;
  const kept = readyRef(entry.loop);
  const keptAt = await rt.git.ref(kept);
  if (keptAt !== undefined) await rt.git.updateRefs([{ remove: kept, from: keptAt }], 'loopyard: landed');
  await record(rt, entry, (tx) => {
    tx.record({
      type: 'merge.landed',
      id: entry.id,
      result,
      before,
      ...(note === undefined ? {} : { note }),
    });
    if (tx.yard.loops[entry.loop]?.state === 'merging')
      tx.record({ type: 'loop.landed', id: entry.loop, commit: result });
  });
}

/** Its loop was cancelled before the target moved: nothing lands any more. */
export function withdraw(tx: Tx, entry: MergeEntry, reason: string): void {
  tx.record({ type: 'merge.withdrawn', id: entry.id, reason });
  if (tx.yard.loops[entry.loop]?.state === 'merging')
    tx.record({ type: 'loop.withdrawn', id: entry.loop, reason });
}

/**
 * The merge result could not be judged: nobody's fault, so it is tried again later. When that budget is used up the
 * loop is verified still, and held; nothing that was not checked is offered for landing.
 */
async function again(rt: Rt, loop: Loop, entry: MergeEntry, why: string): Promise<void> {
  const reason = why.slice(0, 1_900);
  const { infrastructureFailures } = loop.spent;
  await record(rt, entry, (tx) => {
    const notBefore = tx.now + backOff(infrastructureFailures);
    if (infrastructureFailures + 1 < loop.limits.infrastructureFailures) {
      tx.record({ type: 'merge.outrun', id: entry.id });
    } else {
      withdraw(tx, entry, reason);
      tx.record({ type: 'loop.held', id: loop.id, hold: { kind: 'budget', reason } });
    }
    tx.record({ type: 'loop.infrastructure_failed', id: loop.id, reason, notBefore });
  });
}

async function park(rt: Rt, entry: MergeEntry, result: string, why: string, mend?: string): Promise<void> {
  const keptAt = readyRef(entry.loop);
  await rt.git.updateRefs(
    [{ update: keptAt, from: await rt.git.ref(keptAt), to: result }],
    `loopyard: ready ${entry.loop}`,
  );
  const usual = `Commit or stash there and merge again, or take it: git merge --ff-only ${keptAt}`;
  const reason = `${why} The merge result is kept at ${keptAt}. ${mend ?? usual}`;
  await record(rt, entry, (tx) => {
    // Nobody looks at a waiting entry again by himself, so a cancellation that came meanwhile counts here.
    const cancel = tx.yard.loops[entry.loop]?.cancel;
    if (cancel) withdraw(tx, entry, cancel.reason);
    else tx.record({ type: 'merge.parked', id: entry.id, keptAt, reason });
  });
}

/** Back to work: the next iteration starts from the merge, so that its worker sees what is wrong with it. */
async function bounce(
  rt: Rt,
  entry: MergeEntry,
  reason: string,
  start: { tip?: string; onto?: string; conflicts?: string[]; verification?: string } = {},
): Promise<void> {
  if (start.tip !== undefined) {
    const ref = tipRef(entry.loop);
    const pin = { update: ref, from: await rt.git.ref(ref), to: start.tip };
    await rt.git.updateRefs([pin], `loopyard: bounce ${entry.loop}`);
  }
  await record(rt, entry, (tx) => {
    tx.record({ type: 'merge.bounced', id: entry.id, reason });
    const loop = tx.yard.loops[entry.loop];
    if (loop?.state !== 'merging') return;
    // Files of the user's own checkout are not ours to replace.
    const { tip: _tip, onto: _onto, conflicts: _conflicts, ...without } = start;
    const from = loop.workspace?.kind === 'worktree' ? start : without;
    tx.record({ type: 'loop.bounced', id: loop.id, reason: reason.slice(0, 1_900), ...from });
  });
}

/** Some file names in a sentence of ours: printable, few, and the rest as a number. */
function named(files: readonly string[]): string {
  const shown = files.slice(0, 10).map((file) => plain(file).replaceAll('\n', ' ').slice(0, 200));
  return files.length > 10 ? `${shown.join(', ')} and ${files.length - 10} more` : shown.join(', ');
}

/** Records only while the entry is what we looked at: somebody may have withdrawn it meanwhile. */
async function record(rt: Rt, entry: MergeEntry, work: (tx: Tx) => void): Promise<void> {
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.merges[entry.id];
    if (!now || mergeMachine.isEnd(now.state) || now.state !== entry.state || now.epoch !== entry.epoch)
      return;
    work(tx);
  });
}
