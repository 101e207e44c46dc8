import * as z from 'zod';
import { boundIn } from '../bound.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';

export const remember = defineTool({
  name: 'remember',
  title: 'Remember a note',
  description: 'Keep a lesson for later workers: something true of the project that was hard to find.',
  effect: 'write',
  idempotent: false,
  roles: ['worker'],
  input: z.strictObject({ note: z.string().min(1).max(2_000).describe('one lesson') }),
  output: z.strictObject({ note: z.string().describe('its id'), next: field.nextStep }),
  async run(args, rt, call) {
    const id = rt.ids.next('note');
    await rt.store.transact(rt.actor, (tx) => {
      const { loop } = boundIn(tx.yard, call);
      tx.record({ type: 'note.remembered', note: { id, loop: loop.id, text: args.note } });
    });
    return { note: id, next: 'Go on.' };
  },
  render: (output) => output.note,
});
