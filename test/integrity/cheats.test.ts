import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Arena, anArena, hasBubblewrap, type Outcome, played } from './arena.ts';
import type { Cheat } from './cheat.ts';
import { knownCheats, newCheats } from './cheats/index.ts';
import { makerOf, plans } from './projects.ts';
import { aScoreboard } from './scoreboard.ts';

const shared = new Map<string, Promise<Arena>>();

/** One repository for all cheats that leave it whole; what harms it gets one of its own. */
function arenaFor({ project, alone, env }: Cheat, bubblewrap: boolean): Promise<Arena> {
  const make = () => anArena(makerOf(project), { bubblewrap }, env);
  if (alone) return make();
  const key = `${project} ${bubblewrap}`;
  const arena = shared.get(key) ?? make();
  shared.set(key, arena);
  return arena;
}

async function caught(cheat: Cheat, bubblewrap: boolean, board: ReturnType<typeof aScoreboard>) {
  let outcome: Outcome | undefined;
  let fine = false;
  try {
    const arena = await arenaFor(cheat, bubblewrap);
    const { checks } = plans[cheat.project];
    outcome = await played(arena, cheat.name, { checks, ...cheat.plan });
    if (cheat.expects === 'stopped')
      expect(['failed', 'tampered'], outcome.reason).toContain(outcome.verdict);
    else if (outcome.verdict === 'passed') expect(outcome.notes.join('\n')).toMatch(/Look at src\/calc/);
    const ran = readdirSync(arena.project.root).filter((name) => name.startsWith('canary-'));
    if (cheat.alone) expect(ran).toEqual([]);
    fine = true;
  } finally {
    board.add({ name: cheat.name, expected: cheat.expects, outcome, fine });
  }
}

const known = aScoreboard('classes of the table');
const fresh = aScoreboard('further classes');

test('the table has thirty-one classes, and two of them may be let through', () => {
  expect(knownCheats).toHaveLength(31);
  expect(knownCheats.filter(({ expects }) => expects === 'flagged')).toHaveLength(2);
  expect(existsSync('test/integrity/cheats')).toBe(true);
});

test.concurrent.each(knownCheats)('$name: $expects', (cheat) => caught(cheat, true, known));

test.concurrent.each(newCheats)('$name: $expects', (cheat) => caught(cheat, true, fresh));

const lurking = knownCheats.filter(({ lurk }) => lurk);
const bare = aScoreboard('without bubblewrap');

test.skipIf(!hasBubblewrap).concurrent.each(lurking)('without bubblewrap, $name: $expects', (cheat) =>
  caught(cheat, false, bare),
);
