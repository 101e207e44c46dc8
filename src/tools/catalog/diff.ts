import * as z from 'zod';
import { findLoop } from '../../core/registry.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';

export const diff = defineTool({
  name: 'diff',
  title: 'Diff of a loop',
  description: 'What a loop offers, against the commit it started from.',
  effect: 'read',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({
    loop: field.loopId,
    stat: z.boolean().default(false).describe('only the files'),
    bytes: z.number().int().min(1_000).max(10_000_000).default(200_000).describe('at most so much patch'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    loop: z.string().describe('loop id'),
    from: z.string().describe('base commit'),
    to: z.string().describe('candidate commit'),
    files: z
      .array(
        z.strictObject({
          path: z.string().describe('file'),
          kind: z.string().describe('what happened to it'),
        }),
      )
      .describe('changed files'),
    patch: z.string().optional().describe('unified diff'),
    next: field.nextStep,
  }),
  cli: {
    path: 'diff',
    positional: ['loop'],
    examples: ['diff fix-date-parser-7k2m', 'diff fix-date-parser-7k2m --stat'],
  },
  async run(args, rt) {
    const loop = await findLoop(rt, args.loop);
    const to = loop.candidate?.commit ?? loop.base;
    const files = await rt.git.changes(loop.base, to);
    const patch = args.stat ? {} : { patch: await rt.git.patch(loop.base, to, args.bytes) };
    const next = loop.candidate ? `It is commit ${to.slice(0, 12)}.` : 'It has offered no candidate yet.';
    return {
      loop: loop.id,
      from: loop.base,
      to,
      files: files.map(({ path, kind }) => ({ path, kind })),
      ...patch,
      next,
    };
  },
  render: (output, paint) => {
    if (output.patch !== undefined) return output.patch || paint.dim(output.next);
    return (
      output.files.map(({ path, kind }) => `${kind.padEnd(12)} ${path}`).join('\n') || paint.dim(output.next)
    );
  },
});
