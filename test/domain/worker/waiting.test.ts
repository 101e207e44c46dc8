import { describe, expect, test } from 'vitest';
import { type Fact, hasActed, type InfrastructureClass } from '../../../src/domain/worker/run.ts';
import { patienceMs, retryOf } from '../../../src/domain/worker/waiting.ts';

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
    [
      'does so though it was asked whether it is there',
      [retrying, { type: 'word', id: 'n', state: 'queued' }],
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

const period = 300_000;
test.each<[InfrastructureClass, number | undefined, number | undefined]>([
  ['rate_limit', period, 3 * period],
  ['quota', period, 3 * period],
  ['overloaded', period, 3 * period],
  ['authentication', 30_000, 30_000],
  ['model_unknown', 30_000, 30_000],
  ['network', undefined, undefined],
  ['hang', undefined, undefined],
])(
  'how long a program may try again after %s: with somewhere else to go, and without',
  (kind, short, long) => {
    expect([patienceMs(kind, period, true), patienceMs(kind, period, false)]).toEqual([short, long]);
  },
);
