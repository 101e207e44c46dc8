import { expect, test } from 'vitest';
import { LoopyardError } from '../../../src/domain/errors.ts';
import { carriedOut } from '../../../src/edges/cli/init/carry-out.ts';
import type { InitWorld } from '../../../src/edges/cli/init/world.ts';

test('a file that cannot be written costs only itself', () => {
  const write: InitWorld['write'] = ({ real }) => {
    if (real === '/b') throw new LoopyardError('STATE_UNWRITABLE', '/b cannot be written.');
    return undefined;
  };
  const world = { write, ground: { system: 'linux', home: '/', env: {} } } as unknown as InitWorld;
  const changes = ['/a', '/b', '/c'].map((path) => ({
    path,
    real: path,
    platforms: ['x'],
    before: undefined,
    after: 'new',
    shells: [],
  }));
  const { files, failed } = carriedOut(world, changes, { removal: false, scope: 'user' });
  expect(files.map(({ path }) => path)).toEqual(['/a', '/c']);
  expect(failed).toEqual([{ path: '/b', platforms: ['x'], because: '/b cannot be written.', kept: false }]);
});
