import * as z from 'zod';
import { holderLiveness } from '../../core/leases.ts';
import { describeHolder } from '../../domain/lease.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';

export const leases = defineTool({
  name: 'leases',
  title: 'List leases',
  description: 'Who holds which working tree, for what, since when.',
  effect: 'read',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({ workspace: field.workspace }),
  output: z.strictObject({
    leases: z
      .array(
        z.strictObject({
          resource: z.string().describe('name for takeover'),
          path: z.string().optional().describe('working tree'),
          holder: z.string().describe('who'),
          liveness: z.string().describe('alive, dead or unknown'),
          epoch: z.number().int().describe('fencing token'),
          purpose: z.string().describe('for what'),
          since: z.number().int().describe('milliseconds since 1970'),
        }),
      )
      .describe('held leases'),
    next: field.nextStep,
  }),
  cli: { path: 'leases', examples: ['leases'] },
  async run(_args, rt) {
    const yard = await rt.store.read();
    const held = Object.values(yard.leases).flatMap(({ resource, holder, epoch, purpose, since }) => {
      if (!holder) return [];
      const path = holder.kind === 'loop' ? own(yard.loops, holder.loop)?.workspace?.path : undefined;
      const liveness = holderLiveness(yard, holder, rt.processes);
      return [
        {
          resource,
          ...(path === undefined ? {} : { path }),
          holder: describeHolder(holder),
          liveness,
          epoch,
          purpose,
          since,
        },
      ];
    });
    return { leases: held, next: 'loopyard takeover <resource> frees one by force.' };
  },
  render: (output, paint) =>
    output.leases.length === 0
      ? 'No lease is held.'
      : paint.table([
          ['resource', 'holder', 'liveness', 'epoch', 'since', 'for'],
          ...output.leases.map((lease) => [
            lease.resource,
            lease.holder,
            lease.liveness,
            String(lease.epoch),
            paint.ago(lease.since),
            lease.path ?? lease.purpose,
          ]),
        ]),
});
