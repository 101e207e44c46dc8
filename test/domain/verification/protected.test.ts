import { describe, expect, test } from 'vitest';
import { matches, protectedBy } from '../../../src/domain/verification/protected.ts';
import { scriptPaths } from '../../../src/domain/verification/script-paths.ts';

const caught: Readonly<Record<string, readonly string[]>> = {
  tests: [
    'test/sum.js',
    'tests/sum.py',
    'packages/a/test/sum.js',
    'src/__tests__/sum.ts',
    'src/__snapshots__/sum.test.ts.snap',
    'src/__mocks__/fs.ts',
    'spec/sum_spec.rb',
    'spec/spec_helper.rb',
    'src/sum.test.ts',
    'src/sum.spec.tsx',
    'src/sum.test.mjs',
    'sum-test.js',
    'test-sum.mjs',
    'test.js',
    'e2e/login.cy.ts',
    'cypress/support/commands.ts',
    'types/sum.test-d.ts',
    'sum/sum_test.go',
    'sum/testdata/golden.json',
    'test_sum.py',
    'app/tests.py',
    'app/sum_test.py',
    'conftest.py',
    'pkg/deep/conftest.py',
    'src/test/java/com/example/Sum.java',
    'src/androidTest/java/SumHelper.java',
    'src/main/java/com/example/SumTest.java',
    'src/SumTests.kt',
    'src/TestSum.java',
    'src/SumIT.java',
    'src/SumSpec.groovy',
    'Sum.Tests/Helper.cs',
    'Sum.UnitTests/Helper.cs',
    'src/SumTests.cs',
    'AppUITests/Launch.swift',
    'Tests/SumTests/Sum.swift',
    'tests/SumTest.php',
    'test/sum_test.exs',
    'test/test_helper.exs',
    'tests/fixtures/input.json',
    'src/tests.rs',
    'src/sum_tests.rs',
    'sum_unittest.cc',
    't/01-basic.t',
    't/lib/Helper.pm',
    'cases/basic.bats',
    'features/login.feature',
    'features/step_definitions/login.rb',
    'features/steps/login.py',
    'features/environment.py',
    'integration-tests/run.js',
    'unit_tests/a.js',
    'TEST/Sum.js',
    'Src/__TESTS__/a.ts',
    'tests',
    'packages/a/spec',
    'approvals/sum.approved.txt',
  ],
  manifest: [
    'package.json',
    'packages/a/package.json',
    'pnpm-workspace.yaml',
    'deno.json',
    'pyproject.toml',
    'setup.py',
    'setup.cfg',
    'requirements.txt',
    'requirements-dev.txt',
    'dev-requirements.txt',
    'Pipfile',
    'Cargo.toml',
    'crates/a/Cargo.toml',
    'build.rs',
    'go.mod',
    'pom.xml',
    'build.gradle',
    'build.gradle.kts',
    'settings.gradle.kts',
    'composer.json',
    'Gemfile',
    'sum.gemspec',
    'mix.exs',
    'Sum/Sum.csproj',
    'Sum.sln',
    'Directory.Build.props',
    'Package.swift',
    'PACKAGE.JSON',
  ],
  'lock file': [
    'package-lock.json',
    'yarn.lock',
    'pnpm-lock.yaml',
    'bun.lockb',
    'poetry.lock',
    'uv.lock',
    'Cargo.lock',
    'go.sum',
    'composer.lock',
    'Gemfile.lock',
    'mix.lock',
    'packages.lock.json',
    'deno.lock',
  ],
  ci: [
    '.github/workflows/ci.yml',
    '.github/actions/setup/action.yml',
    '.gitlab-ci.yml',
    '.circleci/config.yml',
    'Jenkinsfile',
    'azure-pipelines.yml',
    '.ci/run',
  ],
  'tool configuration': [
    'vitest.config.ts',
    'vitest.workspace.js',
    'vite.config.mts',
    'jest.config.js',
    'jest.setup.ts',
    'src/setupTests.ts',
    '.mocharc.cjs',
    'babel.config.js',
    '.babelrc',
    '.swcrc',
    'tsconfig.json',
    'tsconfig.build.json',
    '.eslintrc.json',
    'eslint.config.js',
    'biome.json',
    'playwright.config.ts',
    'pytest.ini',
    '.pytest.ini',
    'tox.ini',
    'noxfile.py',
    '.coveragerc',
    'mypy.ini',
    'sitecustomize.py',
    'src/usercustomize.py',
    'lib/evil.pth',
    '.npmrc',
    '.yarnrc.yml',
    '.pnpmfile.cjs',
    '.pnp.cjs',
    '.nvmrc',
    '.tool-versions',
    'Makefile',
    'GNUmakefile',
    'build/rules.mk',
    'justfile',
    'Taskfile.yml',
    'rust-toolchain.toml',
    '.cargo/config.toml',
    '.config/nextest.toml',
    'bunfig.toml',
    'nx.json',
    'turbo.json',
    'lerna.json',
    'packages/a/project.json',
    '.env',
    '.env.test',
    'loopyard.json',
    'CMakeLists.txt',
    'phpunit.xml.dist',
    '.rspec',
    'Rakefile',
    'gradle/wrapper/gradle-wrapper.properties',
    'mvnw',
    '.mvn/jvm.config',
    'global.json',
    '.husky/pre-commit',
  ],
  'dependency folder': [
    'node_modules/.bin/node',
    'packages/a/node_modules/x/index.js',
    'node_modules',
    '.venv/bin/python',
    'venv/lib/python3.11/site-packages/pytest/__init__.py',
    'vendor/autoload.php',
    '.yarn/releases/yarn.cjs',
    'target/debug/deps/libsum.rlib',
    '.bundle/config',
  ],
  'build output': ['src/__pycache__/sum.cpython-311.pyc', 'sum.pyc', 'tsconfig.tsbuildinfo'],
  'test tool': [
    'unittest.py',
    'pytest/__init__.py',
    'src/pytest.py',
    '_pytest/__init__.py',
    'lib/minitest/evil_plugin.rb',
  ],
  git: [
    '.gitattributes',
    'sub/.gitattributes',
    '.gitmodules',
    '.git/config',
    'sub/.git',
    '.GIT/hooks/post-checkout',
  ],
};

const product = [
  'src/sum.ts',
  'src/contest.ts',
  'src/latest.js',
  'src/Latest.java',
  'src/Contest.cs',
  'src/testimonials/list.tsx',
  'src/Testimonials/List.tsx',
  'src/TestimonialService.java',
  'src/testimonial.rb',
  'src/attestation.py',
  'attest.go',
  'specification.md',
  'docs/specification/index.md',
  'src/specials.ts',
  'src/spec-parser.ts',
  'src/openapi-spec.ts',
  'src/inspect.ts',
  'src/aspect/index.ts',
  'src/ColumnSpec.java',
  'src/AUDIT.java',
  'src/fastest.rs',
  'src/protest.py',
  'src/tester.ts',
  'src/testing.md',
  'src/features/cart/index.tsx',
  'src/vendor/model.ts',
  'src/vendors.ts',
  'src/target/select.ts',
  'src/environment.ts',
  'src/env.ts',
  'src/makefile-parser.ts',
  'src/build.ts',
  'src/package.ts',
  'src/config.ts',
  'src/app.config.ts',
  'src/lock.ts',
  'src/deps/graph.ts',
  'src/git.ts',
  'src/github/client.ts',
  '.github/ISSUE_TEMPLATE.md',
  '.gitignore',
  'README.md',
  'docs/testing.md',
  'CHANGELOG.md',
  'lib/sum.rb',
  'src/coverage.py',
  'src/unit/convert.ts',
  'src/t/en.json',
  'src/mocks.ts',
  'src/snapshots/store.ts',
  'src/settings.ts',
  'src/setup.ts',
  'src/übersetzung.ts',
  'src/with space/file.ts',
  'src/requirements.ts',
  'src/pipelines/azure.ts',
  'src/workspace.ts',
  'public/latest.json',
];

describe('the default rules', () => {
  test.each(Object.entries(caught).flatMap(([rule, paths]) => paths.map((path) => [rule, path] as const)))(
    '%s: %s',
    (rule, path) => expect(protectedBy(path, [])).toBe(rule),
  );

  test.each(product)('%s is a product file', (path) => expect(protectedBy(path, [])).toBeUndefined());

  test('a path may begin with ./ and hold empty parts', () => {
    expect(protectedBy('./test//sum.js', [])).toBe('tests');
    expect(protectedBy('', [])).toBeUndefined();
  });
});

describe('patterns of the user', () => {
  test.each([
    ['scripts/**', 'scripts/deep/run.sh', true],
    ['scripts', 'scripts/run.sh', true],
    ['scripts/', 'scripts/run.sh', true],
    ['/scripts', 'scripts/run.sh', true],
    ['scripts/*.sh', 'scripts/deep/run.sh', false],
    ['*.golden', 'src/deep/a.golden', true],
    ['*.golden', '.hidden/.a.golden', true],
    ['src/{a,b}.ts', 'src/b.ts', true],
    ['SRC/a.ts', 'src/A.ts', true],
    ['src/a.ts', 'src/a.tsx', false],
    ['docs/**', 'src/docs.ts', false],
    ['', 'src/a.ts', false],
    ['test/**', 'test/a.js', true],
  ])('%j and %s: %s', (pattern, path, met) => expect(matches(path, pattern)).toBe(met));

  test('are named in the answer and come after the default rules', () => {
    expect(protectedBy('src/a.golden', ['*.golden'])).toBe('pattern *.golden');
    expect(protectedBy('test/a.golden', ['*.golden'])).toBe('tests');
    expect(protectedBy('src/a.ts', ['*.golden'])).toBeUndefined();
  });
});

describe('the scripts of a manifest', () => {
  const scripts = (path: string, manifest: object) => scriptPaths({ path, text: JSON.stringify(manifest) });

  test.each([
    [{ test: 'node scripts/run-tests.mjs --all' }, ['scripts/run-tests.mjs']],
    [{ test: './run.sh' }, ['run.sh']],
    [{ test: 'FOO=1 tools/check.sh && node --test' }, ['tools/check.sh']],
    [{ pretest: 'node -r ./hooks/register.js x.js' }, ['hooks/register.js', 'x.js']],
    [{ test: 'node --import=./loader.mjs --test' }, ['loader.mjs']],
    [{ test: 'bash scripts/ci.sh | tee log' }, ['scripts/ci.sh']],
    [{ test: 'python3 tools/run.py' }, ['tools/run.py']],
    [{ test: 'cd tools && node run.js' }, ['run.js', 'tools/run.js']],
    [{ test: "sh -c 'node x/run.js'" }, ['x/run.js']],
    [{ test: 'vitest run src/sum.ts' }, []],
    [{ test: 'eslint src/**/*.js' }, []],
    [{ test: 'node src/test-runner.js' }, ['src/test-runner.js']],
    [{ test: 'node src/index.js' }, []],
    [{ start: 'node server.js', dev: 'node dev.js' }, []],
    [{ test: 'node ../shared/run.js' }, []],
    [{ test: 'node /etc/run.js' }, []],
  ])('%j', (entries, expected) => {
    expect([...scripts('package.json', { scripts: entries })].sort()).toEqual([...expected].sort());
  });

  test('are found relative to the manifest', () => {
    expect(scripts('packages/a/package.json', { scripts: { test: 'node ../../tools/run.js' } })).toEqual([
      'tools/run.js',
    ]);
  });

  test('leave out what the manifest offers as its product', () => {
    const manifest = { bin: { sum: './cli.js' }, main: 'index.js', scripts: { test: 'node cli.js --check' } };
    expect(scripts('package.json', manifest)).toEqual([]);
  });

  test('are read from Makefiles with their includes', () => {
    const text = 'include tools/rules.mk\ntest: build\n\t@node scripts/run.js\n\t./check.sh $(ARGS)\n';
    expect([...scriptPaths({ path: 'Makefile', text })].sort()).toEqual([
      'check.sh',
      'scripts/run.js',
      'tools/rules.mk',
    ]);
  });

  test('are nothing where the text is no manifest', () => {
    expect(scriptPaths({ path: 'package.json', text: '{' })).toEqual([]);
    expect(scriptPaths({ path: 'package.json', text: '[1]' })).toEqual([]);
    expect(scriptPaths({ path: 'README.md', text: 'node scripts/run.js' })).toEqual([]);
  });
});
