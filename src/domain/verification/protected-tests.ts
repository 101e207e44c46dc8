const code =
  '(?:[cm]?[jt]sx?|vue|svelte|py|rb|go|rs|exs?|php|dart|lua|clj[cs]?|c|cc|cpp|cxx|h|hpp|m|mm|zig|nim|jl|sh|r|erl|ml|coffee|swift|java|kts?|cs|fs|groovy|scala)';

const kind =
  '(?:unit|integration|functional|acceptance|e2e|end-to-end|system|smoke|regression|contract|browser|feature|api|ui|doc)';

/** Folders of tests, in small letters. */
const testFolder = new RegExp(
  `^(?:(?:${kind}[-_.]?)?(?:tests?|specs?)|__(?:tests?|specs?|mocks|snapshots|fixtures)__|e2e|cypress|testdata|test[-_](?:data|fixtures?|resources|support|utils|helpers)|test-?suites?|testsuites?)$`,
);

/** `Sum.Tests`, `Sum.UnitTests`, in small letters. */
const testProject = /\.(?:(?:unit|integration|functional|acceptance|e2e)\.?)?tests?$/;

/** `AppTests`, `AppUITests`: the mark within the word keeps its case. */
const testBundle = /[a-z0-9](?:UI|Unit|Integration)?Tests$/;

/** `src/androidTest`, `src/jvmTest`, `src/testFixtures`: source sets of Gradle. */
const sourceSet = /^(?:[a-z]\w*Test|testFixtures)$/;

/** The last part of a path, in small letters. */
const testFiles: readonly RegExp[] = [
  // sum.test.ts, sum_test.go, sum.spec.ts, sum_spec.rb, app.e2e-spec.ts, sum.cy.ts, types.test-d.ts
  new RegExp(`.(?:[._-](?:tests?|unittests?)|[._]specs?|[._-]e2e-spec)\\.${code}$`),
  /.\.(?:e2e|cy|test-d|spec-d|bench|integration|stories\.test)\.[cm]?[jt]sx?$/,
  // test_sum.py, test-sum.js, test.js, tests.py
  new RegExp(`^tests?(?:[_-].*)?\\.${code}$`),
  /^(?:conftest\.py|(?:spec|rails|test|system_spec)_helper\.exs?|(?:spec|rails|test)_helper\.rb|runtests\.(?:jl|py|sh)|.+_suite\.erl)$/,
  /\.(?:snap|ambr|feature|bats|t|approved\.\w+|verified\.\w+|received\.\w+)$/,
];

/** SumTest.java, SumTests.cs, TestSum.java, SumIT.java, SumSpec.groovy, SumCest.php: these keep their case. */
const testClasses: readonly RegExp[] = [
  /[a-z0-9_](?:Tests?|TestCase|TestBase)\.(?:java|kt|groovy|scala|cs|fs|vb|swift|php|m|mm|hs|cpp|cc)$/,
  /^Tests?(?:[A-Z0-9_]\w*)?\.(?:java|kt|groovy|scala|cs|fs|vb|swift|php)$/,
  /[a-z0-9]IT\.(?:java|kt)$/,
  /[a-z0-9]Spec\.(?:groovy|scala|hs|php)$/,
  /[a-z0-9](?:Cest|Cept)\.php$/,
];

/** Whether a path is that of a test, or of what tests stand on: fixtures, snapshots, mocks, steps of features. */
export function isTest(parts: readonly string[]): boolean {
  const name = parts.at(-1) ?? '';
  const folders = parts.slice(0, -1);
  if (folders.some((folder, at) => isTestFolder(folder, folders[at - 1], at))) return true;
  if (
    isSteps(
      folders.map((folder) => folder.toLowerCase()),
      name.toLowerCase(),
    )
  )
    return true;
  if (testFiles.some((pattern) => pattern.test(name.toLowerCase()))) return true;
  if (testClasses.some((pattern) => pattern.test(name))) return true;
  // A file, link or submodule in place of the folder of the tests.
  return /^(?:tests?|specs?|__tests__|__snapshots__|__mocks__)$/.test(name.toLowerCase());
}

function isTestFolder(folder: string, parent: string | undefined, depth: number): boolean {
  const lower = folder.toLowerCase();
  if (testFolder.test(lower) || testProject.test(lower) || testBundle.test(folder)) return true;
  if (parent?.toLowerCase() === 'src' && sourceSet.test(folder)) return true;
  return depth === 0 && /^x?t$/.test(lower);
}

/** In `features/`, which is also a common name for product code, only what Cucumber, behave and Behat look for. */
function isSteps(folders: readonly string[], name: string): boolean {
  const at = folders.indexOf('features');
  if (at === -1) return false;
  return (
    /^(?:step_definitions|steps|support|bootstrap)$/.test(folders[at + 1] ?? '') || name === 'environment.py'
  );
}
