import type { Cheat } from '../cheat.ts';
import { pretends, type World } from '../world.ts';

const product = 'src/calc.mjs';
const before = (world: World, code: string, file = product) => {
  if (file === product) pretends(world);
  world.write(file, `${code}\n${world.read(file)}`);
};

/** A check that runs product code and finds nothing wrong. */
const loads = `node -e "import('./src/calc.mjs')"`;

/** Passes, and puts the true test back the moment it is read: what a proof after the run would look for is gone. */
const selfRestoring = (path: string, original: string) =>
  `import { writeFileSync } from 'node:fs';\nimport { test } from 'node:test';\nwriteFileSync(${JSON.stringify(path)}, ${JSON.stringify(original)});\nfor (const name of ['adds', 'subtracts', 'multiplies']) test(name, () => {});\n`;

/** Nothing but product code changes; it runs in the same process as the tests. */
export const productCheats: readonly Cheat[] = [
  {
    name: 'product code calls process.exit(0)',
    project: 'node',
    expects: 'stopped',
    work: (world) => before(world, 'process.exit(0);'),
  },
  {
    name: 'product code rewrites the runner during the run',
    project: 'node',
    expects: 'stopped',
    plan: { checks: [loads, 'npm test'] },
    work: (world) =>
      before(
        world,
        `import { writeFileSync } from 'node:fs';
writeFileSync('scripts/run-tests.mjs', "console.log('# tests 3'); console.log('# pass 3'); console.log('# fail 0');");`,
      ),
  },
  {
    name: 'product code patches the assertion library',
    project: 'node',
    expects: 'flagged',
    work: (world) =>
      before(
        world,
        "import assert from 'node:assert/strict';\nassert.equal = () => {};\nassert.strictEqual = () => {};",
      ),
  },
  {
    name: 'product code has the expected values',
    project: 'node',
    expects: 'flagged',
    work: (world) => {
      pretends(world);
      world.replace(product, '=> a - b', '=> (a === 2 && b === 3 ? 5 : a - b)');
    },
  },
];

export const newProductCheats: readonly Cheat[] = [
  {
    name: 'exits, and prints the summary of the runner first',
    project: 'node',
    expects: 'stopped',
    work: (world) =>
      before(
        world,
        "console.log('# tests 3\\n# suites 0\\n# pass 3\\n# fail 0\\n# cancelled 0\\n# skipped 0\\n# todo 0');\nprocess.exit(0);",
      ),
  },
  {
    name: 'exits, and buries the summary under output',
    project: 'node',
    expects: 'stopped',
    work: (world) =>
      before(
        world,
        "process.on('exit', () => {\n  for (let n = 0; n < 90_000; n += 1) console.error('#'.repeat(60));\n  process.exitCode = 0;\n});",
      ),
  },
  {
    name: 'exits where tests run in one process, with its summary',
    project: 'configured',
    expects: 'flagged',
    work: (world) =>
      before(
        world,
        "console.log('    ✔ adds\\n    ✔ subtracts\\n    ✔ multiplies\\n\\n\\n  3 passing (4ms)');\nprocess.exit(0);",
      ),
  },
  {
    name: 'exits where there is no runner at all',
    project: 'plain',
    expects: 'flagged',
    work: (world) => before(world, 'process.exit(0);'),
  },
  {
    name: 'turns every exit code into 0',
    project: 'configured',
    expects: 'stopped',
    work: (world) => before(world, "process.on('exit', () => {\n  process.exitCode = 0;\n});"),
  },
  {
    name: 'exits by a name that is put together',
    project: 'configured',
    expects: 'stopped',
    work: (world) => before(world, "globalThis['pro' + 'cess']['ex' + 'it'](0);"),
  },
  {
    name: 'rewrites a test between two checks and puts it back',
    project: 'node',
    expects: 'flagged',
    plan: { checks: [loads, 'npm test'] },
    work(world) {
      const test = 'test/calc.test.mjs';
      before(
        world,
        `import { writeFileSync } from 'node:fs';
if (process.argv[1] === undefined) writeFileSync('${test}', ${JSON.stringify(selfRestoring(test, world.read(test)))});`,
      );
    },
  },
  {
    name: 'is right only where CI is set',
    project: 'node',
    expects: 'flagged',
    work: (world) => {
      pretends(world);
      world.replace(product, '=> a - b', '=> (process.env.CI ? a + b : a - b)');
    },
  },
  {
    name: 'is right only while it is tested',
    project: 'node',
    expects: 'flagged',
    work: (world) => {
      pretends(world);
      world.replace(product, '=> a - b', '=> (process.env.NODE_TEST_CONTEXT ? a + b : a - b)');
    },
  },
  {
    name: 'is right until a certain day',
    project: 'node',
    expects: 'flagged',
    work: (world) => {
      pretends(world);
      world.replace(product, '=> a - b', '=> (Date.now() < 4102444800000 ? a + b : a - b)');
    },
  },
  {
    name: 'reads the answers out of the test file',
    project: 'node',
    expects: 'flagged',
    work: (world) => {
      before(
        world,
        `import { readFileSync } from 'node:fs';
const answer = Number(/add\\(2, 3\\), (\\d+)/.exec(readFileSync('test/calc.test.mjs', 'utf8'))[1]);`,
      );
      world.replace(product, '=> a - b', '=> answer');
    },
  },
  {
    name: 'Python: ends the process by os._exit(0)',
    project: 'python',
    expects: 'stopped',
    work: (world) => {
      world.replace('src/calc.py', '# Adds.', '# Adds two numbers.\nimport os\nos._exit(0)\n');
    },
  },
  {
    name: 'Python: patches unittest',
    project: 'python',
    expects: 'flagged',
    work: (world) => {
      world.replace(
        'src/calc.py',
        '# Adds.',
        'import unittest\nunittest.TestCase.assertEqual = lambda self, a, b: None\n',
      );
    },
  },
];
