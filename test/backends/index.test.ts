import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import type { Backend } from '../../src/ports/backend.ts';
import { backendContract } from '../contracts/backend.contract.ts';

const folder = fileURLToPath(new URL('../../src/backends', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'index.ts')
  .map((name) => name.replace(/\.ts$/, ''));

for (const name of names) {
  const { backend } = (await import(`../../src/backends/${name}.ts`)) as { backend: Backend };

  test(`${name}.ts exports the backend of that id, and it is listed`, () => {
    expect(backend.id).toBe(name);
    expect(backends).toContain(backend);
  });
  backendContract(backend);
}

test('the list holds nothing that is not in the folder', () => {
  expect(backends.map(({ id }) => id).sort()).toEqual(names.sort());
});
