/** A rule about folders: `meets` looks at the part at an index of a path in small letters. */
interface FolderRule {
  readonly rule: string;
  readonly meets: (parts: readonly string[], at: number) => boolean;
}

/** A rule about the last part of a path, in small letters. */
interface FileRule {
  readonly rule: string;
  readonly pattern: RegExp;
}

const anywhere =
  (...names: readonly string[]) =>
  (parts: readonly string[], at: number) =>
    names.includes(parts[at] ?? '');

const atRoot =
  (...names: readonly string[]) =>
  (parts: readonly string[], at: number) =>
    at === 0 && names.includes(parts[0] ?? '');

const below = (parent: string, pattern: RegExp) => (parts: readonly string[], at: number) =>
  parts[at - 1] === parent && pattern.test(parts[at] ?? '');

export const protectedFolders: readonly FolderRule[] = [
  { rule: 'git', meets: anywhere('.git') },
  {
    rule: 'dependency folder',
    meets: anywhere(
      'node_modules',
      'bower_components',
      'jspm_packages',
      '.pnpm-store',
      '.yarn',
      '.venv',
      'venv',
      'virtualenv',
      'site-packages',
      '__pypackages__',
      '.eggs',
      '.tox',
      '.nox',
      '.bundle',
      '.gradle',
      '.m2',
      '.nuget',
      '.build',
      'pods',
    ),
  },
  // Elsewhere a vendor is a word of shops, and a target one of many trades.
  { rule: 'dependency folder', meets: atRoot('vendor', '_build', 'deps') },
  { rule: 'dependency folder', meets: below('target', /^(?:debug|release|classes|test-classes)$/) },
  // Compiled files can stand in for the source that the reader sees.
  { rule: 'build output', meets: anywhere('__pycache__', '.pytest_cache', '.mypy_cache', '.swc', '.vite') },
  { rule: 'ci', meets: below('.github', /^(?:workflows|actions)$/) },
  {
    rule: 'ci',
    meets: anywhere('.circleci', '.buildkite', '.teamcity', '.ci', '.semaphore', '.woodpecker', '.gitlab-ci'),
  },
  {
    rule: 'tool configuration',
    meets: anywhere('.cargo', '.mvn', '.husky', '.swiftpm', '.bazel', '.yarn', '.mise', '.storybook'),
  },
  { rule: 'tool configuration', meets: below('gradle', /^wrapper$/) },
  { rule: 'tool configuration', meets: below('.config', /^(?:nextest\.toml|dotnet-tools\.json|mise)$/) },
  // A module of the same name nearer to the program is loaded in place of the tool.
  {
    rule: 'test tool',
    meets: (parts, at) =>
      at <= 1 && /^(?:_?pytest|unittest2?|doctest|nose2?|pluggy|xdist)(?:\.py)?$/.test(parts[at] ?? ''),
  },
  { rule: 'test tool', meets: below('lib', /^(?:minitest|rspec)(?:\.rb)?$/) },
];

const named = (...names: readonly string[]) => new RegExp(`^(?:${names.join('|')})$`);

export const protectedFiles: readonly FileRule[] = [
  {
    rule: 'git',
    pattern: named('\\.gitattributes', '\\.gitmodules', '\\.gitconfig', '\\.lfsconfig', '\\.git'),
  },
  {
    rule: 'lock file',
    pattern: named(
      'package-lock\\.json|npm-shrinkwrap\\.json|yarn\\.lock|pnpm-lock\\.yaml|bun\\.lockb?|deno\\.lock',
      'poetry\\.lock|uv\\.lock|pdm\\.lock|pipfile\\.lock|pylock(?:\\..+)?\\.toml|conda-lock\\.yml',
      'cargo\\.lock|go\\.sum|go\\.work\\.sum|composer\\.lock|gemfile\\.lock|gems\\.locked|mix\\.lock|rebar\\.lock',
      'packages\\.lock\\.json|project\\.assets\\.json|gradle\\.lockfile|buildscript-gradle\\.lockfile',
      'package\\.resolved|pubspec\\.lock|podfile\\.lock|flake\\.lock|conan\\.lock|module\\.bazel\\.lock',
    ),
  },
  {
    rule: 'manifest',
    pattern: named(
      'package\\.json5?|package\\.yaml|pnpm-workspace\\.yaml|deno\\.jsonc?|jsr\\.jsonc?|import_?-?map\\.json',
      'pyproject\\.toml|setup\\.(?:py|cfg)|(?:.*[-_.])?requirements(?:[-_.].*)?\\.(?:txt|in)|constraints\\.txt',
      'pipfile|environment\\.ya?ml|cargo\\.toml|build\\.rs|go\\.(?:mod|work)',
      'pom\\.xml|(?:build|settings|init)\\.gradle(?:\\.kts)?|gradle\\.properties|libs\\.versions\\.toml|build\\.sbt',
      'composer\\.json|gemfile|gems\\.rb|.+\\.gemspec|mix\\.exs|rebar\\.config',
      '.+\\.(?:cs|fs|vb)proj|.+\\.slnx?|packages\\.config|directory\\.(?:build|packages)\\.(?:props|targets)',
      'package(?:@swift-.+)?\\.swift|pubspec\\.yaml|.+\\.cabal|stack\\.yaml|deps\\.edn|project\\.clj|podfile',
      'conanfile\\.(?:txt|py)|vcpkg\\.json|cpanfile|makefile\\.pl|dune-project',
    ),
  },
  {
    rule: 'ci',
    pattern: named(
      '\\.gitlab-ci\\.ya?ml|jenkinsfile|azure-pipelines.*\\.ya?ml|\\.travis\\.ya?ml|\\.?appveyor\\.ya?ml',
      'bitbucket-pipelines\\.ya?ml|\\.drone\\.ya?ml|\\.woodpecker\\.ya?ml|\\.cirrus\\.ya?ml|cloudbuild\\.ya?ml',
      'buildspec\\.ya?ml|\\.?codecov\\.ya?ml',
    ),
  },
  {
    rule: 'tool configuration',
    pattern: named(
      // JavaScript
      '(?:vitest|vite|jest|ava|nyc|babel|eslint|prettier|stylelint|playwright|cypress|webpack|rollup|rolldown|tsup|tsdown|swc|next|nuxt|svelte|metro|postcss|craco|rspack|rsbuild|lint-staged|commitlint|knip)\\.config\\..+',
      'vitest\\.(?:workspace|setup|shims)\\..+|(?:jest|mocha|test)[-.]?setup\\..+|setup-?(?:jest|vitest|tests?|files)\\..+',
      'jest-(?:preset|environment|resolver|transformer?).*|jest\\.(?:preset|transform|environment|resolver|globals?)\\..+',
      '(?:karma|wdio|protractor)\\.conf\\..+|jasmine\\.json|mocha\\.opts|cypress\\.json|\\.swcrc|gruntfile\\..+|gulpfile\\..+',
      '\\.(?:mocha|nyc|c8|babel|eslint|prettier|stylelint|oxlint|lintstaged|commitlint|tap|npm|yarn)rc(?:\\..+)?',
      '\\.(?:eslint|prettier|stylelint|biome)ignore|\\.browserslistrc|biome\\.jsonc?|(?:ts|js)config(?:\\..+)?\\.json',
      '\\.pnpmfile\\.c?js|\\.pnp\\..+|bunfig\\.toml|nx\\.json|turbo\\.jsonc?|lerna\\.json|rush\\.json|project\\.json',
      // Python
      '\\.?pytest\\.(?:ini|toml)|tox\\.(?:ini|toml)|noxfile\\.py|\\.coveragerc|\\.?mypy\\.ini|\\.?ruff\\.toml|\\.flake8|\\.?pylintrc|pyrightconfig\\.json',
      '(?:site|user)customize\\.py|.+\\.pth|\\.pythonrc(?:\\.py)?|\\.python-version',
      // others
      'makefile(?:\\..+)?|gnumakefile|.+\\.mk|\\.?justfile|taskfile(?:\\.dist)?\\.ya?ml|rakefile|.+\\.rake|build\\.xml|\\.bazelrc|\\.bazelversion',
      'build(?:\\.bazel)?|workspace(?:\\.bazel)?|module\\.bazel|cmakelists\\.txt|cmakepresets\\.json|cmakeuserpresets\\.json|ctest.*\\.cmake|meson\\.build',
      'rust-toolchain(?:\\.toml)?|\\.?clippy\\.toml|\\.?rustfmt\\.toml|nextest\\.toml|\\.golangci\\..+|\\.go-version',
      'mvnw(?:\\.cmd)?|gradlew(?:\\.bat)?|junit-platform\\.properties|nuget\\.config|global\\.json|.+\\.runsettings|(?:.+\\.)?xunit\\.runner\\.json|testconfig\\.json|.+\\.xctestplan',
      '\\.rspec(?:-local)?|\\.rubocop\\.yml|\\.simplecov|\\.ruby-version|phpunit(?:\\.dist)?\\.xml(?:\\.dist)?|phpstan(?:\\.dist)?\\.neon(?:\\.dist)?|pest\\.php|codeception(?:\\.dist)?\\.yml|behat\\.ya?ml(?:\\.dist)?|\\.php-cs-fixer(?:\\.dist)?\\.php',
      '\\.credo\\.exs|\\.formatter\\.exs|\\.proverc|\\.swiftlint\\.yml|dart_test\\.yaml|analysis_options\\.yaml',
      '\\.env(?:\\..+)?|\\.envrc|\\.nvmrc|\\.node-version|\\.tool-versions|\\.?mise(?:\\..+)?\\.toml|\\.editorconfig|\\.pre-commit-config\\.yaml|\\.?lefthook\\.ya?ml|\\.lintstagedrc',
      'loopyard\\.json',
    ),
  },
  { rule: 'build output', pattern: named('.+\\.py[cod]', '.+\\.tsbuildinfo') },
];
