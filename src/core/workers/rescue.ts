import type { Loop } from '../../domain/loop.ts';
import { rescueRef, scratchFolder } from '../places.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'git' | 'files'>;

/** Author of commits that nobody in particular wrote. */
export const loopyardAuthor = { name: 'loopyard', email: 'loopyard@localhost' } as const;

/**
 * Everything in a worktree as a commit of its own, before something happens to its files. Returns the commit that holds
 * them: a new one, or HEAD when nothing differs from it.
 */
export async function commitLeftovers(rt: Rt, loop: Loop, worktree: string): Promise<string> {
  const parent = (await rt.git.head(worktree)).commit ?? loop.base;
  const work = await rt.git.snapshot({
    worktree,
    parent,
    scratch: rt.files.join(scratchFolder(rt, loop.id), 'rescue'),
    message: `Work left in the worktree of loop ${loop.id}\n\nKept by loopyard before the files were replaced.\n`,
    author: loopyardAuthor,
  });
  return work.kind === 'commit' ? work.commit : parent;
}

/** Keeps a commit under a rescue ref. What was kept before stays kept: beside it, when the new one does not contain it. */
export async function keepForRescue(rt: Pick<Rt, 'git'>, loop: string, commit: string): Promise<string> {
  for (let number = 1; ; number++) {
    const ref = number === 1 ? rescueRef(loop) : `${rescueRef(loop)}.${number}`;
    const kept = await rt.git.ref(ref);
    const contained = kept === undefined || (await rt.git.isAncestor(kept, commit));
    if (
      contained &&
      (await rt.git.updateRefs([{ update: ref, from: kept, to: commit }], `loopyard: rescue ${loop}`))
    ) {
      return ref;
    }
    if (kept !== undefined && (await rt.git.isAncestor(commit, kept))) return ref;
  }
}

/** The rescue refs of a loop, from this and earlier attempts. */
export async function rescueRefs(rt: Pick<Rt, 'git'>, loop: string): Promise<readonly string[]> {
  const all = await rt.git.refs('refs/loopyard/rescue/');
  const first = rescueRef(loop);
  return [...all.keys()].filter(
    (ref) => ref === first || (/^\.\d+$/.test(ref.slice(first.length)) && ref.startsWith(first)),
  );
}
