import type { Loop } from '../../domain/loop.ts';
import { loopFolder } from '../places.ts';
import { keyedPlan } from '../rooms/dependency-plan.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'git' | 'files' | 'dependencies' | 'config' | 'env' | 'log'>;

/** Local settings are small and few; whoever names more than this has named a build. */
const limit = { files: 2_000, bytes: 256 * 1024 * 1024 };

/**
 * Gives a new worktree what no commit holds and a worker needs: the ignored files that `.worktreeinclude` in the
 * checkout or the setting `worktree_copy` names, as copies, and links to what `worktree_link` names. Never over a file
 * that is there, and nothing that git would not ignore, so that none of it becomes part of a candidate. A worktree is
 * good without all of it: what does not work is logged.
 */
export async function giveWorktreeFiles(rt: Rt, loop: Loop, path: string): Promise<void> {
  await withoutHarm(rt, loop, async () => {
    const { worktree_copy, worktree_link } = rt.config;
    const from = loop.checkout.path;
    const named = await rt.git.ignoredFiles({ checkout: from, patterns: worktree_copy });
    const wanted = await rt.git.ignoredPaths(path, named);
    const { copied, skipped } = await rt.dependencies.copyFiles(from, path, wanted, limit);
    const linked = await rt.dependencies.linkPaths(
      from,
      path,
      await rt.git.ignoredPaths(path, worktree_link),
    );
    const left = [...skipped, ...without(named, wanted), ...without(worktree_link, linked)];
    if (copied.length + linked.length + left.length === 0) return;
    rt.log(left.length > 0 ? 'warn' : 'info', 'the worktree got files of the checkout that git ignores', {
      loop: loop.id,
      copied: copied.length,
      linked: linked.length,
      left: left.slice(0, 20).join(', '),
    });
  });
}

/**
 * Gives a worktree a copy of its dependencies where they are prepared already, as they are when the base commit has
 * been verified, and git ignores them there. What is there stays: it may be the worker's own installation.
 */
export async function giveWorktreeDependencies(rt: Rt, loop: Loop, path: string): Promise<void> {
  await withoutHarm(rt, loop, async () => {
    if (!rt.config.worktree_dependencies) return;
    const { parts } = await keyedPlan(rt, await rt.git.treeOf(loop.tip ?? loop.base));
    for (const { part, key } of parts) {
      // A virtual environment would have to be named in the environment of the worker, who finds its own.
      if (part.usesBeside || !(await rt.dependencies.has(key))) continue;
      const homes = [part.folder, ...part.members];
      const targets = homes.flatMap((home) =>
        part.results.map((name) => (home === '' ? name : `${home}/${name}`)),
      );
      // With a slash: nothing is there yet, and most rules are for folders alone.
      const ways = targets.flatMap((target) => [target, `${target}/`]);
      const ignored = new Set(await rt.git.ignoredPaths(path, ways));
      if (targets.some((target) => !ignored.has(target) && !ignored.has(`${target}/`))) continue;
      if (await rt.files.exists(rt.files.join(path, targets[0] ?? ''))) continue;
      const folder = rt.files.join(loopFolder(rt, loop.id), 'prepared');
      const placed = await rt.dependencies.place(key, { folder, path });
      await rt.files.remove(folder);
      if (placed)
        rt.log('info', 'the worktree got prepared dependencies', {
          loop: loop.id,
          manager: part.manager,
          how: placed.how,
        });
    }
  });
}

const without = (all: readonly string[], some: readonly string[]) =>
  all.filter((path) => !some.includes(path));

async function withoutHarm(rt: Pick<Rt, 'log'>, { id }: Loop, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    rt.log('warn', 'a worktree could not be given what git ignores', { loop: id, error: String(error) });
  }
}
