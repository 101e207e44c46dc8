import * as z from 'zod';
import { boundIn, stopNote } from '../bound.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { compact } from '../views.ts';

export const report = defineTool({
  name: 'report',
  title: 'Report progress',
  description: 'Tell in a sentence what you are doing, or acknowledge a stop request. Decides nothing.',
  effect: 'write',
  idempotent: true,
  roles: ['worker'],
  input: z.strictObject({
    text: z.string().min(1).max(2_000).describe('what you are doing'),
    acknowledge: z.string().max(60).optional().describe('id of the stop request'),
  }),
  output: z.strictObject({
    acknowledged: z.boolean().optional().describe('whether that request was the open one'),
    stop: z.string().optional().describe('you are asked to end: request id, reason, time left'),
    next: field.nextStep,
  }),
  async run(args, rt, call) {
    const { acknowledged, worker } = await rt.store.transact(rt.actor, (tx) => {
      const { worker } = boundIn(tx.yard, call);
      tx.record({ type: 'worker.reported', id: worker.id, text: args.text });
      if (args.acknowledge === undefined) return { worker };
      const open = worker.stop?.id === args.acknowledge;
      if (open) tx.record({ type: 'worker.stop_acknowledged', id: worker.id, request: args.acknowledge });
      return { acknowledged: open, worker };
    });
    const stop = stopNote(rt, worker);
    return compact({ acknowledged, stop, next: stop ? 'Write STATE.md and end.' : 'Go on.' });
  },
  render: (output) => output.next,
});
