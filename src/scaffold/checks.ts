import * as z from 'zod';

/** A command that could decide a loop, and why it is thought to exist here. */
export interface SuggestedCheck {
  readonly name: string;
  readonly command: string;
  readonly because: string;
}

/** What detection may look at: the files at the top of the project, by name. */
export interface ProjectFiles {
  has(name: string): boolean;
  /** The text of a file, or undefined. */
  read(name: string): string | undefined;
  /** Whether a name with this ending stands at the top. */
  hasEnding(ending: string): boolean;
}

/** The checks a project seems to have. Guesses, with their reasons: a person chooses, nothing is run. */
export function suggestedChecks(files: ProjectFiles): readonly SuggestedCheck[] {
  const found = detectors.flatMap((detect) => detect(files));
  // Two tools with a check of the same name: both stay, told apart by the tool.
  return found.map((check) => {
    const twin = found.some((other) => other !== check && other.name === check.name);
    const tool = check.command.split(' ')[0]?.replace('./', '');
    return twin ? { ...check, name: `${check.name}-${tool}` } : check;
  });
}

type Detector = (files: ProjectFiles) => readonly SuggestedCheck[];

const PackageJson = z.object({
  scripts: z.record(z.string(), z.string()).default({}),
  packageManager: z.string().optional(),
});
const scriptNames = ['test', 'lint', 'typecheck', 'type-check', 'check', 'build'];

const packageScripts: Detector = (files) => {
  const { success, data } = PackageJson.safeParse(jsonOf(files.read('package.json')));
  if (!success) return [];
  const manager = managerOf(files, data.packageManager);
  return scriptNames.flatMap((name) => {
    const script = data.scripts[name];
    // What npm init writes fails on purpose and measures nothing.
    if (script === undefined || script.includes('no test specified')) return [];
    const command = name === 'test' ? `${manager} test` : `${manager} run ${name}`;
    // Bun's own test runner would answer to "bun test".
    const typed = manager === 'bun' ? `bun run ${name}` : command;
    return [{ name, command: typed, because: `package.json has the script ${name}: ${script}` }];
  });
};

const locks = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
] as const;

function managerOf(files: ProjectFiles, named: string | undefined): string {
  const told = named?.split('@')[0];
  if (told && ['npm', 'pnpm', 'yarn', 'bun'].includes(told)) return told;
  return locks.find(([name]) => files.has(name))?.[1] ?? 'npm';
}

/** A command that a file at the top of the project gives away. */
function when(names: readonly string[], name: string, command: string): Detector {
  return (files) => {
    const sign = names.find((candidate) => files.has(candidate));
    return sign === undefined ? [] : [{ name, command, because: `there is ${sign}` }];
  };
}

const pytest: Detector = (files) => {
  const runner = files.has('uv.lock')
    ? 'uv run pytest'
    : files.has('poetry.lock')
      ? 'poetry run pytest'
      : 'pytest';
  const sign =
    ['pytest.ini', 'conftest.py'].find((name) => files.has(name)) ??
    ['pyproject.toml', 'setup.cfg', 'tox.ini', 'requirements.txt', 'requirements-dev.txt'].find((name) =>
      files.read(name)?.includes('pytest'),
    );
  return sign === undefined ? [] : [{ name: 'test', command: runner, because: `${sign} speaks of pytest` }];
};

function targets(names: readonly string[], tool: string, line: (target: string) => RegExp): Detector {
  return (files) => {
    const file = names.find((name) => files.has(name));
    const text = file === undefined ? undefined : files.read(file);
    if (text === undefined) return [];
    return ['test', 'check', 'lint']
      .filter((target) => line(target).test(text))
      .map((target) => ({
        name: target,
        command: `${tool} ${target}`,
        because: `${file} has the target ${target}`,
      }));
  };
}

const dotnet: Detector = (files) => {
  const sign = ['.sln', '.slnx', '.csproj', '.fsproj'].find((ending) => files.hasEnding(ending));
  return sign ? [{ name: 'test', command: 'dotnet test', because: `there is a ${sign} file` }] : [];
};

const gradle: Detector = (files) => {
  const sign = ['build.gradle', 'build.gradle.kts'].find((name) => files.has(name));
  const command = files.has('gradlew') ? './gradlew test' : 'gradle test';
  return sign ? [{ name: 'test', command, because: `there is ${sign}` }] : [];
};

const maven: Detector = (files) => {
  const command = files.has('mvnw') ? './mvnw -q verify' : 'mvn -q verify';
  return files.has('pom.xml') ? [{ name: 'test', command, because: 'there is pom.xml' }] : [];
};

const detectors: readonly Detector[] = [
  packageScripts,
  when(['Cargo.toml'], 'test', 'cargo test'),
  when(['go.mod'], 'test', 'go test ./...'),
  pytest,
  gradle,
  maven,
  dotnet,
  when(['mix.exs'], 'test', 'mix test'),
  targets(
    ['justfile', 'Justfile', '.justfile'],
    'just',
    (target) => new RegExp(`^@?${target}\\b[^:\\n]*:(?!=)`, 'm'),
  ),
  targets(
    ['Makefile', 'makefile', 'GNUmakefile'],
    'make',
    (target) => new RegExp(`^${target}\\s*:(?!=)`, 'm'),
  ),
];

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}
