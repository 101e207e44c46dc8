import { expect, test } from 'vitest';
import { defaultConfig } from '../../src/domain/settings/config.ts';
import type { Backend } from '../../src/ports/backend.ts';
import type { ToolRuntime } from '../../src/tools/define.ts';
import { backendOf } from '../../src/tools/worker-choice.ts';

/** Three programs, all installed; one of them has no way to skip its approvals, and only one can merely look. */
const backends = Object.entries({
  all: { read_only: 'looks', work: 'works', skip_all: 'anything' },
  most: { work: 'works', skip_all: 'anything' },
  tame: { work: 'works' },
}).map(
  ([id, permissions]): Partial<Backend> => ({ id, permissions, probe: [id, '--version'], clients: [id] }),
);

const runtime = (ids: readonly string[]) =>
  ({
    config: defaultConfig,
    env: {},
    backends: new Map(backends.filter(({ id }) => ids.includes(id ?? '')).map((one) => [one.id, one])),
    programs: { which: async (program: string) => `/bin/${program}`, has: async () => false },
  }) as unknown as ToolRuntime;

const chosen = (backend: string | undefined, mode: 'work' | 'skip_all', client = 'cli', review = false) =>
  backendOf(runtime(['all', 'most', 'tame']), { backend, review }, mode, { client });

test('a backend without the wanted permission mode is refused with a sentence, never started in another mode', async () => {
  await expect(chosen('tame', 'skip_all')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: '"permissions": The backend tame has no permission mode skip_all, only: work.',
  });
  expect(await chosen('tame', 'work')).toMatchObject({ backend: 'tame', noted: [] });
});

test('as one of several it is left out, and that is said', async () => {
  expect(await chosen('tame,most,all', 'skip_all')).toMatchObject({
    backend: 'most',
    fallbacks: ['all'],
    noted: ['The backend tame has no permission mode skip_all, only: work. It is left out.'],
  });
});

test('a client whose own program lacks the mode gets another', async () => {
  expect(await chosen(undefined, 'work', 'tame')).toMatchObject({ backend: 'tame' });
  expect(await chosen(undefined, 'skip_all', 'tame')).toMatchObject({ backend: 'all' });
});

test('a review that nobody installed can give is said when the loop is opened', async () => {
  expect((await chosen('all', 'work', 'cli', true)).noted).toEqual([]);
  const { noted } = await backendOf(runtime(['tame']), { backend: 'tame', review: true }, 'work', {
    client: 'cli',
  });
  expect(noted).toEqual([expect.stringMatching(/^Nobody can review/)]);
});
