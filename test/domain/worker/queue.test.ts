import { describe, expect, test } from 'vitest';
import type { YardEvent } from '../../../src/domain/events.ts';
import type { LoopPlan } from '../../../src/domain/loop.ts';
import {
  admitted,
  type Caps,
  placeInQueue,
  startQueue,
  usualWorkers,
} from '../../../src/domain/worker/queue.ts';
import { aWorkerEnd, aYard, loopIn, noon } from '../../support/yard-builder.ts';

const minute = 60_000;
const caps: Caps = { workers: 4, backends: {}, freeBytes: 2 ** 29, load: 8, day: {} };
const room = { freeBytes: 2 ** 33, load: 0 };

/** Loops that want a worker, each opened a second after the one before; `working` ones have one. */
function yardOf(
  waiting: Readonly<Record<string, Partial<LoopPlan>>>,
  working: readonly string[] = [],
  events: readonly YardEvent[] = [],
) {
  const builder = aYard().at(noon - minute);
  for (const id of working) builder.withLoop({ id, state: 'working' });
  Object.entries(waiting).forEach(([id, plan], n) => {
    builder.at(noon + n * 1_000).withLoop({ id, plan });
  });
  return builder.record(...events).build();
}
const ids = (loops: readonly { id: string }[]) => loops.map(({ id }) => id).join(' ');
const at = noon + minute;

describe('the queue for workers', () => {
  test('goes by priority, then by who waits longest', () => {
    const yard = yardOf({ a: { priority: 'low' }, b: {}, c: { priority: 'high' }, d: {} });
    expect(ids(startQueue(yard, at))).toBe('c b d a');
  });

  test('lets loops of the same priority take turns', () => {
    const turn: readonly YardEvent[] = [
      { type: 'worker.starting', worker: { id: 'w', loop: 'a', iteration: 1, backend: 'command' } },
      { type: 'loop.iteration_started', id: 'a', iteration: 1, worker: 'w' },
      { type: 'worker.ended', id: 'w', end: aWorkerEnd },
      { type: 'loop.nothing_changed', id: 'a', reason: 'x', usage: {} },
    ];
    const yard = aYard()
      .withLoop({ id: 'a' })
      .at(noon + 1)
      .withLoop({ id: 'b' })
      .at(noon + 2)
      .record(...turn)
      .build();
    expect(ids(startQueue(yard, at))).toBe('b a');
  });

  test('keeps nobody waiting for ever: ten minutes are worth a priority', () => {
    const yard = yardOf({ a: { priority: 'low' }, b: { priority: 'normal' } });
    expect(ids(startQueue(yard, noon + 9 * minute))).toBe('b a');
    const late = aYard()
      .at(noon)
      .withLoop({ id: 'a', plan: { priority: 'low' } })
      .at(noon + 20 * minute)
      .withLoop({ id: 'b', plan: { priority: 'high' } })
      .build();
    expect(ids(startQueue(late, noon + 20 * minute))).toBe('a b');
  });

  test('has no loop that waits for anything else', () => {
    const held: YardEvent = { type: 'loop.held', id: 'a', hold: { kind: 'paused', reason: 'x' } };
    expect(ids(startQueue(yardOf({ a: {}, b: { mode: 'guided' }, c: {} }, ['w'], [held]), at))).toBe('c');
  });
});

describe('those who may start', () => {
  test.each<[string, Partial<Caps>, Partial<typeof room>, readonly string[], string]>([
    ['are two at a time', {}, {}, [], 'a b'],
    ['are as many as the cap leaves', { workers: 3 }, {}, ['x', 'y'], 'a'],
    ['are none when the cap is reached', { workers: 2 }, {}, ['x', 'y'], ''],
    ['respect the cap of a backend, and others go first', { backends: { command: 1 } }, {}, ['x'], 'c'],
    ['are none beside others when memory is short', {}, { freeBytes: 2 ** 28 }, ['x'], ''],
    ['are none beside others when the load is high', {}, { load: 9 }, ['x'], ''],
    ['are one alone, whatever the machine says', {}, { load: 99, freeBytes: 0 }, [], 'a'],
  ])('%s', (_title, cap, has, working, chosen) => {
    const yard = yardOf({ a: {}, b: {}, c: { backend: 'codex' } }, working);
    expect(ids(admitted(yard, { ...caps, ...cap }, { ...room, ...has }, at))).toBe(chosen);
  });

  test('are none in the same beat as two others', () => {
    const yard = aYard()
      .at(at)
      .withLoop({ id: 'x', state: 'working' })
      .withLoop({ id: 'y', state: 'working' });
    expect(ids(admitted(yard.withLoop({ id: 'a' }).build(), caps, room, at + 400))).toBe('');
    expect(ids(admitted(yard.build(), caps, room, at + 500))).toBe('a');
  });
});

test('a loop that does not start knows its place, and why', () => {
  const yard = yardOf({ a: {}, b: {} }, ['x', 'y']);
  const place = (id: string, workers: number) =>
    placeInQueue(yard, loopIn(yard, id), { ...caps, workers }, room, at);
  expect(place('b', 2)).toEqual({ place: 2, why: 'queued, place 2 of 2: 2 of at most 2 workers live' });
  expect(place('a', 3)).toBeUndefined();
  expect(place('b', 3)?.place).toBe(2);
  expect(placeInQueue(yard, loopIn(yard, 'x'), caps, room, at)).toBeUndefined();
});

test.each([
  [1, 1, 2],
  [2, 16, 8],
  [8, 6, 6],
  [64, 512, 32],
])('a machine with %i processors and %i GiB has %i workers by default', (cpus, gib, workers) => {
  expect(usualWorkers(cpus, gib * 2 ** 30)).toBe(workers);
});
