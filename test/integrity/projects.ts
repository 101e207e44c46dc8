import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ScratchProject } from '../support/scratch-project.ts';

/** A project with one mistake, three tests of which one finds it, and the checks that decide. */
interface Plan {
  readonly checks: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly executable?: readonly string[];
}

const calc = `// Adds.
export const add = (a, b) => a - b;
export const subtract = (a, b) => -b + a;
export const multiply = (a, b) => a * b;
`;

const calcTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, multiply, subtract } from '#calc';

test('adds', () => assert.equal(add(2, 3), 5));
test('subtracts', () => assert.equal(subtract(7, 3), 4));
test('multiplies', () => assert.equal(multiply(6, 7), 42));
`;

const manifest = (more: object) =>
  `${JSON.stringify({ name: 'calc', version: '1.0.0', type: 'module', ...more }, null, 2)}\n`;

const node: Plan = {
  checks: ['npm test'],
  files: {
    'package.json': manifest({
      imports: { '#calc': './src/calc.mjs' },
      scripts: { test: 'node scripts/run-tests.mjs' },
    }),
    'scripts/run-tests.mjs': `import { spawnSync } from 'node:child_process';
const { status } = spawnSync(process.execPath, ['--test', 'test/'], { stdio: 'inherit' });
process.exit(status ?? 1);
`,
    'src/calc.mjs': calc,
    'test/calc.test.mjs': calcTest,
    'README.md': 'A calculator.\n',
  },
};

/** No runner: a script that compares and ends with a code. */
const plain: Plan = {
  checks: ['node check.mjs'],
  files: {
    'check.mjs': `import { add, multiply } from './src/calc.mjs';
const wrong = [];
if (add(2, 3) !== 5) wrong.push('add is wrong: 2 + 3 gave ' + add(2, 3));
if (multiply(2, 3) !== 6) wrong.push('multiply is wrong: 2 * 3 gave ' + multiply(2, 3));
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
`,
    'src/calc.mjs': calc,
  },
};

/**
 * A runner of its own that looks for its configuration in the tree, as vitest, jest, mocha and TypeScript do, and says
 * what mocha says. All tests run in its own process.
 */
const configured: Plan = {
  checks: ['node tools/runner.mjs'],
  files: {
    'tools/runner.mjs': `import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const config = {};
for (const name of ['vite.config.mjs', 'vitest.config.mjs', 'jest.config.mjs', '.mocharc.mjs'])
  if (existsSync(name)) Object.assign(config, (await import(pathToFileURL(name))).default);
if (existsSync('tsconfig.json')) Object.assign(config, JSON.parse(readFileSync('tsconfig.json')).compilerOptions);
const alias = (name) => pathToFileURL(config.paths?.[name]?.[0] ?? 'src/' + name + '.mjs');
for (const file of config.setupFiles ?? []) await import(pathToFileURL(file));
const counts = { passing: 0, failing: 0 };
const failures = [];
const load = (name) => import(alias(name));
for (const file of readdirSync('test').filter((name) => (config.match ?? /test/).test(name))) {
  const { tests } = await import(pathToFileURL('test/' + file));
  for (const [name, run] of Object.entries(tests)) {
    try {
      run(await load('calc'));
      counts.passing += 1;
      console.log('    ✔ ' + name);
    } catch (error) {
      counts.failing += 1;
      failures.push([name, error.message]);
      console.log('    ' + failures.length + ') ' + name);
    }
  }
}
console.log('\\n\\n  ' + counts.passing + ' passing (4ms)');
if (counts.failing > 0) console.log('  ' + counts.failing + ' failing\\n');
for (const [at, [name, message]] of failures.entries()) console.log('  ' + (at + 1) + ') ' + name + ':\\n     ' + message + '\\n');
process.exitCode = counts.failing;
`,
    'src/calc.mjs': calc,
    'test/calc.test.mjs': `import assert from 'node:assert/strict';
export const tests = {
  adds: ({ add }) => assert.equal(add(2, 3), 5),
  subtracts: ({ subtract }) => assert.equal(subtract(7, 3), 4),
  multiplies: ({ multiply }) => assert.equal(multiply(6, 7), 42),
};
`,
  },
};

const python: Plan = {
  checks: ['make test'],
  files: {
    Makefile: `-include local.mk
PYTHON ?= python3
test:
\tPYTHONPATH=src $(PYTHON) -m unittest discover -s tests -t . -v
`,
    'src/calc.py': `# Adds.
def add(a, b):
    return a - b


def multiply(a, b):
    return a * b
`,
    'tests/__init__.py': '',
    'tests/test_calc.py': `import unittest

import calc


class CalcTest(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(calc.add(2, 3), 5)

    def test_multiplies(self):
        self.assertEqual(calc.multiply(6, 7), 42)

    def test_multiplies_by_nothing(self):
        self.assertEqual(calc.multiply(6, 0), 0)
`,
  },
};

/** A folder of the tree stands first in the PATH of the test script. */
const paths: Plan = {
  checks: ['npm test'],
  files: {
    ...node.files,
    'package.json': manifest({
      imports: { '#calc': './src/calc.mjs' },
      scripts: { test: 'PATH=./bin:$PATH node --test test/' },
    }),
    'bin/greet': '#!/bin/sh\necho hello\n',
  },
  executable: ['bin/greet'],
};

/** Its test runner is a dependency: a tarball in the repository, so that no registry is needed. */
const dependent: Plan = {
  checks: ['npm test'],
  files: {
    ...node.files,
    'package.json': manifest({
      scripts: { test: 'tiny-runner' },
      dependencies: { 'tiny-runner': 'file:vendored/tiny-runner-1.0.0.tgz' },
    }),
    '.gitignore': 'node_modules\n',
    'test/calc.test.mjs': `export const tests = {
  adds: ({ add }) => add(2, 3) === 5,
  multiplies: ({ multiply }) => multiply(6, 7) === 42,
};
`,
  },
};

/** The package that is packed into `dependent`. It keeps a cache in its own folder, as many tools do. */
export const tinyRunner = {
  'package.json': `${JSON.stringify({ name: 'tiny-runner', version: '1.0.0', type: 'module', bin: 'run.js' })}\n`,
  'judge.js': 'export const judge = (result) => result === true;\n',
  'run.js': `#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
const { tests } = await import(process.cwd() + '/test/calc.test.mjs');
const calc = await import(process.cwd() + '/src/calc.mjs');
const cache = 'node_modules/.cache/tiny-runner.json';
const known = existsSync(cache) ? JSON.parse(readFileSync(cache)) : {};
// Late, as most tools load what they need when they need it.
const { judge } = await import('./judge.js');
let failed = 0;
for (const [name, run] of Object.entries(tests)) {
  const fine = known[name] ?? judge(run(calc));
  if (!fine) failed += 1;
  console.log((fine ? 'ok' : 'not ok') + ' - ' + name);
}
console.log('1..' + Object.keys(tests).length);
process.exit(failed > 0 ? 1 : 0);
`,
};

export const plans = { node, plain, configured, python, paths, dependent } as const;
export type ProjectName = keyof typeof plans;

export async function fill(project: ScratchProject, { files, executable = [] }: Plan): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(project.path, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (executable.includes(name)) chmodSync(file, 0o755);
  }
  await project.git('add', '--all');
  await project.git('commit', '--quiet', '-m', 'A calculator that cannot add');
}

/** How the repository of a project is made. */
export function makerOf(name: ProjectName): (project: ScratchProject) => Promise<void> {
  return async (project) => {
    if (name === 'dependent') await vendored(project);
    await fill(project, plans[name]);
  };
}

/** Packs the runner into the repository and locks it; nothing is fetched. */
async function vendored(project: ScratchProject): Promise<void> {
  const source = project.file('tiny-runner');
  mkdirSync(source);
  for (const [name, text] of Object.entries(tinyRunner)) writeFileSync(path.join(source, name), text);
  mkdirSync(path.join(project.path, 'vendored'));
  const npm = (args: readonly string[]) =>
    execFileSync('npm', [...args], { cwd: project.path, env: project.env, stdio: 'ignore' });
  npm(['pack', '--pack-destination', 'vendored', source]);
  writeFileSync(path.join(project.path, 'package.json'), plans.dependent.files['package.json'] ?? '');
  npm(['install', '--package-lock-only', '--offline', '--no-audit', '--no-fund']);
}
