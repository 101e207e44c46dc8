import * as z from 'zod';
import { branchOf, candidateRefs, rescueRef } from '../../core/places.ts';
import { findLoop } from '../../core/registry.ts';
import { askToEnd } from '../../core/stopping.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { isEnded } from '../../domain/loop.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { isHeld } from '../held.ts';
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
    if (isEnded(loop))
      return { loop: loop.id, state: loop.state, ...(await removeRefs(rt, loop.id)), next: 'Done.' };
    await rt.store.transact(rt.actor, (tx) => {
      const request = { id: rt.ids.next('stop'), reason: 'discarded', by: call.client, graceMs: 0 };
      const now = tx.yard.loops[loop.id];
      if (now && !isEnded(now)) askToEnd(tx, now, request, true);
    });
    await rt.wakeKeeper();
    const { yard } = await waitFor(rt, call, 45, ({ loops }) =>
      loops[loop.id]?.tidied || !loops[loop.id] ? true : undefined,
    );
    const now = yard.loops[loop.id];
    const { removed = [], kept = [] } = now?.tidied ?? {};
    return {
      loop: loop.id,
      state: now?.state ?? 'archived',
      removed,
      kept,
      next: kept.length > 0 ? 'loopyard prune removes rescue refs too.' : 'Done.',
    };
  },
  render: (output, paint) =>
    [
      `${paint.bold(output.loop)} ${output.state}`,
      ...output.removed.map((name) => `  removed ${name}`),
      ...output.kept.map((name) => `  kept    ${name}`),
    ].join('\n'),
});

async function removeRefs(rt: ToolRuntime, loop: string): Promise<{ removed: string[]; kept: string[] }> {
  const branch = `refs/heads/${branchOf(loop)}`;
  const candidates = await rt.git.refs(candidateRefs(loop));
  const tip = (await rt.git.ref(branch)) ?? [...candidates.values()].at(-1);
  const removed: string[] = [];
  const kept: string[] = [];
  if (tip !== undefined && !(await isHeld(rt, tip, branch))) {
    const rescue = rescueRef(loop);
    await rt.git.updateRefs(
      [{ update: rescue, from: await rt.git.ref(rescue), to: tip }],
      `loopyard: discard ${loop}`,
    );
    kept.push(rescue);
  }
  for (const [name, from] of [...candidates, ...(await rt.git.refs(branch))]) {
    const gone = await rt.git.updateRefs([{ remove: name, from }], `loopyard: discard ${loop}`);
    (gone ? removed : kept).push(name);
  }
  return { removed, kept };
}
