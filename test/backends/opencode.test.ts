import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backend } from '../../src/backends/opencode.ts';

const recorded = new URL('../fixtures/transcripts/opencode.rate_limit-retried.jsonl', import.meta.url);

test('tells of every vain attempt, which only its log does, and not of a title that failed', () => {
  const reader = backend.reader(() => 0);
  const logged = readFileSync(recorded, 'utf8')
    .split('\n')
    .flatMap((line) => /^#err (.*)/.exec(line)?.[1] ?? []);

  const facts = logged.flatMap((line) => reader.errorLine?.(line) ?? []);
  expect(facts.map(({ type }) => type)).toEqual(['retrying', 'retrying', 'retrying', 'retrying']);
  expect(facts[0]).toEqual({
    type: 'retrying',
    class: 'rate_limit',
    text: 'Rate limit reached for model on requests per min. Please try again in 20s.',
  });
});
