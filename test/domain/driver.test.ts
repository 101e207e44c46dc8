import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isEnded, type Loop } from '../../src/domain/loop.ts';
import { next } from '../../src/domain/next.ts';
import { Yard } from '../../src/domain/yard.ts';
import { archiveAfter, aWorld, settle, type World } from '../support/pure-keeper.ts';
import { aPlan } from '../support/yard-builder.ts';

function waitOf(world: World, loop: Loop) {
  const action = next(world.yard, loop, world.now, archiveAfter);
  return action.do === 'wait' ? action : undefined;
}

const somePlan = fc.record({
  mode: fc.constantFrom('auto' as const, 'guided' as const),
  isolation: fc.constantFrom('worktree' as const, 'in_place' as const, 'auto' as const),
  onBusy: fc.constantFrom('wait' as const, 'worktree' as const),
  autoMerge: fc.boolean(),
  review: fc.boolean(),
  backend: fc.constantFrom('command', 'claude'),
  fallbacks: fc.constantFrom<string[]>([], ['codex'], ['codex', 'command']),
  limits: fc.record({
    iterations: fc.integer({ min: 1, max: 6 }),
    iterationMinutes: fc.constant(5),
    loopMinutes: fc.constantFrom(60, 40_000),
    infrastructureFailures: fc.integer({ min: 1, max: 4 }),
  }),
});
const plans = fc.array(somePlan, { minLength: 1, maxLength: 3 });
const luck = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 200 });

test('every loop comes to its end, or to a wait that names whom it waits for', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(plans, luck, (chosen, chances) => {
      const world = aWorld(chosen, chances);
      settle(world, () => undefined);
      for (const loop of Object.values(world.yard.loops)) {
        seen.add(`${loop.state} ${loop.hold?.kind ?? ''}`);
        const wait = waitOf(world, loop);
        const named =
          wait?.asks !== undefined || /waits for the checkout, which loop l\d holds/.test(wait?.why ?? '');
        expect(named, JSON.stringify({ wait, state: loop.state })).toBe(true);
      }
      expect(Yard.parse(JSON.parse(JSON.stringify(world.yard)))).toStrictEqual(world.yard);
    }),
    { numRuns: 400 },
  );
  // The walk is worth something only if it comes to very different places.
  for (const place of ['ready budget', 'ready stuck', 'ready ', 'verified ', 'merging '])
    expect([...seen]).toContain(place);
});

test('a loop that is asked for again and again ends by its budget', () => {
  fc.assert(
    fc.property(luck, (chances) => {
      const limits = { ...aPlan.limits, iterations: 5, loopMinutes: 40_000 };
      const world = aWorld([{ mode: 'guided', limits }], chances);
      settle(world, ({ yard, record }) => {
        const loop = yard.loops.l0;
        if (loop?.state === 'ready' && !loop.hold && !loop.wanted)
          record({ type: 'loop.iteration_wanted', id: 'l0' });
      });
      expect(world.yard.loops.l0?.hold !== undefined || world.yard.loops.l0?.state !== 'ready').toBe(true);
    }),
  );
});

test('a cancelled loop comes to its end whatever it was doing, unless its merge result waits for a person', () => {
  fc.assert(
    fc.property(plans, luck, fc.nat({ max: 60 }), (chosen, chances, when) => {
      const world = aWorld(chosen, chances);
      settle(world, ({ yard, record }, looks) => {
        if (looks < when) return;
        for (const { id, cancel, ...loop } of Object.values(yard.loops)) {
          if (cancel || isEnded(loop)) continue;
          const request = { id: 'c', reason: 'enough', by: 'test', graceMs: 0, discard: false };
          record({ type: 'loop.cancel_requested', id, request });
        }
      });
      const left = Object.values(world.yard.loops).filter(({ cancel }) => cancel);
      expect(left.filter(({ state }) => state !== 'merging')).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
