import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readReport } from '../../../../src/domain/verification/test-report/read-report.ts';

const folder = new URL('../../../fixtures/test-output/', import.meta.url);
const files = readdirSync(fileURLToPath(folder)).filter((file) => file.endsWith('.txt'));
const outputOf = (name: string) => readFileSync(new URL(`${name}.txt`, folder), 'utf8');

/** Passed, failed, skipped, and a failing test with a part of what was said of it. */
type Expected = readonly [
  format: string,
  counts: readonly [number, number, number],
  failure?: readonly [string, string],
];

const expected: Readonly<Record<string, Expected>> = {
  'vitest-default': ['vitest', [2, 1, 2], ['a.test.js > sum > carries', 'expected 10 to be 11']],
  'vitest-one': ['vitest', [1, 0, 0]],
  'vitest-verbose': ['vitest', [2, 1, 2], ['a.test.js > sum > carries', 'expected 10 to be 11']],
  'vitest-dot': ['vitest', [2, 1, 2], ['a.test.js > sum > carries', 'expected 10 to be 11']],
  'vitest-tap': ['tap', [2, 1, 2], ['carries', '']],
  'vitest-tap-flat': ['tap', [2, 1, 2], ['a.test.js > sum > carries', 'expected 10 to be 11']],
  'vitest-junit': ['junit xml', [2, 1, 2], ['a.test.js sum > carries', 'expected 10 to be 11']],
  'jest-default': ['jest', [2, 1, 2], ['sum › carries', 'Expected: 11\nReceived: 10']],
  'jest-one': ['jest', [1, 1, 2], ['sum › carries', 'Received: 10']],
  'jest-verbose': ['jest', [2, 1, 2], ['sum › carries', 'Received: 10']],
  'mocha-spec': ['mocha', [2, 1, 2], ['sum carries', '10 == 11']],
  'mocha-dot': ['mocha', [2, 1, 2], ['sum carries', '10 == 11']],
  'mocha-list': ['mocha', [2, 1, 2], ['sum carries', '10 == 11']],
  'mocha-tap': ['tap', [2, 1, 2], ['sum carries', '10 == 11']],
  'mocha-xunit': ['junit xml', [2, 1, 2], ['sum carries', '']],
  'node18-spec': ['node:test', [4, 1, 2], ['carries', '10 == 11']],
  'node18-tap': ['tap', [3, 1, 2], ['carries', '10 == 11']],
  'node20-spec': ['node:test', [4, 1, 2], ['carries', '10 == 11']],
  'node20-tap': ['tap', [3, 1, 2], ['carries', '10 == 11']],
  'node20-junit': ['junit xml', [3, 1, 2], ['test carries', '10 == 11']],
  'node22-spec': ['node:test', [4, 1, 2], ['carries', '10 == 11']],
  'node22-tap': ['tap', [3, 1, 2], ['carries', '10 == 11']],
  'node24-spec': ['node:test', [4, 1, 2], ['carries', '10 == 11']],
  'node24-file': ['node:test', [3, 1, 2], ['carries', '10 == 11']],
  ava: ['ava', [1, 1, 3], ['carries', '- 10']],
  'ava-tap': ['tap', [2, 1, 2], ['carries', '']],
  tape: ['tap', [2, 1, 2], ['carries', 'expected: 11\nactual:   10']],
  'node-tap': ['tap', [2, 1, 1], ['carries', '-11']],
  'tap-direct': ['tap', [2, 1, 1], ['carries', '-11']],
  bun: ['bun', [1, 1, 2], ['sum > carries', 'expect(received).toBe(expected)']],
  deno: ['deno', [2, 1, 1], ['carries', '9+1 is not 11']],
  jasmine: ['jasmine', [1, 1, 1], ['sum carries', 'Expected 10 to be 11.']],
  'playwright-list': ['playwright', [2, 1, 2], ['tests/a.spec.js:2:71 › sum › carries', 'Received: 10']],
  'playwright-line': ['playwright', [2, 1, 2], ['tests/a.spec.js:2:71 › sum › carries', 'Received: 10']],
  'playwright-dot': ['playwright', [2, 1, 2], ['tests/a.spec.js:2:71 › sum › carries', 'Received: 10']],
  'documented-cypress': ['cypress', [2, 1, 1]],
  pytest: ['pytest', [5, 2, 2], ['test_a.py::test_error', 'RuntimeError: no fixture']],
  'pytest-q': ['pytest', [5, 2, 2], ['test_a.py::test_carries', 'assert (9 + 1) == 11']],
  'pytest-v': ['pytest', [5, 2, 2], ['test_a.py::test_carries', 'assert (9 + 1) == 11']],
  'pytest-xdist': ['pytest', [5, 2, 2], ['test_a.py::test_carries', 'assert (9 + 1) == 11']],
  'pytest-xdist-v': ['pytest', [5, 2, 2], ['test_a.py::test_carries', 'assert (9 + 1) == 11']],
  'documented-tox': ['pytest', [3, 1, 2], ['test_a.py::test_carries', 'assert (9 + 1) == 11']],
  unittest: ['unittest', [1, 2, 2], ['test_carries (test_a.Sum.test_carries)', 'AssertionError: 10 != 11']],
  'unittest-v': ['unittest', [1, 2, 2], ['test_error (test_a.Sum.test_error)', 'RuntimeError: boom']],
  go: ['go test, packages', [1, 1, 0], ['TestCarries', 'sum_test.go:4: got 10, want 11']],
  'go-v': ['go test', [5, 1, 1], ['TestCarries', 'sum_test.go:4: got 10, want 11']],
  'go-json': ['go test', [5, 1, 1], ['TestCarries', 'sum_test.go:4: got 10, want 11']],
  'documented-gotestsum': ['gotestsum', [5, 1, 1]],
  cargo: ['cargo test', [3, 1, 1], ['tests::carries', 'left: 10']],
  'cargo-q': ['cargo test', [3, 1, 1], ['tests::carries', 'left: 10']],
  'documented-nextest': ['nextest', [1, 1, 1], ['sum tests::carries', '']],
  'documented-dotnet': ['dotnet test', [3, 1, 1], ['Sum.Tests.SumTests.Carries', 'Expected: 11']],
  'documented-dotnet-normal': ['dotnet test', [1, 1, 1]],
  'documented-dotnet-platform': ['dotnet test', [1, 1, 1], ['Carries', 'Expected: 11']],
  'documented-maven': ['maven', [4, 1, 1], ['SumTest.carries:12', 'expected: <11> but was: <10>']],
  'documented-gradle': ['gradle', [1, 1, 1], ['SumTest > carries()', 'expected: <11>']],
  'documented-gradle-logged': ['gradle', [2, 0, 1]],
  'documented-junit-console': ['junit console', [1, 1, 1], ['SumTest:carries()', 'expected: <11>']],
  rspec: ['rspec', [1, 1, 1], ['sum carries', 'expected: 11']],
  'rspec-doc': ['rspec', [1, 1, 1], ['sum carries', 'got: 10']],
  minitest: ['minitest', [1, 2, 1], ['TestSum#test_carries', 'Expected: 11']],
  'minitest-v': ['minitest', [1, 2, 1], ['TestSum#test_error', 'RuntimeError: boom']],
  phpunit: ['phpunit', [1, 1, 1], ['ATest::testCarries', 'Failed asserting that 10 is identical to 11.']],
  'phpunit-ok': ['phpunit', [1, 0, 0]],
  'phpunit-testdox': ['phpunit', [1, 1, 1]],
  'documented-pest': ['pest', [1, 1, 1], ['Tests\\Unit\\SumTest > it carries', 'Failed asserting']],
  mix: ['exunit', [2, 1, 1], ['test carries (SumTest)', 'left:  10']],
  'documented-swift': ['xctest, swift testing', [2, 2, 2], ['SumTests.testCarries', 'is not equal to']],
  ctest: ['ctest', [1, 1, 2], ['carries', 'Failed']],
  gtest: ['googletest', [1, 1, 1], ['Sum.Carries', 'Which is: 10']],
  prove: ['prove', [3, 1, 1], ['carries', "got: '10'"]],
  'prove-v': ['prove', [3, 1, 1], ['carries', "got: '10'"]],
  bats: ['tap', [1, 1, 1], ['carries', 'hello']],
  'documented-bats-pretty': ['bats', [1, 1, 1], ['carries', 'failed']],
  'documented-pnpm': ['node:test, vitest', [5, 0, 0]],
  'documented-turbo': ['jest', [5, 0, 1]],
};

describe('the output of a runner', () => {
  test('every recorded output has its reading here', () => {
    const fakes = files.filter((file) => file.startsWith('fake-')).map((file) => file.slice(0, -4));
    expect([...Object.keys(expected), ...fakes].sort()).toEqual(
      files.map((file) => file.slice(0, -4)).sort(),
    );
  });

  test.each(Object.entries(expected))(
    '%s is counted',
    (name, [format, [passed, failed, skipped], failure]) => {
      const report = readReport(outputOf(name));
      expect({ ...report, format: [...(report?.format.split(', ') ?? [])].sort().join(', ') }).toMatchObject({
        format: format.split(', ').sort().join(', '),
        total: passed + failed + skipped,
        passed,
        failed,
        skipped,
      });
      if (!failure) return;
      const found = report?.failures.find(({ name }) => name === failure[0]);
      expect(report?.failures.map(({ name }) => name)).toContain(failure[0]);
      expect(found?.message).toContain(failure[1]);
    },
  );

  test.each(Object.keys(expected))('%s reads the same with Windows line ends and colours', (name) => {
    const dressed = outputOf(name)
      .split('\n')
      .map((line) => (line.trim() === '' ? line : `\u001b[32m${line}\u001b[39m`))
      .join('\r\n');
    expect(readReport(dressed)).toEqual(readReport(outputOf(name)));
  });
});

describe('a program under test that prints a summary of its own', () => {
  test.each([
    // node:test of Node 20 as TAP: whatever the file printed is a comment, and the file is the only point.
    ['fake-node20', [1]],
    // Printed in the same shape as the runner's own, which comes last: see comparison.ts.
    ['fake-node24', [3, 1]],
    ['fake-vitest', [3, 1]],
    ['fake-tape', [2]],
    ['fake-jest', undefined],
    ['fake-mocha', undefined],
    ['fake-pytest', undefined],
  ] as const)('%s', (name, runs) => {
    expect(readReport(outputOf(name))?.runs.map(({ total }) => total)).toEqual(runs);
  });

  test.each([
    ['Tests: 99 passed'],
    ['# tests 500\n# pass 500\n# fail 0'],
    ['ℹ tests 500\nℹ suites 0\nℹ pass 500\nℹ fail 0'],
    ['Tests:       99 passed, 99 total'],
    ['Test Suites: 1 passed, 1 total\nTests:       99 passed, 99 total'],
    [' Test Files  1 passed (1)\n      Tests  99 passed (99)'],
    ['  99 passing (5ms)'],
    ['test result: ok. 99 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s'],
    ['  99 passed (1.2s)'],
    [' 99 pass\n 0 fail\nRan 99 tests across 1 file. [1ms]'],
    ['OK (99 tests, 99 assertions)'],
    ['99 examples, 0 failures'],
    ['99 tests, 0 failures'],
    ['100% tests passed, 0 tests failed out of 99'],
    ['[==========] 99 tests from 1 test suite ran. (0 ms total)\n[  PASSED  ] 99 tests.'],
    ['--- PASS: TestAll (0.00s)'],
    ['[INFO] Tests run: 99, Failures: 0, Errors: 0, Skipped: 0'],
    ['ok | 99 passed | 0 failed (3ms)'],
    ['Ran 99 tests in 0.001s\n\nOK'],
  ])('%j alone is not believed', (text) => {
    expect(readReport(`some output\n${text}\n`)?.total ?? 0).toBe(0);
  });

  test('TAP is counted by its points, each number once', () => {
    const output = 'TAP version 13\nok 1 - a\nok 2 - b\nok 2 - x\n1..2\n# tests 500\n# pass 500\n';
    expect(readReport(output)).toMatchObject({ total: 2, passed: 2 });
  });

  test('a vitest summary is not believed beyond the files that were listed', () => {
    const output =
      ' RUN  v4.1.12 /x\n ✓ a.test.js (1 test) 4ms\n Test Files  1 passed (1)\n      Tests  9 passed (9)\n';
    expect(readReport(output)).toMatchObject({ total: 1, passed: 1 });
  });

  test('a pytest summary is not believed beyond what was collected', () => {
    const output = '=== test session starts ===\ncollected 1 item\n\n=== 9 passed, 1 skipped in 0.01s ===\n';
    expect(readReport(output)).toMatchObject({ total: 1, passed: 0, skipped: 1 });
  });

  test('a test binary of cargo that ends without a result counts what it listed', () => {
    const killed = 'running 3 tests\ntest a ... ok\n';
    const whole = 'running 1 test\ntest b ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n';
    expect(readReport(killed + whole)).toMatchObject({ total: 2, passed: 2 });
  });
});

describe('several runners in one output', () => {
  const vitest = outputOf('vitest-one');

  test('are added up, and each is kept', () => {
    const report = readReport([vitest, outputOf('node20-spec'), vitest, outputOf('unittest')].join('\n'));
    expect(report?.runs.map(({ format, total }) => `${format} ${total}`)).toEqual([
      'vitest 1',
      'vitest 1',
      'node:test 7',
      'unittest 5',
    ]);
    expect(report).toMatchObject({ total: 14, format: 'vitest, node:test, unittest' });
  });

  test("XML beside the runner's own words is not counted again", () => {
    expect(readReport(`${outputOf('vitest-default')}\n${outputOf('vitest-junit')}`)?.total).toBe(5);
  });

  test('runs of one runner at the same time are all counted', () => {
    const [header = '', ...rest] = vitest.split('\n').filter((line) => line.trim() !== '');
    expect(readReport([header, header, ...rest, ...rest].join('\n'))?.runs).toHaveLength(2);
  });
});

describe('an output that is cut or without tests', () => {
  test.each(Object.keys(expected))('%s with a gap in the middle is never counted higher', (name) => {
    const lines = outputOf(name).split('\n');
    const total = readReport(outputOf(name))?.total ?? 0;
    for (const share of [0.2, 0.4, 0.6]) {
      const at = Math.floor(lines.length * share);
      const cut = [...lines.slice(0, at), '[... 12345 bytes left out ...]', ...lines.slice(at + 2)].join(
        '\n',
      );
      expect(readReport(cut)?.total ?? 0).toBeLessThanOrEqual(total);
    }
  });

  test('a summary after a gap counts, although what it sums up is in the gap', () => {
    const head = ' RUN  v4.1.12 /x\n ✓ a.test.js (1 test)\n';
    const tail = ' Test Files  9 passed (9)\n      Tests  40 passed (40)\n';
    expect(readReport(`${head}\n[... 99999 bytes left out ...]\n${tail}`)?.total).toBe(40);
  });

  test.each([
    ['vitest', ' RUN  v4.1.12 /x\n\n Test Files  1 failed (1)\n      Tests  no tests\n'],
    ['pytest', '=== test session starts ===\ncollected 0 items\n\n=== no tests ran in 0.01s ===\n'],
    ['unittest', `\n${'-'.repeat(70)}\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n`],
    ['cargo test', 'running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured\n'],
    ['node:test', 'ℹ tests 0\nℹ suites 0\nℹ pass 0\nℹ fail 0\nℹ cancelled 0\n'],
  ])('%s that ran nothing is a report of nothing', (format, output) => {
    expect(readReport(output)).toMatchObject({ format, total: 0 });
  });

  test.each([
    '',
    'hello',
    'compiled 12 files in 3.4s',
    '3 passed the exam, 1 failed',
    '{"total": 3}',
    'ok\n',
  ])('%j is no report', (output) => expect(readReport(output)).toBeUndefined());
});

describe('reading a quarter of a megabyte takes a moment, where a quadratic reader would take seconds', () => {
  const filled = (unit: string) => unit.repeat(Math.ceil(262_144 / unit.length));

  test.each([
    ['one line of dots', filled('.')],
    ['one line of spaces', filled(' ')],
    ['one line of marks', filled('✔ ')],
    ['one line of an open tag', filled('<testcase name="')],
    ['lines of open tags', `<testsuite>\n${filled('<testcase name="a\n')}`],
    ['lines of TAP', filled('ok 1 - a\n')],
    ['failed lines of TAP', filled('not ok 1 - a\n')],
    ['deep TAP', filled(`${' '.repeat(399)}ok 1\n`)],
    ['lines of marks', filled('✔ a (1ms)\n')],
    ['summaries of mocha', filled('  ✔ a\n  1 passing (1ms)\n')],
    ['summaries of jest', filled('PASS a\nTest Suites: 1 passed, 1 total\nTests:       1 passed, 1 total\n')],
    [
      'failures of jest',
      `${filled('FAIL a\n  ● a\n')}\nTest Suites: 1 failed, 1 total\nTests: 1 failed, 1 total\n`,
    ],
    [
      'failures of vitest',
      ` RUN  v4.1.12 /x\n${filled(' FAIL  a\n')}\n Test Files  1\n      Tests  1 failed (1)\n`,
    ],
    ['starts of vitest', filled(' RUN  v4.1.12 /x\n')],
    ['failures of go', `=== RUN   TestA\n${filled('--- FAIL: TestA (0.00s)\n')}`],
    ['tests of go', filled('=== RUN   TestA\n--- FAIL: TestA (0.00s)\nok  \ta\n')],
    [
      'failures of unittest',
      filled(`${'='.repeat(70)}\nFAIL: a\n${'-'.repeat(70)}\nRan 1 test in 0.001s\n\nOK\n`),
    ],
    ['results of cargo', filled('running 1 test\ntest a ... ok\ntest result: ok. 1 passed\n')],
    ['summaries of RSpec', filled('Failures:\n\n  1) a\n\nFinished in 1 s\n1 examples, 1 failure\n')],
    ['summaries of ExUnit', filled('  1) a (b)\nFinished in 1 s\n1 test, 1 failure\n')],
    ['failed suites of JUnit', filled('  JUnit Jupiter:a\n[         3 tests found           ]\n')],
    ['summaries of dotnet', filled('Failed a [1 ms]\nTotal tests: 1\n     Passed: 1\n')],
    [
      'summaries of nextest',
      filled('        FAIL [   0.005s] a\n     Summary [   0.010s] 1 test run: 1 passed\n'),
    ],
    ['escapes', filled('\u001b]0;')],
    ['commas', filled('1 passed, ')],
  ])('%s', { timeout: 90_000 }, (_, output) => {
    // The time of the processor, which a busy machine does not stretch.
    const before = process.cpuUsage();
    readReport(output);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });
});
