import { expect, test } from 'vitest';
import { openFactWindow } from '../../../src/adapters/processes/fact-window.ts';

test('the newest facts are kept, and of the older ones what would be missed', () => {
  const window = openFactWindow();
  window.add([{ type: 'session', id: 's' }]);
  for (let n = 0; n < 30; n++)
    window.add([
      { type: 'usage', usage: { inputTokens: 1 } },
      { type: 'tool', name: 'edit' },
    ]);
  window.add([{ type: 'finished', text: 'done' }]);
  for (let n = 0; n < 100; n++) window.add([{ type: 'said', text: `${n}` }]);

  const facts = window.list();

  expect(facts.slice(0, 3)).toEqual([
    { type: 'session', id: 's' },
    { type: 'finished', text: 'done' },
    { type: 'usage', usage: { inputTokens: 30 } },
  ]);
  expect(facts.slice(3)).toEqual(Array.from({ length: 50 }, (_, n) => ({ type: 'said', text: `${n + 50}` })));
});

test('a program that tries again and again does not drive out what it did before', () => {
  const window = openFactWindow();
  window.add([{ type: 'tool', name: 'edit' }]);
  for (let n = 0; n < 100; n++) window.add([{ type: 'retrying', class: 'network', text: `${n}` }]);

  expect(window.list()).toEqual([
    { type: 'tool', name: 'edit' },
    { type: 'retrying', class: 'network', text: '99' },
  ]);
});

test('a text of a megabyte is shortened, and not in the middle of a character', () => {
  const window = openFactWindow();

  window.add([{ type: 'said', text: 'x'.repeat(1_000_000) }]);
  window.add([{ type: 'finished', text: `x${'€'.repeat(1_000)}` }]);

  expect(window.list()).toEqual([
    { type: 'said', text: 'x'.repeat(2_048) },
    { type: 'finished', text: `x${'€'.repeat(682)}` },
  ]);
});

test('the whole window stays below 64 KB, and what would be missed stays in it', () => {
  const window = openFactWindow();
  const text = '\u0001'.repeat(4_000);
  window.add([
    { type: 'session', id: 's' },
    { type: 'finished', text },
    { type: 'usage', usage: { inputTokens: 1 } },
  ]);
  for (let n = 0; n < 100; n++) window.add([{ type: 'said', text }]);

  const facts = window.list();

  expect(Buffer.byteLength(JSON.stringify({ facts }))).toBeLessThan(64 * 1024);
  expect(facts.map(({ type }) => type)).toEqual(['session', 'finished', 'usage', 'said', 'said', 'said']);
});

test('what became of what it was told outlives the window, the newest state of each and not without end', () => {
  const window = openFactWindow();
  for (const state of ['queued', 'taken'] as const) window.add([{ type: 'word', id: 'm', state }]);
  for (let n = 0; n < 200; n++) window.add([{ type: 'word', id: `${n}`, state: 'queued' }]);
  for (let n = 0; n < 50; n++) window.add([{ type: 'tool', name: 'edit' }]);

  const words = window.list().filter(({ type }) => type === 'word');

  expect(words[0]).toEqual({ type: 'word', id: 'm', state: 'taken' });
  expect(words).toHaveLength(60);
});
