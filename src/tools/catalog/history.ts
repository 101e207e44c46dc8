import * as z from 'zod';
import { findLoop } from '../../core/registry.ts';
import { Outcome } from '../../domain/loop.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';

const { iteration, result, at, commit, tree, verification, worker, reason } = Outcome.shape;

const Row = z.strictObject({
  iteration: iteration.describe('its number'),
  result: result.describe('how it ended'),
  at: at.describe('milliseconds since 1970'),
  commit: commit.describe('candidate'),
  tree: tree.describe('its files, as git names them'),
  verification: verification.describe('its id'),
  worker: worker.describe('its id'),
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
    const outcomes = loop.outcomes.map(({ signature: _, ...outcome }) => outcome);
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
      outcome.verification ?? outcome.worker ?? '',
      outcome.reason?.split('\n', 1)[0]?.slice(0, 80) ?? '',
    ]);
    const table =
      rows.length > 0
        ? paint.table([['iteration', 'result', 'when', 'commit', 'evidence', 'reason'], ...rows])
        : 'No iteration has ended yet.';
    return [`${paint.bold(output.loop)} ${output.state}`, table].join('\n');
  },
});
