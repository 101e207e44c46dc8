import * as z from 'zod';
import { archivedLoops } from '../../core/registry.ts';
import { isEnded, type Loop } from '../../domain/loop.ts';
import type { Yard } from '../../domain/yard.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { compact, iterations, workerLine } from '../views.ts';

const Row = z.strictObject({
  id: z.string().describe('loop id'),
  state: z.string().describe('state'),
  hold: z.string().optional().describe('why it does not go on'),
  iteration: z.string().describe('used of the limit'),
  backend: z.string().describe('kind of worker'),
  worker: z.string().optional().describe('its worker and how that is, while it lives'),
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
    const living = new Map(
      await Promise.all(chosen.map(async (loop) => [loop.id, await livingWorker(rt, yard, loop)] as const)),
    );
    const rows = chosen.map((loop) => ({
      id: loop.id,
      state: loop.state,
      ...(loop.hold ? { hold: loop.hold.kind } : {}),
      iteration: iterations(loop),
      backend: loop.backend,
      ...compact({ worker: living.get(loop.id) }),
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
      row.worker?.replace(/^\S+ /, '') ?? '',
      paint.ago(row.opened),
      row.summary,
    ]);
    const { opened, landed, closed, cancelled } = output.totals;
    const sum = `${opened} opened, ${landed} landed, ${closed} closed, ${cancelled} cancelled`;
    return [
      paint.table([['loop', 'state', 'iteration', 'worker', 'opened', 'goal'], ...rows]),
      paint.dim(sum),
    ].join('\n');
  },
});

async function livingWorker(rt: ToolRuntime, yard: Yard, loop: Loop): Promise<string | undefined> {
  const worker = own(yard.workers, loop.worker);
  if (!worker || worker.state === 'ended') return undefined;
  return workerLine(rt, yard, worker, await rt.processes.observe(worker.id));
}
