import { expect, test } from 'vitest';
import { isInside } from '../src/inside.ts';

test.each<[Record<string, string>, boolean]>([
  [{}, false],
  [{ LOOPYARD_WORKER: '', LOOPYARD_DEPTH: '' }, false],
  [{ LOOPYARD_DEPTH: '0' }, false],
  [{ LOOPYARD_DEPTH: '1' }, true],
  [{ LOOPYARD_WORKER: 'worker-k3v9' }, true],
])('%j is inside a worker: %s', (env, expected) => expect(isInside(env)).toBe(expected));
