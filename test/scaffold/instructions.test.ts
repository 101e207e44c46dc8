import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { holdKinds } from '../../src/domain/loop.ts';
import { filledTemplate } from '../../src/scaffold/templates.ts';
import { tools } from '../../src/tools/index.ts';

const at = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const instructions = readFileSync(at('instructions.md'), 'utf8');
const texts = [
  ['instructions.md', instructions] as const,
  ...readdirSync(at('scaffolding/templates')).map(
    (name) =>
      [
        name,
        filledTemplate(readFileSync(at(`scaffolding/templates/${name}`), 'utf8'), instructions),
      ] as const,
  ),
];

/** Everything a model may say to a strategist's tools, or be told by them: tools, fields, and the words of enums. */
const spoken = new Set<string>([...holdKinds, ...tools.map(({ name }) => name)]);
const allShapes = JSON.stringify(
  tools.map(({ input, output }) => [input.toJSONSchema(), output.toJSONSchema()]),
);
for (const [, word] of allShapes.matchAll(/"([a-z_]+)"/g)) if (word) spoken.add(word);

test('fits what the strictest client keeps, and its beginning stands alone', () => {
  expect(Buffer.byteLength(instructions)).toBeLessThanOrEqual(2_048);
  const beginning = instructions.slice(0, 512);
  for (const name of ['start_loop', 'status', 'merge']) expect(beginning).toContain(name);
});

test.each(texts)('%s names no tool or field that does not exist', (_, text) => {
  const named = [...text.matchAll(/\b[a-z]+(?:_[a-z]+)+\b|`([a-z]+)`/g)].map(
    ([word, quoted]) => quoted ?? word,
  );
  // A tool of loopyard as people read it, which is also the name of the skill.
  const unknown = named.filter((name) => name !== 'loopyard' && !spoken.has(name));
  expect(unknown).toEqual([]);
});

test('speaks of every tool of a strategist, every hold and every verdict but the one that needs nothing', () => {
  for (const { name, roles } of tools) {
    if (roles.includes('strategist')) expect(instructions).toContain(name);
  }
  for (const hold of holdKinds) expect(instructions).toContain(hold);
  for (const verdict of ['passed', 'failed', 'inconclusive', 'tampered'])
    expect(instructions).toContain(verdict);
});

test.each(texts)('%s has no place left unfilled', (_, text) => {
  expect(text).not.toMatch(/(?<!\{)\{(?:purpose|never|instructions|command)\}/);
});
