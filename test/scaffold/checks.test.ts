import { expect, test } from 'vitest';
import { suggestedChecks } from '../../src/scaffold/checks.ts';

function commandsFor(files: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.keys(files);
  const found = suggestedChecks({
    has: (name) => names.includes(name),
    read: (name) => files[name],
    hasEnding: (ending) => names.some((name) => name.endsWith(ending)),
  });
  for (const { because } of found) expect(because).not.toBe('');
  expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
  return found.map(({ name, command }) => `${name}: ${command}`);
}

const scripts = (names: Record<string, string>, more = {}) => JSON.stringify({ scripts: names, ...more });

test.each([
  ['nothing', {}, []],
  [
    'package scripts',
    { 'package.json': scripts({ test: 'vitest', lint: 'x', start: 'y' }) },
    ['test: npm test', 'lint: npm run lint'],
  ],
  ['pnpm by its lock', { 'package.json': scripts({ test: 'x' }), 'pnpm-lock.yaml': '' }, ['test: pnpm test']],
  [
    'yarn by its name',
    { 'package.json': scripts({ build: 'x' }, { packageManager: 'yarn@4.1.0' }) },
    ['build: yarn run build'],
  ],
  [
    'no installation, because dependencies are prepared by themselves',
    { 'package.json': scripts({ test: 'x' }), 'package-lock.json': '' },
    ['test: npm test'],
  ],
  ['a lock without a script', { 'package.json': scripts({}), 'package-lock.json': '' }, []],
  ['bun', { 'package.json': scripts({ test: 'x' }), 'bun.lock': '' }, ['test: bun run test']],
  [
    'the script of npm init',
    { 'package.json': scripts({ test: 'echo "Error: no test specified" && exit 1' }) },
    [],
  ],
  ['a broken package.json', { 'package.json': '{' }, []],
  ['cargo', { 'Cargo.toml': '' }, ['test: cargo test']],
  ['go', { 'go.mod': '' }, ['test: go test ./...']],
  ['pytest', { 'pytest.ini': '' }, ['test: pytest']],
  [
    'pytest with uv',
    { 'pyproject.toml': '[tool.pytest.ini_options]', 'uv.lock': '' },
    ['test: uv run pytest'],
  ],
  ['no pytest', { 'pyproject.toml': '[project]' }, []],
  ['gradle', { 'build.gradle.kts': '', gradlew: '' }, ['test: ./gradlew test']],
  ['maven', { 'pom.xml': '' }, ['test: mvn -q verify']],
  ['dotnet', { 'App.sln': '' }, ['test: dotnet test']],
  ['mix', { 'mix.exs': '' }, ['test: mix test']],
  ['make', { Makefile: 'CHECK := 1\ncheck := 2\ntest: build\n\techo\n' }, ['test: make test']],
  ['just', { justfile: 'lint:\n  x\n\n@check arg="1":\n  y\n' }, ['check: just check', 'lint: just lint']],
  [
    'two of a name',
    { 'Cargo.toml': '', 'package.json': scripts({ test: 'x' }) },
    ['test-npm: npm test', 'test-cargo: cargo test'],
  ],
] as const)('%s', (_, files, commands) => {
  expect(commandsFor(files)).toEqual(commands);
});
