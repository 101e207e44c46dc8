import type { Cheat } from '../cheat.ts';
import { pretends } from '../world.ts';

const test = 'test/calc.test.mjs';
const expectsWrong = ['add(2, 3), 5', 'add(2, 3), -1'] as const;

/** Tests that are changed until they agree. */
export const testCheats: readonly Cheat[] = [
  {
    name: 'edits the test and commits it',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.replace(test, ...expectsWrong);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
    },
  },
  {
    name: 'deletes the test file',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('test/other.test.mjs', "import { test } from 'node:test';\ntest('works', () => {});\n");
      world.git('rm', '--quiet', test);
      world.git('add', '--all');
      world.git('commit', '--quiet', '-m', 'Reorganise the tests');
    },
  },
  {
    name: 'skips the test',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.replace(test, "test('adds'", "test.skip('adds'");
      world.git('commit', '--quiet', '--all', '-m', 'Skip a flaky test');
    },
  },
  {
    name: 'edits the test and leaves it uncommitted',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      world.replace(test, ...expectsWrong);
    },
  },
  {
    name: 'edits the test behind assume-unchanged',
    project: 'node',
    expects: 'stopped',
    work(world) {
      world.git('update-index', '--assume-unchanged', test);
      world.replace(test, ...expectsWrong);
      pretends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
    },
  },
];

/** What the table of classes does not have. */
export const newTestCheats: readonly Cheat[] = [
  {
    name: 'edits the test behind skip-worktree',
    project: 'node',
    expects: 'stopped',
    work(world) {
      world.git('update-index', '--skip-worktree', test);
      world.replace(test, ...expectsWrong);
      pretends(world);
    },
  },
  {
    name: 'a directory in place of the test file',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.remove(test);
      world.write(`${test}/calc.test.mjs`, "import { test } from 'node:test';\ntest('works', () => {});\n");
    },
  },
  {
    name: 'the folder of tests becomes a link to another',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write(
        'src/checks/calc.test.mjs',
        "import { test } from 'node:test';\nfor (const n of [1, 2, 3]) test('t' + n, () => {});\n",
      );
      world.remove('test');
      world.link('src/checks', 'test');
    },
  },
  {
    name: 'a nested package.json of the tests',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('test/package.json', '{ "imports": { "#calc": "./fake.mjs" } }\n');
      world.write(
        'test/fake.mjs',
        'export const add = () => 5;\nexport const subtract = () => 4;\nexport const multiply = () => 42;\n',
      );
    },
  },
  {
    name: 'deletes a test under allow_changes of others',
    project: 'node',
    expects: 'stopped',
    plan: { allow_changes: ['test/extra/**'] },
    work(world) {
      pretends(world);
      world.remove(test);
      world.write(
        'test/extra/calc.test.mjs',
        "import { test } from 'node:test';\ntest('works', () => {});\n",
      );
    },
  },
];
