import { expect, test } from 'vitest';
import {
  aSpawningWorld,
  type Blow,
  type Fate,
  isSettled,
  isTidied,
  nothingIsLeft,
  type SpawningWorld,
} from '../support/spawning-world.ts';

/**
 * Every call by which a keeper makes a worker start, and everything that can happen to it there. Afterwards the loop
 * goes on with the next keeper, or a person stops it at once; either way nothing is left that should not be.
 */
const atOnce = 4;

test('a keeper may be killed, or told that it failed, at any step of a worker’s start', async () => {
  const calm = await aSpawningWorld();
  await calm.keep(isSettled);
  await calm.stop();
  await calm.keep(isTidied);
  await nothingIsLeft(calm);
  const cases = calm.calls.flatMap((call, index) => {
    const nth = calm.calls.slice(0, index + 1).filter((one) => one === call).length;
    const fates: Fate[] = ['killed', 'fails', ...(call === 'git.addWorktree' ? (['torn'] as const) : [])];
    return fates.flatMap((fate) =>
      [false, true].map((isStopped) => ({ blow: { call, nth, fate }, isStopped })),
    );
  });

  const trouble: string[] = [];
  let next = 0;
  const one = async () => {
    for (let each = cases[next++]; each; each = cases[next++]) {
      const { blow, isStopped } = each;
      const found = await outcomeOf(blow, isStopped).catch((error: unknown) => String(error));
      if (found)
        trouble.push(
          `${blow.call} (${blow.nth}) ${blow.fate}, ${isStopped ? 'stopped' : 'goes on'}: ${found}`,
        );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  console.log(
    `stress: spawning, ${cases.length - trouble.length} of ${cases.length} sound (${calm.calls.length} calls)`,
  );
  expect(trouble).toEqual([]);
});

async function outcomeOf(blow: Blow, isStopped: boolean): Promise<string | undefined> {
  const world = await aSpawningWorld();
  let hasMet = false;
  const untilMet = () => {
    hasMet ||= world.calls.filter((call) => call === blow.call).length >= blow.nth;
    return hasMet;
  };
  if (isStopped) await world.keep((yard) => untilMet() || isSettled(yard), blow);
  else await world.keep(isSettled, blow);
  await world.stop();
  await world.keep(isTidied, untilMet() ? undefined : blow);
  await nothingIsLeft(world);
  return isTold(world, blow);
}

/** A failure that the loop met is a sentence in its records, and its cause is named. */
async function isTold(world: SpawningWorld, { call, fate }: Blow): Promise<string | undefined> {
  // An election that fails ends the keeper, and whoever wants something starts the next.
  if (fate !== 'fails' || call === 'store.transact') return undefined;
  const told = await world.told();
  const said = [...told, ...world.machine.logged].some((line) => /found no space|Git is broken/.test(line));
  return said ? undefined : `nothing was said: ${told.join(' / ')}`;
}
