import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backends } from '../../../src/backends/index.ts';
import { openRendering } from '../../../src/core/workers/transcript.ts';

const claude = backends.find(({ id }) => id === 'claude');
const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/transcripts/${name}.jsonl`, import.meta.url), 'utf8');

/** The rendering of a text that comes in pieces of so many characters. */
function rendered(text: string, size = text.length, backend = claude): string {
  const rendering = openRendering(backend, () => 0);
  let words = '';
  for (let at = 0; at < text.length; at += size) words += rendering.add(text.slice(at, at + size));
  return words + rendering.end();
}

test('a recorded session reads like somebody at work, however its bytes arrive', () => {
  const whole = rendered(fixture('claude'));
  expect(whole).toMatch(/^· session \S+\n/);
  expect(whole).toMatch(/^→ \w+$/m);
  expect(whole).toMatch(/^· used \d+ tokens/m);
  expect(whole).toMatch(/^✓ finished/m);
  expect(whole).not.toContain('{"');
  for (const size of [1, 7, 1_000]) expect(rendered(fixture('claude'), size)).toBe(whole);
});

test('why a session failed is its last word', () => {
  expect(rendered(fixture('claude.authentication')).trimEnd().split('\n').at(-1)).toMatch(
    /^✗ gave up \(authentication\): /,
  );
});

test('a notice that is no event stays, and what could steer a terminal does not', () => {
  expect(rendered('warning: \u001b[2Jnode is old\n{"type":"noise"}\n')).toBe('  warning: node is old\n');
});

test('what a plain command prints is what there is to read', () => {
  const command = backends.find(({ id }) => id === 'command');
  expect(rendered('{"a": 1}\nhalf', 3, command)).toBe('{"a": 1}\nhalf');
});
