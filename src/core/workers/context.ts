import type { Loop, Workspace } from '../../domain/loop.ts';
import { brief, plain, shorten } from '../../domain/text.ts';
import type { Interrupted } from '../../domain/worker/resumption.ts';
import type { InfrastructureClass } from '../../domain/worker/run.ts';
import type { Yard } from '../../domain/yard.ts';
import { fence } from '../fence.ts';
import { contextFolder, loopFolder } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { feedback } from './feedback.ts';

type Rt = Pick<Runtime, 'files'>;

/** Characters of what workers noted down that enter a prompt: of this loop's, and of all others'. */
const notesLimit = 2_400;
const othersLimit = 1_600;
/** Characters of a past iteration's reason in the handoff, which tells of the last ten. */
const reasonLimit = 160;

/** Files a worker finds in its context folder, in the order it should read them. */
export const contextFiles = [
  { name: 'PLAN.md', holds: 'the goal, what counts as done, the checks', writtenBy: 'loopyard' },
  {
    name: 'INSTRUCTIONS.md',
    holds: 'how to work here, and messages from the strategist',
    writtenBy: 'loopyard',
  },
  { name: 'FEEDBACK.md', holds: 'why the last iteration was not enough', writtenBy: 'loopyard' },
  { name: 'HANDOFF.md', holds: 'where things stand, from iteration to iteration', writtenBy: 'loopyard' },
  { name: 'NOTES.md', holds: 'what earlier workers learned', writtenBy: 'loopyard, from remember' },
  { name: 'PREVIOUS_STATE.md', holds: 'STATE.md as the last worker left it', writtenBy: 'loopyard' },
  { name: 'STATE.md', holds: 'your own scratch pad for this iteration', writtenBy: 'you' },
] as const;

/**
 * Lays out what an iteration reads, outside the worktree. The worker's scratch pad is rolled over exactly once per
 * iteration, only here: copied, marked as copied, and only then emptied. A second call for the same iteration, after a
 * crash, finds the mark and copies nothing over the copy; no worker has written anything by then. The mark lies beside
 * the folder, where no worker is told to write.
 */
export async function layOutContext(
  rt: Rt,
  yard: Yard,
  loop: Loop & { workspace: Workspace },
  iteration: number,
): Promise<void> {
  const folder = contextFolder(rt, loop.id);
  const file = (name: string) => rt.files.join(folder, name);
  const mark = rt.files.join(loopFolder(rt, loop.id), '.iteration');
  if ((await rt.files.read(mark)) !== String(iteration)) {
    const state = await rt.files.read(file('STATE.md'));
    if (state !== undefined) await rt.files.write(file('PREVIOUS_STATE.md'), state);
    await rt.files.write(mark, String(iteration));
  }
  await rt.files.write(file('STATE.md'), '');
  await rt.files.write(file('PLAN.md'), plan(loop));
  await rt.files.write(file('INSTRUCTIONS.md'), instructions(loop));
  await rt.files.write(file('FEEDBACK.md'), await feedback(rt, loop));
  await rt.files.write(file('HANDOFF.md'), handoff(loop));
  await rt.files.write(file('NOTES.md'), notes(yard, loop));
  await rt.files.write(file('PROMPT.md'), await prompt(rt, loop, iteration, folder));
  await rt.files.remove(file('STOP.md'));
}

/** The file that a worker is given as its prompt when it goes on with the session of an earlier one. */
export const resumePrompt = 'RESUME.md';

/** What a worker must know that goes on where an earlier one was interrupted, and that is not in its session. */
export async function layOutResumption(
  rt: Rt,
  loop: Loop & { workspace: Workspace },
  iteration: number,
  broken: Interrupted | undefined,
): Promise<void> {
  const path = rt.files.join(contextFolder(rt, loop.id), resumePrompt);
  const end = broken?.worker.end;
  if (!broken || !end) return rt.files.remove(path);
  // Also what was told while the session went on: whoever had it may have come to nothing before it got in there.
  const news = loop.messages.filter(({ at }) => at >= broken.since).map(({ text }) => fence(text, 'text'));
  const text = [
    `You were interrupted, and go on now in the same session, as the worker of iteration ${iteration} of the loop ${loop.id}.`,
    `Why: ${interruptions[broken.resumed.why]} That was no fault of your work, and costs none of it.`,
    `Interrupted at ${new Date(end.run.endedAt).toISOString()}. What changed since:`,
    [
      `- Your worktree is as you left it: ${loop.workspace.path}`,
      '- Whatever you had started was ended, perhaps in the middle: look before you rely on it.',
      '- STATE.md lies in PREVIOUS_STATE.md now; STATE.md is empty.',
    ].join('\n'),
    ...(news.length > 0 ? ['# Messages from the strategist since you began', ...news] : []),
    'Goal, checks and rules are those of your first message. Go on where you were, and stop when you are done.\n',
  ];
  await rt.files.write(path, text.join('\n\n'));
}

const interruptions: Record<InfrastructureClass, string> = {
  authentication: 'the login of your program was refused.',
  quota: 'the limit of your account was reached.',
  rate_limit: 'the service limited its rate.',
  overloaded: 'the service was overloaded.',
  context_too_long: 'your memory was full.',
  model_unknown: 'the model was not known.',
  network: 'the service could not be reached.',
  hang: 'there was no sign of life from you for too long, so you were ended.',
  other: 'your process was lost.',
};

/** Lets a worker without our tools see that it is asked to end; a more impatient request takes the place of the first. */
export async function showStopRequest(rt: Rt, loop: string, text: string): Promise<void> {
  const path = rt.files.join(contextFolder(rt, loop), 'STOP.md');
  if ((await rt.files.read(path)) !== text) await rt.files.write(path, text);
}

function plan(loop: Loop): string {
  const criteria = loop.criteria.map((criterion) => `- ${criterion.replaceAll('\n', ' ')}`);
  return [
    `# Plan of loop ${loop.id}`,
    '## Goal',
    fence(loop.goal, 'text'),
    ...(criteria.length > 0 ? ['## Done means also', criteria.join('\n')] : []),
    '## Checks',
    'loopyard runs these itself, on a commit made from the worktree, in a clean directory. Only that decides.',
    loop.checks.map((check) => `- \`${check.argv.join(' ')}\``).join('\n'),
    '',
  ].join('\n\n');
}

function instructions(loop: Loop): string {
  const messages = loop.messages.map(({ text }) => fence(text, 'text'));
  return [
    '# Instructions',
    '- Work in the worktree only; everything you change there, except ignored files, becomes the candidate.',
    '- You need not commit. Do not switch branches, and do not rewrite history.',
    '- Do one iteration: make the checks pass, or get as far as you can, then stop.',
    '- Do not weaken tests, checks or their configuration to make them pass.',
    '- Write down in STATE.md what the next worker must know if you do not finish.',
    ...(messages.length > 0 ? ['## Messages from the strategist', ...messages] : []),
    '',
  ].join('\n\n');
}

function handoff(loop: Loop): string {
  const rows = loop.outcomes.slice(-10).map(({ iteration, result, reason }) => {
    const why = reason === undefined ? '' : `: ${brief(oneLine(reason), reasonLimit)}`;
    return `- iteration ${iteration}: ${result.replace('_', ' ')}${why}`;
  });
  return [
    '# Where things stand',
    rows.length > 0 ? fence(rows.join('\n'), 'text') : 'This is the first iteration.',
    '',
  ].join('\n\n');
}

function notes(yard: Yard, loop: Loop): string {
  const own = yard.notes.filter((note) => note.loop === loop.id).slice(-30);
  const others = yard.notes.filter((note) => note.loop !== loop.id).slice(-20);
  const list = (title: string, items: Yard['notes'], limit: number) => {
    const lines = items.map(({ text }) => `- ${oneLine(text)}`).join('\n');
    return items.length > 0 ? [`## ${title}`, fence(shorten(lines, limit, 'tail'), 'text')] : [];
  };
  return [
    '# Notes',
    ...list('Of this loop', own, notesLimit),
    ...list('Of other loops', others, othersLimit),
    '',
  ].join('\n\n');
}

const oneLine = (text: string) => plain(text).replaceAll('\n', ' ');

async function prompt(
  rt: Rt,
  loop: Loop & { workspace: Workspace },
  iteration: number,
  folder: string,
): Promise<string> {
  const lesson = await feedback(rt, loop);
  return [
    `You are the worker of iteration ${iteration} of the loop ${loop.id}. You start with an empty memory: everything you ` +
      'need is in files.',
    `Worktree (your working directory): ${loop.workspace.path}`,
    `Context folder: ${folder}`,
    contextFiles.map(({ name, holds }) => `- ${name}: ${holds}`).join('\n'),
    'If you have loopyard tools, load_context gives you the most important of this in one call.',
    '# Goal',
    fence(shorten(loop.goal, 6_000), 'text'),
    '# How it is judged',
    `When you stop, loopyard commits the worktree and runs: ${loop.checks.map(({ argv }) => `\`${argv.join(' ')}\``).join(', ')}. ` +
      'Your own word that it is done decides nothing.',
    ...(lesson ? [lesson] : []),
    instructions(loop),
  ].join('\n\n');
}
