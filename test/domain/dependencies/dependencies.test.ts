import { describe, expect, test } from 'vitest';
import { decidesDependencies, planDependencies } from '../../../src/domain/dependencies/dependencies.ts';

/** A tree of these files; only what the plan asks for can be read. */
function planOf(files: Readonly<Record<string, string>>) {
  return planDependencies({
    paths: Object.keys(files).sort(),
    has: (path) => path in files,
    text: (path) => (decidesDependencies(path) ? files[path] : undefined),
  });
}

const needing = (own: object = {}) => JSON.stringify({ dependencies: { a: '1.0.0' }, ...own });

describe('what prepares a tree', () => {
  const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    npm: { 'package.json': needing(), 'package-lock.json': '{}' },
    pnpm: { 'package.json': needing(), 'pnpm-lock.yaml': '' },
    yarn: { 'package.json': needing(), 'yarn.lock': '' },
    bun: { 'package.json': needing(), 'bun.lock': '' },
    uv: { 'pyproject.toml': '', 'uv.lock': '' },
    poetry: { 'pyproject.toml': '', 'poetry.lock': '' },
    pipenv: { Pipfile: '', 'Pipfile.lock': '{}' },
    pip: { 'requirements.txt': 'a==1.0\n' },
    cargo: { 'Cargo.toml': '', 'Cargo.lock': 'source = "registry"\n', 'src/lib.rs': '' },
    go: { 'go.mod': '', 'go.sum': '' },
    maven: { 'pom.xml': '<version>1.0</version>' },
    gradle: { 'build.gradle': '', 'gradle.lockfile': '' },
    composer: { 'composer.json': '{}', 'composer.lock': '{}' },
    bundler: { Gemfile: '', 'Gemfile.lock': '' },
    mix: { 'mix.exs': '', 'mix.lock': '' },
    dotnet: { 'a.csproj': '', 'packages.lock.json': '{}' },
  };
  test.each(Object.entries(table))(
    '%s is known by its lock file, at the root and below',
    (manager, files) => {
      const moved = Object.fromEntries(
        Object.entries(files).map(([path, text]) => [`deep/er/${path}`, text]),
      );
      expect(planOf(files).parts).toMatchObject([{ manager, folder: '' }]);
      expect(planOf(moved).parts).toMatchObject([{ manager, folder: 'deep/er' }]);
      expect([...(planOf(files).parts[0]?.staged.keys() ?? [])].sort()).toEqual(Object.keys(files).sort());
    },
  );
});

test('without a lock file nothing is installed, and a note says so', () => {
  expect(planOf({ 'package.json': needing() })).toEqual({
    parts: [],
    notes: [expect.stringContaining('no lock file')],
  });
  expect(planOf({ 'requirements.txt': 'requests>=2\n' })).toEqual({
    parts: [],
    notes: [expect.stringContaining('requests>=2')],
  });
});

test('requirements that are pinned, included, hashed or files are exact; the files count', () => {
  const plan = planOf({
    'requirements.txt': '-r base.txt\n--find-links wheels\n./own.whl\nb==2 ; python_version > "3"\n',
    'base.txt': 'c==1 \\\n  --hash=sha256:00\n# d\n',
    'requirements-dev.txt': 'pytest==8.0.0\n',
    'requirements-docs.txt': 'sphinx\n',
    'own.whl': '',
    'wheels/e.whl': '',
  });
  expect([...(plan.parts[0]?.staged.keys() ?? [])].sort()).toEqual([
    'base.txt',
    'own.whl',
    'requirements-dev.txt',
    'requirements.txt',
    'wheels/e.whl',
  ]);
});

test('workspaces are counted once, at their root; what is no workspace and has a lock file of its own is another', () => {
  const { parts } = planOf({
    'package.json': JSON.stringify({ workspaces: ['packages/*', '!packages/old', 'tools/{a,b}'] }),
    'package-lock.json': '{}',
    'packages/one/package.json': needing(),
    'packages/one/package-lock.json': '{}',
    'packages/old/package.json': needing(),
    'packages/old/package-lock.json': '{}',
    'packages/one/deep/package.json': needing(),
    'tools/b/package.json': needing(),
    'site/package.json': needing(),
    'site/pnpm-lock.yaml': '',
  });
  expect(parts.map(({ manager, folder, members }) => [manager, folder, members])).toEqual([
    ['npm', '', ['packages/one', 'tools/b']],
    ['pnpm', 'site', []],
    ['npm', 'packages/old', []],
  ]);
});

test('the workspaces of pnpm are read from its own file', () => {
  const { parts } = planOf({
    'package.json': '{}',
    'pnpm-lock.yaml': '',
    'pnpm-workspace.yaml': 'packages:\n  # all\n  - "apps/*"\n  - libs/** # more\n\ncatalog:\n  a: 1\n',
    'apps/x/package.json': needing(),
    'libs/y/z/package.json': needing(),
    'other/package.json': needing(),
  });
  expect(parts[0]?.members).toEqual(['apps/x', 'libs/y/z']);
});

test('of two managers in one folder the named one counts, or else the first of the table', () => {
  const both = { 'pnpm-lock.yaml': '', 'package-lock.json': '{}' };
  expect(planOf({ ...both, 'package.json': needing() }).parts).toMatchObject([{ manager: 'pnpm' }]);
  expect(planOf({ ...both, 'package.json': needing({ packageManager: 'npm@11.0.0' }) }).parts).toMatchObject([
    { manager: 'npm' },
  ]);
});

test('samples and installed packages are not prepared', () => {
  const files = ['node_modules/a', 'test/fixtures/b', 'examples/c', 'vendor/d'].flatMap((folder) => [
    [`${folder}/package.json`, needing()],
    [`${folder}/package-lock.json`, '{}'],
  ]);
  expect(planOf(Object.fromEntries(files))).toEqual({ parts: [], notes: [] });
});

test('no script of the project is laid out; a local archive, a linked folder and its program are', () => {
  const { parts } = planOf({
    'package.json': JSON.stringify({
      workspaces: ['w'],
      dependencies: { b: 'file:./b.tgz', c: 'file:libs/c', w: '1.0.0' },
    }),
    'package-lock.json': '{}',
    '.npmrc': '',
    'b.tgz': '',
    'libs/c/package.json': '{}',
    'libs/c/index.js': '',
    'w/package.json': JSON.stringify({ bin: { w: './bin/w.js' } }),
    'w/bin/w.js': '#!/usr/bin/env node\n',
  });
  expect(Object.fromEntries(parts[0]?.staged ?? [])).toEqual({
    'package.json': 'without_scripts',
    'package-lock.json': 'whole',
    '.npmrc': 'whole',
    'b.tgz': 'whole',
    'libs/c/package.json': 'without_scripts',
    'w/package.json': 'without_scripts',
    'w/bin/w.js': 'first_line',
  });
});

test("a path that leads out of the tree is nobody's to lay out", () => {
  const { parts } = planOf({
    'package.json': JSON.stringify({ dependencies: { b: 'file:../../etc/b.tgz' } }),
    'package-lock.json': '{}',
  });
  expect([...(parts[0]?.staged.keys() ?? [])].sort()).toEqual(['package-lock.json', 'package.json']);
});
