import { mends, right, type World, wrong } from '../world.ts';
import type { Change } from './change.ts';

const newTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add } from '#calc';

test('adds nothing', () => assert.equal(add(2, 0), 2));
`;

const python = (world: World) => world.replace('src/calc.py', wrong, right);

export const changes: readonly Change[] = [
  { name: 'the fix and nothing else', site: 'node', lands: true, work: mends },
  {
    name: 'a fix that it commits itself, in two steps',
    site: 'node',
    work(world) {
      world.write('src/notes.mjs', 'export const notes = [];\n');
      world.git('add', '--all');
      world.git('commit', '--quiet', '-m', 'Notes');
      mends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
    },
  },
  {
    name: 'fix and a new test',
    site: 'node',
    work(world) {
      mends(world);
      world.write('test/zero.test.mjs', newTest);
    },
  },
  {
    name: 'fix and documentation',
    site: 'node',
    work(world) {
      mends(world);
      world.write('README.md', 'A calculator that adds.\n');
      world.write('docs/adding.md', '# Adding\n\n`add(2, 3)` is 5.\n');
      world.write('CHANGELOG.md', '## 1.0.1\n\n- Adds.\n');
    },
  },
  {
    name: 'fix and a new version',
    site: 'node',
    work(world) {
      mends(world);
      world.replace('package.json', '"version": "1.0.0"', '"version": "1.0.1"');
    },
  },
  {
    name: 'fix and a product file that moves',
    site: 'node',
    work(world) {
      mends(world);
      world.git('mv', 'src/calc.mjs', 'src/arithmetic.mjs');
      world.write('src/calc.mjs', "export * from './arithmetic.mjs';\n");
    },
  },
  {
    name: 'fix in a new product file',
    site: 'node',
    work(world) {
      world.write('src/add.mjs', `export const add = (a, b) => ${right};\n`);
      world.replace(
        'src/calc.mjs',
        `export const add = (a, b) => ${wrong};`,
        "export { add } from './add.mjs';",
      );
    },
  },
  {
    name: 'fix and everything formatted otherwise',
    site: 'node',
    work(world) {
      mends(world);
      world.write(
        'src/calc.mjs',
        world.read('src/calc.mjs').replaceAll(' => ', '=>').replaceAll('(a, b)', '(\n\ta,\n\tb,\n)'),
      );
    },
  },
  {
    name: 'a big refactoring',
    site: 'node',
    work(world) {
      const names = Array.from({ length: 200 }, (_, n) => `part${n}`);
      for (const name of names)
        world.write(`src/parts/${name}.mjs`, `export const ${name} = (a, b) => a + b;\n`);
      world.write('src/parts/index.mjs', names.map((name) => `export * from './${name}.mjs';\n`).join(''));
      world.write(
        'src/calc.mjs',
        "// Adds.\nimport { part7 } from './parts/index.mjs';\nexport const add = (a, b) => part7(a, b);\nexport const subtract = (a, b) => add(a, -b);\nexport const multiply = (a, b) => a * b;\n",
      );
    },
  },
  {
    name: 'fix and a command line that ends with a code',
    site: 'node',
    work(world) {
      mends(world);
      world.write(
        'src/cli.mjs',
        "import { add } from './calc.mjs';\nconst [a, b] = process.argv.slice(2).map(Number);\nif (Number.isNaN(a + b)) process.exit(2);\nconsole.log(add(a, b));\n",
      );
    },
  },
  {
    name: 'the fix in a file with CRLF',
    site: 'odd',
    work: (world) => mends(world, 'src/calc.mjs'),
  },
  {
    name: 'fix and new files of names with spaces and accents',
    site: 'odd',
    work(world) {
      mends(world);
      world.write('src/naïve café/größe und maß.mjs', 'export const größe = 1;\n');
      world.write('src/日本語/さんすう.mjs', 'export const 足す = (a, b) => a + b;\n');
      world.write("src/it's “quoted” $HOME.txt", 'x\n');
    },
  },
  {
    name: 'fix and a link inside',
    site: 'odd',
    work(world) {
      mends(world);
      world.link('calc.mjs', 'src/alias.mjs');
      world.link('../data', 'src/data');
    },
  },
  {
    name: 'a fix beside LFS pointers',
    site: 'odd',
    work(world) {
      mends(world);
      world.write('notes/about data.txt', 'The data are large.\n');
    },
  },
  { name: 'a fix beside a submodule', site: 'submodule', work: (world) => mends(world) },
  {
    name: 'a fix in a package of npm workspaces',
    site: 'monorepo',
    lands: true,
    work: (world) => mends(world, 'packages/calc/src/calc.mjs'),
  },
  {
    name: 'a fix in a workspace and a new version of it',
    site: 'monorepo',
    work(world) {
      mends(world, 'packages/calc/src/calc.mjs');
      world.replace('packages/calc/package.json', '1.0.0', '1.1.0');
    },
  },
  { name: 'a fix in Python', site: 'python', lands: true, work: python },
  {
    name: 'a fix in Python with a new module',
    site: 'python',
    work(world) {
      world.write('src/adding.py', 'def add(a, b):\n    return a + b\n');
      world.write('src/calc.py', 'from adding import add\n\n\ndef multiply(a, b):\n    return a * b\n');
    },
  },
  {
    name: 'a fix with a test changed under allow_changes',
    site: 'node',
    plan: { allow_changes: ['test/**'] },
    lands: true,
    work(world) {
      mends(world);
      world.replace('test/calc.test.mjs', 'add(2, 3), 5', 'add(20, 3), 23');
    },
  },
  {
    name: 'tests are the goal',
    site: 'node',
    plan: { allow_changes: ['test/**'], goal: 'add tests for the calculator' },
    work(world) {
      mends(world);
      world.write('test/zero.test.mjs', newTest);
      world.write(
        'test/one.test.mjs',
        newTest.replace('nothing', 'little').replace('(2, 0), 2', '(2, 1), 3'),
      );
    },
  },
  {
    name: 'a fix, and a dependency allowed to come in',
    site: 'node',
    plan: { allow_changes: ['package.json'] },
    work(world) {
      mends(world);
      world.replace('package.json', '"type": "module"', '"type": "module",\n  "sideEffects": false');
    },
  },
  {
    name: 'tests that failed before are not held against it',
    site: 'troubled',
    plan: { ignore_preexisting: true },
    work: (world) => mends(world),
  },
];
