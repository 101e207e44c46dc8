import { expect, test } from 'vitest';
import { contextFolder } from '../../src/core/places.ts';
import { jsonBytes } from '../../src/domain/text.ts';
import { toResult } from '../../src/edges/mcp/answer.ts';
import { loadContext } from '../../src/tools/catalog/load_context.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aYard } from '../support/yard-builder.ts';

async function loaded(files: Readonly<Record<string, string>>) {
  const world = await aToolWorld(aYard().withLoop({ state: 'working' }).build());
  const folder = contextFolder(world.rt, 'l');
  for (const [name, text] of Object.entries(files))
    await world.rt.files.write(world.rt.files.join(folder, name), text);
  const answer = await world.callAs('l-w', loadContext);
  expect(toResult(answer).structuredContent).toEqual(answer);
  const read = answer.files as { name: string; text: string }[];
  return { answer, folder, text: (name: string) => read.find((file) => file.name === name)?.text ?? '' };
}

test('the newest message of the strategist is there however many came before', async () => {
  const long = 'the rules\n'.repeat(1_000);
  const { text, folder } = await loaded({
    'PLAN.md': `the goal first\n${long}`,
    'INSTRUCTIONS.md': `${long}the newest message`,
    'FEEDBACK.md': `the verdict first\n${long}`,
    'NOTES.md': 'a short note',
  });
  expect(text('INSTRUCTIONS.md')).toMatch(/the newest message$/);
  expect(text('INSTRUCTIONS.md')).toContain(`the whole is in ${folder}/INSTRUCTIONS.md`);
  expect(text('PLAN.md')).toMatch(/^the goal first/);
  expect(text('PLAN.md')).toContain(`the whole is in ${folder}/PLAN.md`);
  expect(text('FEEDBACK.md')).toMatch(/^the verdict first/);
  expect(text('NOTES.md')).toBe('a short note');
});

test('a file that is alone with the room has all of it', async () => {
  const plan = 'x'.repeat(6_000);
  const { text } = await loaded({ 'PLAN.md': plan, 'STATE.md': 'short' });
  expect(text('PLAN.md')).toBe(plan);
});

test.each(['x', '"\n', '\u65e5', '\u{1f600}', '\u001b'])(
  'it fits into an answer whatever a worker wrote: %j',
  async (filler) => {
    const names = ['PLAN', 'INSTRUCTIONS', 'FEEDBACK', 'HANDOFF', 'NOTES', 'PREVIOUS_STATE', 'STATE'];
    const { answer } = await loaded(
      Object.fromEntries(names.map((name) => [`${name}.md`, `a${filler.repeat(20_000)}`])),
    );
    expect(jsonBytes(answer)).toBeLessThanOrEqual(8_192);
    expect(JSON.stringify(answer)).not.toMatch(/\\ud[89a-f]/);
  },
);
