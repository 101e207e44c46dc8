import { expect, test } from 'vitest';
import { escapingLink } from '../../../src/adapters/git/symbolic-links.ts';

/** Counts how many bytes of paths are asked for: the work of a walk that looks up its way from the root each time. */
class CountedMap extends Map<string, string> {
  bytes = 0;
  override get(path: string): string | undefined {
    this.bytes += path.length;
    return super.get(path);
  }
}

const escaping = (links: Record<string, string>) => escapingLink(new Map(Object.entries(links)));

test('links are followed through other links when looking for an escape', () => {
  expect(escaping({ a: 'b', 'd/e': '../x', loop: 'loop' })).toBeUndefined();
  expect(escaping({ 'd/e': '../../x' })).toBe('d/e');
  expect(escaping({ a: '/etc' })).toBe('a');
  expect(escaping({ a: 'C:\\x' })).toBe('a');
  expect(escaping({ here: '.', a: 'here/here/../..' })).toBe('a');
  expect(escaping({ 'deep/er/up': '../..', b: 'deep/er/up/../x' })).toBe('b');
  expect(escaping({ b: 'deep/er/up/x', 'deep/er/up': '../..' })).toBeUndefined();
  expect(escaping({ a: 'b/../..', b: 'a', c: 'a/x', d: 'none/../x' })).toBeUndefined();
  expect(escaping({ a: 'x/b', 'x/b': '../..' })).toBe('a');
  expect(escaping({ '__proto__/x': '../toString', constructor: '../x' })).toBe('constructor');
});

test('long targets are walked with one look at each component', () => {
  const links = new CountedMap();
  for (let n = 0; n < 100; n++) links.set(`d${n}/link`, 'a/'.repeat(2047));
  const bytes = 100 * 4094;

  expect(escapingLink(links, 100 * 2048)).toBeUndefined();
  expect(links.bytes).toBeLessThan(2 * bytes);
  expect(escapingLink(links, 100 * 2048 - 1)).toBe('d99/link');
});

test('a target that many links lead through is walked once', () => {
  const links = new Map<string, string>();
  for (let n = 0; n < 1000; n++) links.set(`l${n}`, `l${n + 1}/../l${n + 1}`);
  links.set('l1000', 'd/e');

  expect(escapingLink(links, 3 * 1000 + 2)).toBe(undefined);
  links.set('out', 'l0/../../..');
  expect(escapingLink(links)).toBe('out');
});

test('a chain or a circle of any length ends', () => {
  const links = new Map<string, string>();
  for (let n = 0; n < 50_000; n++) links.set(`l${n}`, `l${n + 1}`);
  expect(escapingLink(links)).toBeUndefined();
  links.set('l50000', 'l0');
  expect(escapingLink(links)).toBeUndefined();
  links.set('l50000', '..');
  expect(escapingLink(links)).toBe('l0');
});

test('a target longer than any system follows counts as leading out', () => {
  expect(escaping({ a: 'x'.repeat(4095) })).toBeUndefined();
  expect(escaping({ a: 'é'.repeat(2048) })).toBe('a');
  expect(escaping({ a: 'x/'.repeat(200_000) })).toBe('a');
});
