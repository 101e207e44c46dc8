import { describe, expect, test } from 'vitest';
import {
  type Change,
  differsHarmlessly,
  overruled,
  protectedChanges,
} from '../../../src/domain/verification/integrity.ts';

const file = (path: string, kind: Change['kind'] = 'modified', mode = '100644'): Change => ({
  path,
  kind,
  mode,
});

function decided(
  changes: readonly Change[],
  allowed: readonly string[] = [],
  harmless: readonly string[] = [],
) {
  return protectedChanges(changes, {
    rule: (path) => (path.startsWith('test/') ? 'tests' : path === 'package.json' ? 'manifest' : undefined),
    allows: (path) => allowed.includes(path),
    harmless: new Set(harmless),
  });
}

describe('a protected path', () => {
  test.each<[Change['kind'], string]>([
    ['modified', 'restored'],
    ['deleted', 'restored'],
    ['type_changed', 'restored'],
    ['added', 'dropped'],
  ])('that was %s is %s', (kind, fate) =>
    expect(decided([file('test/a.js', kind)]).changes).toEqual([
      { path: 'test/a.js', kind, rule: 'tests', fate },
    ]),
  );

  test('is let through where its change is the goal, and told', () => {
    const found = decided([file('test/a.js'), file('test/b.js')], ['test/a.js']);
    expect(found).toMatchObject({ restore: ['test/b.js'], drop: [] });
    expect(found.changes[0]).toMatchObject({ path: 'test/a.js', fate: 'allowed' });
  });

  test('of which only what decides nothing changed is let through, and told', () => {
    const found = decided([file('package.json')], [], ['package.json']);
    expect(found).toMatchObject({ restore: [], drop: [], changes: [{ fate: 'harmless' }] });
  });

  test('that decides is something a person lands, and a new test is not', () => {
    const { changes } = decided([
      file('test/a.js'),
      file('test/new.js', 'added'),
      file('package.json', 'added'),
      file('test/b.js', 'deleted'),
    ]);
    expect(overruled(changes)).toEqual(['test/a.js', 'package.json', 'test/b.js']);
  });
});

test('product code is nobody’s business', () =>
  expect(decided([file('src/a.js'), file('README.md', 'deleted')])).toEqual({
    changes: [],
    restore: [],
    drop: [],
    submodules: [],
  }));

test.each<[string, readonly Change[], readonly string[]]>([
  ['a file where the folder was', [file('test/a.js', 'deleted'), file('test', 'added', '120000')], ['test']],
  [
    'a folder where the file was',
    [file('test/a', 'deleted'), file('test/a/b.txt', 'added')],
    ['test/a/b.txt'],
  ],
])('what stands in the way of a restored file goes: %s', (_title, changes, drop) =>
  expect(decided(changes).drop).toEqual(drop),
);

test('a submodule that was changed is refused unless it is allowed', () => {
  const changes = [file('lib/dep', 'modified', '160000'), file('.gitmodules')];
  expect(decided(changes).submodules).toEqual(['lib/dep', '.gitmodules']);
  expect(decided(changes, ['lib/dep', '.gitmodules']).submodules).toEqual([]);
});

test.each([
  ['a version', { version: '2' }, true],
  ['a description and a licence', { description: 'x', license: 'MIT' }, true],
  ['a script', { scripts: { test: 'exit 0' } }, false],
  ['a dependency', { dependencies: { a: '1' } }, false],
  ['where the package begins', { main: 'other.js' }, false],
  ['how files are read', { type: 'module' }, false],
  ['workspaces', { workspaces: ['a'] }, false],
])('a package.json that differs in %s', (_title, more, harmless) => {
  const before = { name: 'a', scripts: { test: 'node --test' }, version: '1' };
  expect(differsHarmlessly(JSON.stringify(before), JSON.stringify({ ...before, ...more }))).toBe(harmless);
});

test('a package.json that cannot be read is not harmless', () => {
  expect(differsHarmlessly('{', '{')).toBe(false);
  expect(differsHarmlessly('[]', '[]')).toBe(false);
});
