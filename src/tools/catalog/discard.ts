import * as z from 'zod';
import { branchOf, candidateRefs } from '../../core/places.ts';
import { findLoop } from '../../core/registry.ts';
import { keepForRescue, rescueRefs } from '../../core/workers/rescue.ts';
import { askToEnd } from '../../core/workers/stopping.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { isEnded } from '../../domain/loop.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { isHeld } from '../held.ts';
import { own } from '../own.ts';
import { waitFor } from '../waiting.ts';

export const discard = defineTool({
  name: 'discard',
  title: 'Discard a loop and its branch',
  description: 'Stop a loop and remove its branch. A rescue ref keeps the last state of the work.',
  effect: 'destroy',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({
    loop: field.loopId,
    yes: z.boolean().default(false).describe('really do it'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    loop: z.string().describe('loop id'),
    state: z.string().describe('state'),
    removed: z.array(z.string()).describe('what went'),
    kept: z.array(z.string()).describe('what stays'),
    next: field.nextStep,
  }),
  cli: { path: 'discard', positional: ['loop'], examples: ['discard fix-date-parser-7k2m --yes'] },
  async run(args, rt, call) {
    const loop = await findLoop(rt, args.loop);
    if (!args.yes) {
      throw new LoopyardError(
        'INVALID_ARGUMENT',
        `This stops ${loop.id} and removes the branch ${branchOf(loop.id)}; say --yes to do it.`,
      );
    }
    if (!isEnded(loop)) {
      await rt.store.transact(rt.actor, (tx) => {
        const request = { id: rt.ids.next('stop'), reason: 'discarded', by: call.client, graceMs: 0 };
        const now = own(tx.yard.loops, loop.id);
        if (now && !isEnded(now)) askToEnd(tx, now, request, true);
      });
      await rt.wakeKeeper();
    }
    // While the keeper still tidies up, the worktree has the branch, and what lies in it is not kept yet.
    const { yard } = await waitFor(rt, call, 45, ({ loops }) => {
      const now = own(loops, loop.id);
      return !now || now.tidied ? true : undefined;
    });
    const now = own(yard.loops, loop.id);
    const state = now?.state ?? (isEnded(loop) ? loop.state : 'archived');
    if (now && !now.tidied) {
      const next = `It is still ending: loopyard discard ${loop.id} --yes goes on waiting.`;
      return { loop: loop.id, state, removed: [], kept: [], next };
    }
    const tidied = isEnded(loop) ? [] : (now?.tidied?.removed ?? []);
    const { removed, kept } = await removeRefs(rt, loop.id);
    const next = kept.length > 0 ? 'loopyard prune --rescue --yes removes rescue refs too.' : 'Done.';
    return { loop: loop.id, state, removed: [...tidied, ...removed], kept, next };
  },
  render: (output, paint) =>
    [
      `${paint.bold(output.loop)} ${output.state}`,
      ...output.removed.map((name) => `  removed ${name}`),
      ...output.kept.map((name) => `  kept    ${name}`),
    ].join('\n'),
});

/** Branch and candidates go, the newest first; a commit that nothing else contains is kept under a rescue ref before. */
async function removeRefs(rt: ToolRuntime, loop: string): Promise<{ removed: string[]; kept: string[] }> {
  const branch = `refs/heads/${branchOf(loop)}`;
  const candidates = [...(await rt.git.refs(candidateRefs(loop)))].sort(
    ([a], [b]) => numberOf(b) - numberOf(a),
  );
  const removed: string[] = [];
  const left: string[] = [];
  for (const [name, from] of [...(await rt.git.refs(branch)), ...candidates]) {
    if (!(await isHeld(rt, from, branch)) && !(await isRescued(rt, loop, from)))
      await keepForRescue(rt, loop, from);
    const gone = await rt.git.updateRefs([{ remove: name, from }], `loopyard: discard ${loop}`);
    (gone ? removed : left).push(name);
  }
  return { removed, kept: [...left, ...(await rescueRefs(rt, loop))] };
}

const numberOf = (candidate: string) => Number(candidate.slice(candidate.lastIndexOf('/') + 1));

async function isRescued(rt: ToolRuntime, loop: string, commit: string): Promise<boolean> {
  for (const ref of await rescueRefs(rt, loop)) {
    const kept = await rt.git.ref(ref);
    if (kept !== undefined && (await rt.git.isAncestor(commit, kept))) return true;
  }
  return false;
}
