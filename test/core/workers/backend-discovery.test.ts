import { expect, test } from 'vitest';
import { backends } from '../../../src/backends/index.ts';
import { discoverBackends, versionIn } from '../../../src/core/workers/backend-discovery.ts';

const listed = new Map(backends.map((backend) => [backend.id, backend]));

/** A machine with these programs on PATH and these files at home. */
function aMachine(
  programs: Record<string, string>,
  files: readonly string[],
  env: Record<string, string> = {},
) {
  return {
    backends: listed,
    env,
    programs: {
      which: async (program: string) => (program in programs ? `/bin/${program}` : undefined),
      says: async (path: string) => programs[path.replace('/bin/', '')],
      has: async ({ folder, name }: { folder: string; name: string }) => files.includes(`${folder}/${name}`),
    },
  };
}

test('what is installed comes with its version and its login, the rest with how to get it', async () => {
  const machine = aMachine({ claude: '2.1.329 (Claude Code)\n', codex: 'codex-cli 0.169.0', gemini: '' }, [
    '.claude/.credentials.json',
    '.codex/config.toml',
  ]);
  const found = await discoverBackends(machine);
  const of = (id: string) => found.find((finding) => finding.id === id);
  expect(of('claude')).toMatchObject({ version: '2.1.329', login: 'yes', trouble: undefined });
  expect(of('codex')).toMatchObject({ version: '0.169.0', login: 'perhaps', trouble: undefined });
  expect(of('gemini')).toMatchObject({ program: '/bin/gemini', version: undefined, login: 'no' });
  expect(of('gemini')?.trouble).toContain('to log in: run gemini');
  expect(of('qwen')?.trouble).toBe(
    'The program qwen is not on PATH; to get it: npm install -g @qwen-code/qwen-code.',
  );
  expect(of('command')).toBeUndefined();
});

test('a variable with a key is a login', async () => {
  const machine = aMachine({ gemini: '0.61.0' }, [], { GEMINI_API_KEY: 'k' });
  const found = await discoverBackends(machine);
  expect(found.find(({ id }) => id === 'gemini')).toMatchObject({ login: 'yes' });
});

test.each([
  ['GitHub Copilot CLI 1.0.102.\nRun update', '1.0.102'],
  ['0.0.1790142911-g1a2b (released 2026)', '0.0.1790142911-g1a2b'],
  ['1.18.33\n', '1.18.33'],
  ['no version here', undefined],
  [undefined, undefined],
])('in %j the version is %s', (said, version) => {
  expect(versionIn(said)).toBe(version);
});
