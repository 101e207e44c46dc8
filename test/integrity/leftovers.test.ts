import { expect, test } from 'vitest';
import { anArena, hasBubblewrap, type Outcome, played } from './arena.ts';
import { type Pair, pairs } from './cheats/leftovers.ts';
import { makerOf, plans } from './projects.ts';
import { aScoreboard, type Row } from './scoreboard.ts';

async function followed({ first, next }: Pair, bubblewrap: boolean, board: { add(row: Row): void }) {
  const arena = await anArena(makerOf(first.project), { bubblewrap });
  for (const cheat of [first, next]) {
    let outcome: Outcome | undefined;
    let fine = false;
    try {
      outcome = await played(arena, cheat.name, { checks: plans[cheat.project].checks });
      if (cheat.expects === 'stopped' || outcome.verdict !== 'passed')
        expect(['failed', 'tampered'], JSON.stringify(outcome)).toContain(outcome.verdict);
      else expect(outcome.notes.join('\n')).toMatch(/Look at src\/calc/);
      fine = true;
    } finally {
      board.add({ name: cheat.name, expected: cheat.expects, outcome, fine });
    }
  }
}

const board = aScoreboard('what a check leaves for the next');
test.concurrent.each(pairs)('$name: the next candidate has nothing of it', (pair) =>
  followed(pair, true, board),
);

const bare = aScoreboard('the same without bubblewrap');
test.skipIf(!hasBubblewrap).concurrent.each(pairs.filter(({ needsWalls }) => !needsWalls))(
  'without bubblewrap, $name: the next candidate has nothing of it',
  (pair) => followed(pair, false, bare),
);
