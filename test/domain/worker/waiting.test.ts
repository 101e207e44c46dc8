import { describe, expect, test } from 'vitest';
import { type Fact, hasActed, infrastructureClasses } from '../../../src/domain/worker/run.ts';
import { isRefusal, patienceMs, retryOf } from '../../../src/domain/worker/waiting.ts';

const retrying: Fact = { type: 'retrying', class: 'network', text: 'x' };
const said: Fact = { type: 'said', text: 'x' };
const used: Fact = { type: 'usage', usage: { outputTokens: 1 } };

describe('a program', () => {
  test.each<[string, readonly Fact[], boolean]>([
    ['tries again', [said, retrying], true],
    [
      'does so whatever it was refused or used on the way',
      [retrying, { type: 'denied', what: 'x' }, used],
      true,
    ],
    ['has gone on', [retrying, said], false],
    ['has given up', [retrying, { type: 'fatal', class: 'network', text: 'x' }], false],
    ['has said nothing', [], false],
  ])('%s', (_title, facts, expected) => expect(retryOf(facts) !== undefined).toBe(expected));

  test.each<[string, readonly Fact[], boolean]>([
    ['said something', [said], true],
    ['used a tool', [{ type: 'tool', name: 'x' }], true],
    ['used tokens', [used], true],
    ['only began', [{ type: 'session', id: 's' }], false],
    ['only tried', [retrying], false],
    ['used nothing', [{ type: 'usage', usage: { inputTokens: 0, costUsd: 0 } }], false],
  ])('that %s has acted or not', (_title, facts, expected) => expect(hasActed(facts)).toBe(expected));
});

test('only a service that answers sends away', () => {
  expect(infrastructureClasses.filter(isRefusal)).toEqual(['quota', 'rate_limit', 'overloaded']);
});

test('one that may go elsewhere waits for one period, and any other for three', () => {
  expect([patienceMs(5, true), patienceMs(5, false)]).toEqual([5, 15]);
});
