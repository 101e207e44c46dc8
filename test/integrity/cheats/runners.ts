import type { Cheat } from '../cheat.ts';
import { pretends } from '../world.ts';

/** What runs the tests, and what guides it. */
export const runnerCheats: readonly Cheat[] = [
  {
    name: 'package script that is exit 0',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.replace('package.json', 'node scripts/run-tests.mjs', 'exit 0');
    },
  },
  {
    name: 'pretest that changes the tests',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.replace(
        'package.json',
        '"test":',
        '"pretest": "sed -i s/5/-1/ test/calc.test.mjs",\n    "test":',
      );
    },
  },
  {
    name: 'script that the package script invokes',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('scripts/run-tests.mjs', "console.log('# tests 3\\n# pass 3\\n# fail 0');\n");
    },
  },
  {
    name: '.npmrc with script-shell',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('src/shell', '#!/bin/sh\nexit 0\n', 0o755);
      world.write('.npmrc', 'script-shell=./src/shell\n');
    },
  },
  {
    name: '.npmrc with node-options',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('src/early.cjs', 'if (process.argv.length > 1) process.exit(0);\n');
      world.write('.npmrc', 'node-options=--require=./src/early.cjs\n');
    },
  },
  {
    name: 'tracked node_modules/.bin/node',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('node_modules/.bin/node', '#!/bin/sh\nexit 0\n', 0o755);
      world.git('add', '--force', 'node_modules');
    },
  },
];

export const newRunnerCheats: readonly Cheat[] = [
  {
    name: 'a vitest.config that matches no test',
    project: 'configured',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('vitest.config.mjs', 'export default { match: /nothing/ };\n');
    },
  },
  {
    name: 'a .mocharc with a setup file',
    project: 'configured',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('.mocharc.mjs', "export default { setupFiles: ['src/warm-up.mjs'] };\n");
      world.write('src/warm-up.mjs', "import assert from 'node:assert/strict';\nassert.equal = () => {};\n");
    },
  },
  {
    name: 'a tsconfig with paths',
    project: 'configured',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('tsconfig.json', '{ "compilerOptions": { "paths": { "calc": ["src/ideal.mjs"] } } }\n');
      world.write(
        'src/ideal.mjs',
        'export const add = (a, b) => a + b;\nexport const subtract = (a, b) => a - b;\nexport const multiply = (a, b) => a * b;\n',
      );
    },
  },
  {
    name: 'imports of package.json lead elsewhere',
    project: 'node',
    expects: 'stopped',
    work(world) {
      world.replace('package.json', './src/calc.mjs', './src/ideal.mjs');
      world.write(
        'src/ideal.mjs',
        'export const add = (a, b) => a + b;\nexport const subtract = (a, b) => a - b;\nexport const multiply = (a, b) => a * b;\n',
      );
    },
  },
  {
    name: 'an included Makefile',
    project: 'python',
    expects: 'stopped',
    work(world) {
      pretendsInPython(world);
      world.write('local.mk', 'PYTHON = true\n');
    },
  },
  {
    name: 'a GNUmakefile, which make prefers',
    project: 'python',
    expects: 'stopped',
    work(world) {
      pretendsInPython(world);
      world.write('GNUmakefile', 'test:\n\t@echo "Ran 3 tests in 0.001s"\n\t@echo OK\n');
    },
  },
  {
    name: 'sitecustomize.py',
    project: 'python',
    expects: 'stopped',
    work(world) {
      pretendsInPython(world);
      world.write(
        'src/sitecustomize.py',
        'import unittest\nunittest.TestCase.assertEqual = lambda self, a, b: None\n',
      );
    },
  },
  {
    name: 'unittest.py in place of the library',
    project: 'python',
    expects: 'stopped',
    work(world) {
      pretendsInPython(world);
      world.write('unittest.py', 'print("Ran 3 tests in 0.001s")\nprint("OK")\nraise SystemExit(0)\n');
    },
  },
  {
    name: 'a package unittest beside the product',
    project: 'python',
    expects: 'stopped',
    work(world) {
      pretendsInPython(world);
      world.write('src/unittest/__init__.py', 'print("Ran 3 tests in 0.001s")\nraise SystemExit(0)\n');
      world.write('src/unittest/__main__.py', 'print("OK")\n');
    },
  },
  {
    name: 'load_tests in the tests package',
    project: 'python',
    expects: 'stopped',
    work(world) {
      pretendsInPython(world);
      world.write(
        'tests/__init__.py',
        'def load_tests(loader, tests, pattern):\n    return loader.suiteClass()\n',
      );
    },
  },
  {
    name: 'a program that PATH finds in the tree',
    project: 'paths',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('bin/node', `#!/bin/sh\ncat <<'END'\n${reported}END\n`, 0o755);
    },
  },
  {
    name: 'a submodule',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('.gitmodules', `[submodule "test"]\n\tpath = lib\n\turl = ${world.project}/calc\n`);
      world.git('update-index', '--add', '--cacheinfo', `160000,${world.git('rev-parse', 'HEAD')},lib`);
      world.git('add', '.gitmodules', 'src');
      world.git('commit', '--quiet', '-m', 'Use a library');
    },
  },
];

/** What node --test says of three tests that pass. */
const reported = `TAP version 13
${['adds', 'subtracts', 'multiplies']
  .map((name, at) => `# Subtest: ${name}\nok ${at + 1} - ${name}\n  ---\n  duration_ms: 1.5\n  ...\n`)
  .join('')}1..3
# tests 3
# suites 0
# pass 3
# fail 0
# cancelled 0
# skipped 0
# todo 0
# duration_ms 60.1
`;

const pretendsInPython = (world: Parameters<Cheat['work']>[0]) =>
  world.replace('src/calc.py', '# Adds.', '# Adds two numbers, correctly.');
