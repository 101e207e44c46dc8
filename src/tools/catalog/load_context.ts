import * as z from 'zod';
import { contextFolder } from '../../core/places.ts';
import { contextFiles } from '../../core/workers/context.ts';
import { headOf, jsonBytes, plain, tailOf } from '../../domain/text.ts';
import { boundTo, stopNote } from '../bound.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
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
    const files = read
      .filter(({ text }) => text.trim() !== '')
      .map(({ name, text }) => ({ name, text: plain(text) }));
    return compact({
      loop: loop.id,
      iteration: worker.iteration,
      worktree: loop.workspace?.path ?? loop.checkout.path,
      folder,
      files: fitting(rt, folder, files),
      stop: stopNote(rt, worker),
      next: 'Do one iteration in the worktree, write STATE.md, then stop. loopyard runs the checks.',
    });
  },
  render: (output) => output.files.map(({ name, text }) => `# ${name}\n${text}`).join('\n\n'),
});

interface File {
  readonly name: string;
  readonly text: string;
}

/** What the texts may weigh in the answer, so that no client cuts it and loses what is at the end. */
const budget = 6_500;

/** Small files whole, and what is left shared evenly among the others. What was cut is said, and where the whole lies. */
function fitting(rt: ToolRuntime, folder: string, files: readonly File[]): File[] {
  const bySize = files.toSorted((a, b) => jsonBytes(a.text) - jsonBytes(b.text));
  const shown = new Map<string, string>();
  let left = budget;
  for (const [index, { name, text }] of bySize.entries()) {
    const share = Math.floor(left / (bySize.length - index));
    const cut = within(share, name, text, rt.files.join(folder, name));
    shown.set(name, cut);
    left -= jsonBytes(cut);
  }
  return files.map(({ name }) => ({ name, text: shown.get(name) ?? '' }));
}

/** Of the instructions the end, where the newest message of the strategist is; of everything else the beginning. */
function within(bytes: number, name: string, text: string, path: string): string {
  if (jsonBytes(text) <= bytes) return text;
  for (let length = Math.min(text.length - 1, bytes); ; length = Math.floor(length * 0.9)) {
    const note = `[… ${text.length - length} characters left out here; the whole is in ${path} …]`;
    const cut =
      name === 'INSTRUCTIONS.md' ? `${note}\n${tailOf(text, length)}` : `${headOf(text, length)}\n${note}`;
    if (jsonBytes(cut) <= bytes || length < 50) return cut;
  }
}
