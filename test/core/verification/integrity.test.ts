import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareWithBase, type Integrity } from '../../../src/core/verification/integrity.ts';
import { defaultConfig } from '../../../src/domain/settings/config.ts';
import type { Check } from '../../../src/domain/verification/verification.ts';
import { aRepository, type TestRepository } from '../../support/git-repo.ts';
import { opened } from '../../support/open-git.ts';

const files = {
  'src/add.js': 'export const add = (a, b) => a - b;\n',
  'test/add.test.js': 'assert.equal(add(20, 3), 23);\n',
  'package.json':
    '{ "version": "1.0.0", "scripts": { "test": "node scripts/run.js", "start": "node serve.js" } }\n',
  'scripts/run.js': 'import "../test/add.test.js";\n',
  'serve.js': 'serve();\n',
};
const npmTest: readonly Check[] = [{ name: 'npm test', argv: ['npm', 'test'], timeoutMs: 1 }];

/** What a change of that project comes to, and the paths and texts of the tree that is judged. */
async function judged(
  change: (repo: TestRepository) => Promise<unknown>,
  {
    allow = [],
    config = {},
    checks = npmTest,
  }: { allow?: readonly string[]; config?: Partial<typeof defaultConfig>; checks?: readonly Check[] } = {},
): Promise<Integrity & { shown: readonly string[]; text(path: string): Promise<string> }> {
  const repo = await aRepository({ files });
  const { git } = await opened(repo);
  const base = await repo.git('rev-parse', 'HEAD');
  await change(repo);
  const commit = await repo.commit();
  const rt = { git, config: { ...defaultConfig, ...config } };
  const integrity = await compareWithBase(rt, { commit, base, checks, allow });
  const entries = await git.entries(integrity.judged);
  return {
    ...integrity,
    shown: integrity.changes.map(({ fate, path }) => `${fate} ${path}`),
    async text(path) {
      const id = entries.find((entry) => entry.path === path)?.id ?? '';
      const blob = id && (await git.blobs([id], { maxBytes: 1_000 })).get(id);
      return blob ? Buffer.from(blob).toString() : 'not there';
    },
  };
}

test('a weakened test, a removed one and a rewritten runner script are judged as they were', async () => {
  const { shown, text } = await judged(async (repo) => {
    await repo.write({ 'test/add.test.js': '', 'scripts/run.js': '', 'src/add.js': 'mended\n' });
  });
  expect(shown).toEqual(['restored scripts/run.js', 'restored test/add.test.js']);
  expect(await text('test/add.test.js')).toBe(files['test/add.test.js']);
  expect(await text('scripts/run.js')).toBe(files['scripts/run.js']);
  expect(await text('src/add.js')).toBe('mended\n');
});

test('a folder of tests that became a link to elsewhere is a folder of tests again', async () => {
  const { shown, text } = await judged(async (repo) => {
    await rm(join(repo.path, 'test'), { recursive: true });
    await symlink('src', join(repo.path, 'test'));
  });
  expect(shown).toEqual(expect.arrayContaining(['restored test/add.test.js', 'dropped test']));
  expect(await text('test/add.test.js')).toBe(files['test/add.test.js']);
});

test('what is new and protected is not there while it is judged', async () => {
  const { shown, text } = await judged((repo) =>
    repo.write({
      '.npmrc': 'script-shell=/bin/true\n',
      'node_modules/.bin/node': '#!/bin/true\n',
      'src/new.js': 'x\n',
    }),
  );
  expect(shown).toEqual(['dropped .npmrc', 'dropped node_modules/.bin/node']);
  expect(await text('.npmrc')).toBe('not there');
  expect(await text('src/new.js')).toBe('x\n');
});

test('of a package.json only what decides nothing may change', async () => {
  const bumped = files['package.json'].replace('1.0.0', '1.1.0');
  const harmless = await judged((repo) => repo.write({ 'package.json': bumped }));
  expect(harmless.shown).toEqual(['harmless package.json']);
  expect(await harmless.text('package.json')).toBe(bumped);
  const cheat = await judged((repo) => repo.write({ 'package.json': '{ "scripts": { "test": "exit 0" } }' }));
  expect(cheat.shown).toEqual(['restored package.json']);
  expect(await cheat.text('package.json')).toBe(files['package.json']);
});

test('a test that a check names before it is there may be written, and not be changed once it is', async () => {
  const named = (path: string) => [
    { name: 'new', argv: ['node', '--test', path] as [string, ...string[]], timeoutMs: 1 },
  ];
  const added = await judged((repo) => repo.write({ 'test/new.test.js': 'x\n' }), {
    checks: named('./test/new.test.js'),
  });
  expect(added.shown).toEqual(['allowed test/new.test.js']);
  const changed = await judged((repo) => repo.write({ 'test/add.test.js': 'x\n' }), {
    checks: named('test/add.test.js'),
  });
  expect(changed.shown).toEqual(['restored test/add.test.js']);
});

test('a script that no check leads to is product code', async () => {
  const { shown, text } = await judged((repo) => repo.write({ 'serve.js': 'better();\n' }));
  expect(shown).toEqual([]);
  expect(await text('serve.js')).toBe('better();\n');
});

test.each([
  ['of the caller', { allow: ['test'] }],
  ['of the caller, as a glob', { allow: ['test/**'] }],
  ['of the user', { config: { allow_changes: ['*.test.js'] } }],
])('a change that is allowed %s is let through and shown', async (_title, more) => {
  const { shown, text } = await judged((repo) => repo.write({ 'test/add.test.js': 'new\n' }), more);
  expect(shown).toEqual(['allowed test/add.test.js']);
  expect(await text('test/add.test.js')).toBe('new\n');
});

test('the user protects more, and less', async () => {
  const config = { protected: ['golden/**', '!scripts/**'] };
  const change = (repo: TestRepository) => repo.write({ 'golden/a.txt': 'x', 'scripts/run.js': 'mine\n' });
  const { shown, text } = await judged(change, { config });
  expect(shown).toEqual(['dropped golden/a.txt']);
  expect(await text('scripts/run.js')).toBe('mine\n');
});

test('a rewritten object in the user’s repository hides no change', async () => {
  const repo = await aRepository({ files });
  const base = await repo.git('rev-parse', 'HEAD');
  const commit = await repo.commit({ 'test/add.test.js': '' });
  await repo.git('replace', commit, base);
  const { git } = await opened(repo);
  const integrity = await compareWithBase(
    { git, config: defaultConfig },
    { commit, base, checks: npmTest, allow: [] },
  );
  expect(integrity.restore).toEqual(['test/add.test.js']);
});

test('product code that gives back what the tests expect is judged, and told of', async () => {
  const { shown, findings } = await judged((repo) =>
    repo.write({ 'src/add.js': 'export const add = (a, b) => (a === 20 ? 23 : 0);\n' }),
  );
  expect(shown).toEqual([]);
  expect(findings).toMatchObject([{ kind: 'expected_value', path: 'src/add.js' }]);
});
