import { expect, test } from 'vitest';
import { runnerScripts } from '../../../src/domain/verification/runner-scripts.ts';

const scripts = {
  test: 'npm run build && node --test t/a.mjs t/b.mjs',
  pretest: 'node scripts/pre.js',
  build: 'esbuild src/index.ts --config=./es.config.js --outfile=dist/i.js',
  start: 'node server.js',
  lint: 'eslint src/lint-me.js -c lint.config.js',
};

function named(line: string, path: string, cwd?: string): boolean {
  const inner = /^sh -c '(.*)'$/.exec(line)?.[1];
  const [program = '', ...args] = inner === undefined ? line.split(' ') : ['sh', '-c', inner];
  const check = { argv: [program, ...args] as [string, ...string[]], ...(cwd === undefined ? {} : { cwd }) };
  return runnerScripts([check], [{ folder: '', scripts }]).has(path);
}

test.each([
  ['node check.mjs', 'check.mjs'],
  ['node ./ci/check.mjs --fast', 'ci/check.mjs'],
  ['./run.sh', 'run.sh'],
  ["sh -c 'make && ./ci/run.sh'", 'ci/run.sh'],
  ['env A=1 python tools/check.py', 'tools/check.py'],
  ['python -m tools.check', 'tools/check.py'],
  ['node --import ./hook.mjs app.mjs', 'hook.mjs'],
  ['node --test specs/a.mjs specs/b.mjs', 'specs/b.mjs'],
  ['mocha specs/a.js', 'specs/a.js'],
  ['diff expected.txt actual.txt', 'expected.txt'],
  ['tool --config=strict.json src', 'strict.json'],
  ['npm test', 't/b.mjs'],
  ['npm test', 'scripts/pre.js'],
  ['npm t', 'scripts/pre.js'],
  ['npm test', 'es.config.js'],
  ["sh -c 'npm ci && npm run lint'", 'lint.config.js'],
])('the check %s is decided by %s', (line, path) => expect(named(line, path)).toBe(true));

test.each([
  ['node check.mjs calc.mjs', 'calc.mjs'],
  ['eslint src/a.js', 'src/a.js'],
  ['gcc -o x main.c', 'main.c'],
  ['npm test', 'src/index.ts'],
  ['npm test', 'server.js'],
  ['npm test', 'lint.config.js'],
  ['npm run lint', 'src/lint-me.js'],
  ['npm run lint', 'es.config.js'],
])('the check %s is about %s, which may change', (line, path) => expect(named(line, path)).toBe(false));

test('paths are taken from where the check runs, and never from outside the checkout', () => {
  expect(named('node check.mjs', 'app/check.mjs', 'app')).toBe(true);
  expect(named('node check.mjs', 'check.mjs', 'app')).toBe(false);
  expect(named('node ../check.mjs', 'check.mjs', 'app')).toBe(true);
});

test('a file that is called like a program the checks run is meant too, because PATH may lead to it', () => {
  expect(named('npm test', 'bin/node')).toBe(true);
  expect(named('npm test', 'tools/npm.cmd')).toBe(true);
  expect(named('npm test', 'src/node.ts')).toBe(false);
  expect(named('make all', 'bin/node')).toBe(false);
});
