import { expect, test } from 'vitest';
import { type Arena, anArena, type Outcome, played } from './arena.ts';
import type { Change } from './honest/change.ts';
import { changes } from './honest/index.ts';
import { sites } from './honest/sites.ts';
import { aScoreboard } from './scoreboard.ts';

const arenas = new Map<string, Promise<Arena>>();

/** What lands moves the branch on which the others would begin. */
function arenaFor({ site, lands }: Change): Promise<Arena> {
  if (lands) return anArena(sites[site].make, { bubblewrap: true });
  const arena = arenas.get(site) ?? anArena(sites[site].make, { bubblewrap: true });
  arenas.set(site, arena);
  return arena;
}

const board = aScoreboard('honest changes');

test.concurrent.each(changes)('$name passes', async (change) => {
  let outcome: Outcome | undefined;
  let fine = false;
  try {
    const arena = await arenaFor(change);
    const { checks } = sites[change.site];
    const plan = { checks, ...change.plan, ...(change.lands ? { auto_merge: true } : {}) };
    outcome = await played(arena, change.name, plan);
    expect(outcome).toMatchObject({ verdict: 'passed' });
    if (change.lands) expect(outcome.state).toBe('landed');
    fine = true;
  } finally {
    board.add({ name: change.name, expected: 'passed', outcome, fine });
  }
});
