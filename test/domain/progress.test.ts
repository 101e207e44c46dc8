import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/loop.ts';
import { failureSignature, stuck } from '../../src/domain/progress.ts';

/** `A1`: failed with tree A and signature 1. `-`: nothing changed. `x`: worker lost. `+A`: passed. `^`: bounced. */
function outcomes(story: string): readonly Outcome[] {
  return story.split(' ').map((word, index) => {
    const base = { iteration: index + 1, at: 100 + index };
    if (word === '-') return { ...base, result: 'nothing_changed' };
    if (word === 'x') return { ...base, result: 'worker_lost' };
    if (word === '^') return { ...base, result: 'bounced' };
    if (word.startsWith('+')) return { ...base, result: 'passed', tree: word.slice(1) };
    if (word.startsWith('!'))
      return { ...base, result: 'tampered', tree: word.charAt(1), signature: word.slice(2) };
    return { ...base, result: 'failed', tree: word.charAt(0), signature: word.slice(1) };
  });
}

describe('a loop is stuck', () => {
  test.each([
    ['- - -', /changed nothing/],
    ['A1 - - -', /changed nothing/],
    ['- x - x -', /changed nothing/],
    ['A1 A1 A1', /same files/],
    ['A1 A2 A3', /same files/],
    ['A1 !A1 A1', /same files/],
    ['A1 B1 A1 B1', /circles/],
    ['A1 B2 A1 B2', /circles/],
    ['C9 A1 x B2 A1 B2', /circles/],
    ['A1 B1 C1 D1 E1 F1', /6 iterations in a row failed in the same way/],
  ])('after %s', (story, reason) => expect(stuck(outcomes(story))).toMatch(reason));

  test.each([
    '-',
    '- -',
    '- A1 -',
    'x x x x x',
    'A1 A1',
    'A1 B1 C1',
    'A1 B1 C1 D1 E1',
    'A1 B1 C1 D2 E1 F1',
    'A1 B2 A3',
    'A1 B2 C3 D4 E5 F6 G7',
    '+A ^ +B ^ +C',
  ])('but not after %s', (story) => expect(stuck(outcomes(story))).toBeUndefined());

  test('and is judged afresh from its release on', () => {
    const three = outcomes('- - -');
    expect(stuck(three, 99)).toBeDefined();
    expect(stuck(three, 100)).toBeUndefined();
    expect(
      stuck([...three, ...outcomes('- -').map((one) => ({ ...one, at: one.at + 50 }))], 110),
    ).toBeUndefined();
  });
});

describe('the signature of a failure', () => {
  const signature = (tail: string) => failureSignature([{ name: 'npm test', tail }]);

  test.each([
    ['times', 'FAIL login (13 ms) at 10:20:31', 'FAIL login (7.25 ms) at 23:59:02'],
    ['dates', '2026-01-02T03:04:05.678Z boom', '2027-11-12T13:14:15.999Z boom'],
    ['addresses', 'at 0x7ffeA0 in main', 'at 0x10 in main'],
    ['colours', '\u001b[31mFAIL\u001b[0m login', 'FAIL login'],
    ['rooms', 'at /tmp/rooms/v-1abc/app/src/a.ts:3', 'at /home/u/rooms/v-2def/app/src/a.ts:3'],
    ['spaces', 'FAIL \t login  ', 'FAIL login'],
  ])('is the same for different %s', (_what, one, other) => expect(signature(one)).toBe(signature(other)));

  test.each([
    ['messages', 'Expected true', 'Expected false'],
    ['files', 'at /app/src/a.ts:3', 'at /app/src/b.ts:3'],
  ])('differs for different %s', (_what, one, other) => expect(signature(one)).not.toBe(signature(other)));

  test('differs for another failing check, and with the number of failing checks', () => {
    const lint = { name: 'lint', tail: 'boom' };
    const unit = { name: 'unit', tail: 'boom' };
    expect(new Set([[lint], [unit], [lint, unit], []].map(failureSignature)).size).toBe(4);
  });

  test('stays short and quick however much was printed', () => {
    const flood = `${'/a'.repeat(200_000)}${'7'.repeat(100_000)} ${'x '.repeat(200_000)}`;
    const before = performance.now();
    expect(signature(flood).length).toBeLessThan(2_100);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
