import type { Check } from '../../domain/verification/verification.ts';
import { dependencyEnvironment } from '../environment.ts';
import type { Runtime } from '../runtime.ts';

/** How programs that checks often start say their version. Nothing that a repository brings is asked. */
const questions: Readonly<Record<string, readonly string[]>> = {
  go: ['version'],
  java: ['-version'],
  ...Object.fromEntries(
    [
      ...[
        'node',
        'npm',
        'npx',
        'pnpm',
        'yarn',
        'bun',
        'deno',
        'python',
        'python3',
        'pytest',
        'uv',
        'poetry',
        'tox',
      ],
      ...[
        'cargo',
        'rustc',
        'mvn',
        'gradle',
        'dotnet',
        'ruby',
        'bundle',
        'rspec',
        'php',
        'composer',
        'make',
        'cmake',
      ],
      ...['mix', 'swift', 'dart', 'flutter', 'bash', 'git'],
    ].map((name) => [name, ['--version']]),
  ),
};

/** What runs under another name, or only with it. */
const besides: Readonly<Record<string, readonly string[]>> = {
  npm: ['node'],
  npx: ['node'],
  pnpm: ['node'],
  yarn: ['node'],
  cargo: ['rustc'],
  mvn: ['java'],
  gradle: ['java'],
};

/** Versions, a line each, of git and of the well-known programs that the command lines of the checks name. */
export async function toolVersions(
  rt: Pick<Runtime, 'dependencies' | 'env' | 'config'>,
  checks: readonly Check[],
): Promise<Record<string, string>> {
  const named = checks.flatMap(({ argv }) => argv.flatMap((word) => word.split(/[^\w.-]+/)));
  const programs = new Set(['git', ...named.flatMap((name) => [name, ...(besides[name] ?? [])])]);
  const known = [...programs].filter((name) => Object.hasOwn(questions, name)).sort();
  const env = dependencyEnvironment(rt);
  const versions = await Promise.all(
    known.map(async (name) => {
      const said = await rt.dependencies.toolVersion([name, ...(questions[name] ?? [])], env);
      return said === undefined ? [] : [[name, (said.split('\n')[0] ?? '').trim().slice(0, 100)] as const];
    }),
  );
  return Object.fromEntries(versions.flat());
}
