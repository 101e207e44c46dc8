import { expect, test } from 'vitest';
import { classOf, fatal } from '../../../src/backends/reading/failure.ts';

const noon = new Date(2026, 10, 21, 12, 0, 0).getTime();

test.each([
  ['Request failed', 401, 'authentication'],
  ['Request failed', 402, 'quota'],
  ['Not found', 404, 'model_unknown'],
  ['Slow down', 429, 'rate_limit'],
  ['Oops', 529, 'overloaded'],
  ['unexpected status 503 Service Unavailable: x, url: http://127.0.0.1:404/', undefined, 'overloaded'],
  ['You exceeded your current quota, please check your plan', 429, 'quota'],
  ['You exceeded your current quota. Please retry in 20.5s.', 429, 'rate_limit'],
  ['API key not valid. Please pass a valid API key.', 400, 'authentication'],
  ["This model's maximum context length is 128000 tokens", 400, 'context_too_long'],
  ['models/none is not found for API version v1beta.', undefined, 'model_unknown'],
  ['fetch failed', undefined, 'network'],
  ['required MCP servers failed to initialize: connection closed', undefined, 'other'],
  ['Something else', undefined, 'other'],
])('%s (%s) is %s', (text, status, expected) => {
  expect(classOf(text, status)).toBe(expected);
});

test.each([
  ['Please try again in 20s.', 20_000],
  ['Try again in 1 hour 20 minutes', 4_800_000],
  ['Try again in 3 days, 4 hours and 5 minutes.', 273_900_000],
  ['"retryDelay":"7s"', 7_000],
  ['try again at 2:15 PM.', 8_100_000],
  ['try again at 11:00 AM.', 82_800_000],
  ['try again at Nov 23rd, 2026 1:00 PM.', 176_400_000],
  ['no word of it', undefined],
])('a limit that says %j ends after %s ms', (text, after) => {
  const { resetAt } = fatal(`rate limit: ${text}`, noon);
  expect(resetAt === undefined ? undefined : resetAt - noon).toBe(after);
});

test('the header goes before the words', () => {
  const told = { status: 429, headers: { 'retry-after': '2' } };
  expect(fatal('Please try again in 20s.', noon, told)).toMatchObject({ resetAt: noon + 2_000 });
});

test('only a limit ends by itself', () => {
  expect(fatal('Incorrect API key, retry after 20s', noon, { status: 401 })).not.toHaveProperty('resetAt');
});
