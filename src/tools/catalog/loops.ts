import * as z from 'zod';
import { archivedLoops } from '../../core/registry.ts';
import { isEnded } from '../../domain/loop.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { iterations } from '../views.ts';

const Row = z.strictObject({
  id: z.string().describe('loop id'),
  state: z.string().describe('state'),
  hold: z.string().optional().describe('why it does not go on'),
  iteration: z.string().describe('used of the limit'),
  backend: z.string().describe('kind of worker'),
  owner: z.string().describe('who opened it'),
  priority: z.string().describe('order between loops'),
  tags: z.array(z.string()).describe('labels'),
  opened: z.number().int().describe('milliseconds since 1970'),
  summary: z.string().describe('first line of the goal'),
});

export const loops = defineTool({
  name: 'loops',
  title: 'List loops',
  description: 'All loops of this repository.',
  effect: 'read',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({
    all: z.boolean().default(false).describe('archived ones too'),
    tag: z.string().max(40).optional().describe('only with this tag'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    loops: z.array(Row).describe('newest first'),
    totals: z
      .strictObject({
        opened: z.number().int().describe('ever'),
        landed: z.number().int().describe('merged'),
        closed: z.number().int().describe('ended unmerged'),
        cancelled: z.number().int().describe('stopped'),
      })
      .describe('by outcome'),
    next: field.nextStep,
  }),
  cli: { path: 'loops', examples: ['loops', 'loops --all --json'] },
  async run(args, rt) {
    const yard = await rt.store.read();
    const archived = args.all ? await archivedLoops(rt, 200) : [];
    const chosen = [...Object.values(yard.loops), ...archived]
      .filter((loop) => args.tag === undefined || loop.tags.includes(args.tag))
      .sort((a, b) => Number(isEnded(a)) - Number(isEnded(b)) || b.openedAt - a.openedAt);
    const rows = chosen.map((loop) => ({
      id: loop.id,
      state: loop.state,
      ...(loop.hold ? { hold: loop.hold.kind } : {}),
      iteration: iterations(loop),
      backend: loop.backend,
      owner: loop.owner,
      priority: loop.priority,
      tags: loop.tags,
      opened: loop.openedAt,
      summary: loop.summary,
    }));
    return { loops: rows, totals: yard.totals, next: 'loopyard status <loop> shows one of them.' };
  },
  render: (output, paint) => {
    if (output.loops.length === 0) return 'No loop here. loopyard start opens one.';
    const rows = output.loops.map((row) => [
      row.id,
      row.hold ? `${row.state} (${row.hold})` : row.state,
      row.iteration,
      paint.ago(row.opened),
      row.summary,
    ]);
    const { opened, landed, closed, cancelled } = output.totals;
    const sum = `${opened} opened, ${landed} landed, ${closed} closed, ${cancelled} cancelled`;
    return [paint.table([['loop', 'state', 'iteration', 'opened', 'goal'], ...rows]), paint.dim(sum)].join(
      '\n',
    );
  },
});
