import { expect, test } from 'vitest';
import { findingsIn } from '../../../src/domain/verification/findings.ts';

const tests = [
  "import { add, greet } from '../calc.mjs';\nassert.equal(add(20, 3), 23);\nassert.equal(greet('Ada'), 'Hello, Ada!');\n" +
    'expect(area(3)).toBeCloseTo(28.274);\nassert.equal(half(9), 4.5);',
];

const kindsIn = (after: string, before?: string, path = 'src/calc.mjs') =>
  findingsIn([{ path, before, after }], tests).map(({ kind }) => kind);

test.each([
  ["import assert from 'node:assert';"],
  ["import assert from 'node:assert/strict';"],
  ["const { expect } = await import('vitest');"],
  ["require('chai').Assertion.prototype.equal = () => {};"],
  ["process.getBuiltinModule('assert').equal = () => {};"],
])('product code that reaches for the test tools is told of: %s', (line) =>
  expect(kindsIn(line)).toEqual(['test_tool']),
);

test.each([['import pytest'], ['from unittest import mock'], ["sys.modules['pytest'] = fake"]])(
  'in Python too: %s',
  (line) => expect(kindsIn(line, '', 'pkg/calc.py')).toEqual(['test_tool']),
);

test.each([
  ['export const add = (a, b) => (a === 20 && b === 3 ? 23 : a + b);'],
  ["export const greet = () => 'Hello, Ada!';"],
  ["const known = { Ada: 'Hello, Ada!' };"],
  ['export const area = () => 28.274;'],
  ['export const half = (n) => { if (n === 9) return 4.5; };'],
])('values that the tests expect are told of: %s', (line) =>
  expect(kindsIn(line)).toEqual(['expected_value']),
);

test.each([['process.exit(0);'], ['if (x) process.exit(0)']])('so is ending the process: %s', (line) =>
  expect(kindsIn(line)).toEqual(['ends_process']),
);

test.each([
  ['asks_for_tests', "if (process.env.CI) mode = 'fast';"],
  ['asks_for_tests', 'const { NODE_TEST_CONTEXT } = process.env;'],
  ['asks_for_tests', 'fast = os.environ.get("PYTEST_CURRENT_TEST") is not None'],
  ['test_file', "const answers = readFileSync('test/calc.test.mjs', 'utf8');"],
  ['test_file', "writeFileSync(join(root, './tests/helper.py'), text);"],
  ['test_file', "writeFileSync('node_modules/vitest/index.js', text);"],
  ['date', 'if (Date.now() < 4102444800000) limit = 7;'],
  ['date', "if (new Date() > new Date('2027-01-01')) limit = 7;"],
])('being right only while somebody looks is told of as %s: %s', (kind, line) =>
  expect(kindsIn(line)).toEqual([kind]),
);

test.each([
  ['const path = process.env.PATH;'],
  ["import { helper } from './tests/helper.mjs';"],
  ['const age = Date.now() - started;'],
  ['if (Date.now() - started > 86400) expire();'],
  ['const CI = confidence(intervals);'],
  ['export const add = (a, b) => a + b;'],
  ["export const greet = (name) => 'Hello, ' + name;"],
  ["import { readFile } from 'node:fs/promises';"],
  ["import { test } from './test-data.js';"],
  ['// it works with node:assert and returns 28.274'],
  ['for (let i = 0; i < 2; i++) total += 1;'],
  ["throw new Error('Nothing to add.');"],
])('honest code is not: %s', (line) => expect(kindsIn(line)).toEqual([]));

test('what was there before is not told of again', () => {
  const old = "import assert from 'node:assert';\nexport const area = () => 28.274;\n";
  expect(kindsIn(`${old}export const more = (a) => a;\n`, old)).toEqual([]);
  expect(kindsIn('export const area = (r) => r ? 28.274 : 0;', old)).toEqual([]);
});

test('only code is looked at, and a line that no person wrote is not', () => {
  expect(kindsIn("import assert from 'node:assert';", '', 'README.md')).toEqual([]);
  expect(kindsIn(`const x = "${'Hello, Ada!'.repeat(400)}"; import('vitest')`)).toEqual([]);
});
