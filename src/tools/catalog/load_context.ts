import * as z from 'zod';
import { contextFiles } from '../../core/context.ts';
import { shorten } from '../../core/fence.ts';
import { contextFolder } from '../../core/places.ts';
import { boundTo, stopNote } from '../bound.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { compact } from '../views.ts';

export const loadContext = defineTool({
  name: 'load_context',
  title: 'Load the context of this iteration',
  description:
    'Everything you need: plan, instructions, feedback on the last iteration, notes, state. Call it first.',
  effect: 'read',
  idempotent: true,
  roles: ['worker'],
  input: z.strictObject({}),
  output: z.strictObject({
    loop: z.string().describe('your loop'),
    iteration: z.number().int().describe('your iteration'),
    worktree: z.string().describe('work here and nowhere else'),
    folder: z.string().describe('the files below lie here; keep STATE.md there'),
    files: z
      .array(z.strictObject({ name: z.string().describe('file'), text: z.string().describe('its text') }))
      .describe('in reading order'),
    stop: z.string().optional().describe('you are asked to end: request id, reason, time left'),
    next: field.nextStep,
  }),
  async run(_args, rt, call) {
    const { loop, worker } = await boundTo(rt, call);
    const folder = contextFolder(rt, loop.id);
    const read = await Promise.all(
      contextFiles.map(async ({ name }) => ({
        name,
        text: (await rt.files.read(rt.files.join(folder, name))) ?? '',
      })),
    );
    // Together at most 8 KB, whatever a worker wrote into its state: a page that no client cuts.
    const share = Math.floor(7_000 / read.length);
    const files = read
      .filter(({ text }) => text.trim() !== '')
      .map(({ name, text }) => ({ name, text: shorten(text, share * 2) }));
    return compact({
      loop: loop.id,
      iteration: worker.iteration,
      worktree: loop.workspace?.path ?? loop.checkout.path,
      folder,
      files: fitting(files, 7_500),
      stop: stopNote(rt, worker),
      next: 'Do one iteration in the worktree, write STATE.md, then stop. loopyard runs the checks.',
    });
  },
  render: (output) => output.files.map(({ name, text }) => `# ${name}\n${text}`).join('\n\n'),
});

function fitting(files: readonly { name: string; text: string }[], limit: number) {
  let left = limit;
  return files.map(({ name, text }) => {
    const shown = shorten(text, Math.max(200, left));
    left -= shown.length;
    return { name, text: shown };
  });
}
