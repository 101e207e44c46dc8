import { describe, expect, test } from 'vitest';
import {
  asLoopyardError,
  type ErrorCode,
  errorCodes,
  errorKinds,
  LoopyardError,
} from '../../src/domain/errors.ts';
import { Id, isUsableId, loopIdFrom } from '../../src/domain/ids.ts';
import { Config, defaultConfig, limitsFor } from '../../src/domain/settings/config.ts';
import { defaultLimits } from '../../src/domain/worker/budget.ts';

describe('an id from a goal', () => {
  test.each([
    ['Fix the login redirect', 'fix-login-redirect-7k2m'],
    ['Please make it so that the tests pass', 'tests-pass-7k2m'],
    ['Größe der Übersicht ändern', 'gro-e-der-ubersicht-andern-7k2m'],
    ['Café déjà vu', 'cafe-deja-vu-7k2m'],
    ['修复登录', 'loop-7k2m'],
    ['🚀🔥👩‍👩‍👧', 'loop-7k2m'],
    ['', 'loop-7k2m'],
    ['the of in', 'loop-7k2m'],
    ['---', 'loop-7k2m'],
    ['../../etc/passwd', 'etc-passwd-7k2m'],
    ['con', 'con-7k2m'],
    ['Upgrade to Node 20.19', 'upgrade-node-20-19-7k2m'],
    ['one two three four five six seven', 'one-two-three-four-five-7k2m'],
  ])('%j becomes %s', (goal, id) => {
    expect(loopIdFrom(goal, '7k2m')).toBe(id);
    expect(isUsableId(id)).toBe(true);
  });

  test.each([
    ['one word', 'x'.repeat(1_000_000)],
    ['many words', 'fix login '.repeat(100_000)],
    ['marks that combine', `e${'\u0301'.repeat(1_000_000)}`],
    ['a ligature that grows', '\ufdfa'.repeat(300_000)],
  ])('stays an id for a megabyte of %s', (_what, goal) => {
    expect(loopIdFrom(goal, '7k2m')).toMatch(/^[a-z0-9-]{6,40}$/);
  });

  test.each([
    'con',
    'prn',
    'aux',
    'nul',
    'com1',
    'lpt9',
    '-a',
    'a_b',
    'A',
    'a.b',
    'a/b',
    '',
    'é',
    'x'.repeat(49),
  ])('%j cannot be one', (text) => expect(isUsableId(text)).toBe(false));

  test.each(['a', '0', 'console', 'com', 'con-1', 'x'.repeat(48)])('%j can', (text) => {
    expect(isUsableId(text)).toBe(true);
    expect(Id.safeParse(text).success).toBe(true);
  });

  test('a line break at its end does not slip through', () => expect(isUsableId('a\n')).toBe(false));
});

describe('the configuration', () => {
  test('is complete without a word from anybody', () => {
    expect(Config.parse({})).toEqual(defaultConfig);
    expect(limitsFor(defaultConfig, {})).toEqual(defaultLimits);
  });

  test('refuses a misspelt key and a value out of range', () => {
    for (const wrong of [
      { max_loop: 3 },
      { max_loops: 0 },
      { max_loops: 1.5 },
      { max_verifications: 65 },
      { limits: { iterations: 0 } },
      { limits: { iteration: 1 } },
      { stop_grace_seconds: -1 },
      { checks: { test: ['npm', 'test'] } },
    ])
      expect(Config.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  });

  test('the caller comes before the file, and the file before the defaults', () => {
    const config = Config.parse({ limits: { iterations: 7, tokens: 9 } });
    expect(limitsFor(config, { tokens: 5 })).toEqual({ ...defaultLimits, iterations: 7, tokens: 5 });
  });

  test('a limit that is named without a value is one that was not named', () => {
    const asked = { iterations: undefined, tokens: undefined } as unknown as Parameters<typeof limitsFor>[1];
    expect(limitsFor(Config.parse({ limits: { tokens: 9 } }), asked)).toEqual({
      ...defaultLimits,
      tokens: 9,
    });
  });
});

describe('errors', () => {
  test.each(Object.entries(errorCodes))(
    '%s has a kind, and whole sentences as its hint',
    (code, { kind, hint }) => {
      expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
      expect(Object.keys(errorKinds)).toContain(kind);
      expect(hint).toMatch(/^[A-Za-z].{15,}\.$/);
      const error = new LoopyardError(code as ErrorCode, 'A message.');
      expect([error.kind, error.hint]).toEqual([kind, hint]);
    },
  );

  test('every kind has an exit code of its own, none of them 0 or 1', () => {
    const exits = Object.values(errorKinds).map(({ exitCode }) => exitCode);
    expect(exits).toEqual([2, 3, 4, 70]);
  });

  test('what is ours stays as it is; what is not becomes INTERNAL without its words', () => {
    const ours = new LoopyardError('BUSY', 'Somebody writes.', { holder: 'keeper' });
    expect(asLoopyardError(ours)).toBe(ours);
    for (const thrown of [new TypeError('secret'), 'secret', undefined, null]) {
      const error = asLoopyardError(thrown);
      expect(error.code).toBe('INTERNAL');
      expect(error.message).not.toContain('secret');
      expect(error.cause).toBe(thrown);
    }
  });
});
