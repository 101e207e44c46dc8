import { expect, test } from 'vitest';
import { portRange } from '../../../src/domain/settings/port-range.ts';
import { blocksOf, isFree, portVariables, takenBlocks } from '../../../src/domain/settings/ports.ts';
import { aPlan, aYard } from '../../support/yard-builder.ts';

test.each(['20000-29999', '1024-1033', ' 3000-3100 '])('%j is a range', (text) =>
  expect(portRange(text)).toBeDefined(),
);
test.each(['', '80-200', '3000-3005', '60000-70000', '3000', '4000-3000', 'a-b'])('%j is none', (text) =>
  expect(portRange(text)).toBeUndefined(),
);

test('blocks do not overlap, all of the range is used, and what is taken is left out', () => {
  const range = { first: 3000, last: 3045 };
  const blocks = [...blocksOf(range, 'v-1')];
  expect(blocks.toSorted()).toEqual([3000, 3010, 3020, 3030]);
  expect(blocks.filter((block) => isFree(block, new Set([3000, 3025])))).toEqual([3010]);
});

test('who has not ended keeps its block', () => {
  const verification = {
    id: 'v',
    kind: 'commit' as const,
    commit: 'c',
    checks: aPlan.checks,
    failFast: true,
  };
  const running = aYard()
    .record({ type: 'verification.requested', verification })
    .record({ type: 'verification.started', id: 'v' })
    .record({ type: 'verification.ports_leased', id: 'v', ports: 3010 });
  expect(takenBlocks(running.build())).toEqual(new Set([3010]));
  running.record({ type: 'verification.passed', id: 'v', results: [], isolation: 'evident' });
  expect(takenBlocks(running.build())).toEqual(new Set());
});

test('checks side by side share a block without sharing a port', () => {
  expect(portVariables(3000)).toMatchObject({
    PORT: '3000',
    LOOPYARD_PORT_1: '3000',
    LOOPYARD_PORT_10: '3009',
  });
  const lanes = [0, 1, 2].map((index) => portVariables(3000, { index, of: 3 }));
  const ports = lanes.flatMap((lane) =>
    Object.entries(lane).flatMap(([name, port]) => (name === 'PORT' ? [] : port)),
  );
  expect(new Set(ports).size).toBe(9);
});
