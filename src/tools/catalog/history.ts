import * as z from 'zod';
import { findLoop } from '../../core/registry.ts';
import { Outcome } from '../../domain/loop.ts';
import { usageWords } from '../../domain/worker/spending.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { compact } from '../views.ts';

const { iteration, result, at, commit, tree, verification, worker, reason } = Outcome.shape;

const Row = z.strictObject({
  iteration: iteration.describe('its number'),
  result: result.describe('how it ended'),
  at: at.describe('milliseconds since 1970'),
  commit: commit.describe('candidate'),
  tree: tree.describe('its files, as git names them'),
  verification: verification.describe('its id'),
  worker: worker.describe('its id'),
  by: z.string().optional().describe('name of the worker'),
  used: z.string().optional().describe('tokens and money, where reported'),
  reason: reason.describe('why; foreign text'),
});

export const history = defineTool({
  name: 'history',
  title: 'History of a loop',
  description: 'How each iteration of a loop ended.',
  effect: 'read',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({ loop: field.loopId, workspace: field.workspace }),
  output: z.strictObject({
    loop: z.string().describe('loop id'),
    state: z.string().describe('state'),
    outcomes: z.array(Row).describe('oldest first'),
    next: field.nextStep,
  }),
  cli: { path: 'history', positional: ['loop'], examples: ['history fix-date-parser-7k2m'] },
  async run(args, rt) {
    const loop = await findLoop(rt, args.loop);
    const { workers } = await rt.store.read();
    const outcomes = loop.outcomes.map(({ signature: _, ...outcome }) => {
      // Workers of archived loops are not on record any more.
      const worker = own(workers, outcome.worker);
      return {
        ...outcome,
        ...compact({ by: worker?.name, used: worker?.end && usageWords(worker.end.usage) }),
      };
    });
    return {
      loop: loop.id,
      state: loop.state,
      outcomes,
      next: `loopyard diff ${loop.id} shows what it offers.`,
    };
  },
  render: (output, paint) => {
    const rows = output.outcomes.map((outcome) => [
      String(outcome.iteration),
      outcome.result.replace('_', ' '),
      paint.ago(outcome.at),
      outcome.commit?.slice(0, 12) ?? '',
      outcome.by ?? '',
      outcome.used ?? '',
      outcome.verification ?? outcome.worker ?? '',
      outcome.reason?.split('\n', 1)[0]?.slice(0, 80) ?? '',
    ]);
    const table =
      rows.length > 0
        ? paint.table([
            ['iteration', 'result', 'when', 'commit', 'worker', 'used', 'evidence', 'reason'],
            ...rows,
          ])
        : 'No iteration has ended yet.';
    return [`${paint.bold(output.loop)} ${output.state}`, table].join('\n');
  },
});
