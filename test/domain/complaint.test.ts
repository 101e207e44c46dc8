import { expect, test } from 'vitest';
import * as z from 'zod';
import { complaint } from '../../src/domain/complaint.ts';

test.each<[string, z.ZodType, unknown, string]>([
  ['a text for a number', z.number(), 'abc', 'it takes a number.'],
  ['half a number', z.number().int(), 1.5, 'it takes a whole number.'],
  ['nothing at all', z.string(), undefined, 'it is missing, and takes a text.'],
  ['an empty text', z.string().min(1), '', 'it must not be empty.'],
  ['a long text', z.string().max(3), 'abcd', 'it takes at most 3 characters.'],
  ['too little', z.number().min(1), 0, 'it needs 1 or more.'],
  ['too much', z.number().max(50), 500, 'it takes at most 50.'],
  ['a long list', z.array(z.string()).max(1), ['a', 'b'], 'it takes at most 1 entries.'],
  ['another word', z.enum(['a', 'b']), 'c', 'it takes one of a, b.'],
  [
    'what a schema of ours refuses',
    z.string().refine(() => false, 'It is no port range'),
    'x',
    'It is no port range.',
  ],
])('%s is refused in our own words', (_, schema, value, sentence) => {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  expect(issue && complaint(issue)).toBe(sentence);
});
