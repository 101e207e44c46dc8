// The worker of the demo: what a coding agent would be, as a script. It knows only what loopyard gives it.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const { LOOPYARD_CONTEXT: context, LOOPYARD_ITERATION: iteration } = process.env;
const prompt = readFileSync(0, 'utf8');
const feedback = readFileSync(join(context, 'FEEDBACK.md'), 'utf8');
const stop = join(context, 'STOP.md');

console.log(
  `iteration ${iteration}: a prompt of ${prompt.length} characters, ${feedback.length} of feedback`,
);
if (process.argv[2] === 'endless') await thinkUntilAsked();
else await improve();

/** Only the feedback tells the accents: without it this worker would never pass. */
async function improve() {
  await pause(1_200);
  const accents = feedback.includes('creme-brulee');
  console.log(accents ? 'the feedback names creme-brulee: accents have to go' : 'lower case will do');
  const steps = ["replaceAll(' ', '-')", 'toLowerCase()'];
  if (accents) steps.unshift("normalize('NFD')", String.raw`replace(/\p{M}/gu, '')`);
  const body = `return title.${steps.join('.')};`;
  writeFileSync(
    join('src', 'slug.js'),
    `/** A title as part of an address. */\nexport function slug(title) {\n  ${body}\n}\n`,
  );
  appendFileSync(join(context, 'STATE.md'), `Tried: ${body}\n`);
  await pause(800);
}

/** Works on and on, and ends when it is asked to, leaving half-finished work behind. */
async function thinkUntilAsked() {
  writeFileSync('IDEA.md', 'Half an idea: slugs in every script of the world.\n');
  console.log('thinking about every script of the world');
  while (!existsSync(stop)) await pause(100);
  console.log(`asked to stop: ${readFileSync(stop, 'utf8').match(/Request (\S+):/)?.[1]}`);
}
