import type { Cheat } from '../cheat.ts';
import { leftoverCheats } from './leftovers.ts';
import { processCheats } from './processes.ts';
import { newProductCheats, productCheats } from './product.ts';
import { newRepositoryCheats, repositoryCheats } from './repository.ts';
import { newRunnerCheats, runnerCheats } from './runners.ts';
import { newSurroundingCheats, surroundingCheats } from './surroundings.ts';
import { newTestCheats, testCheats } from './tests.ts';

/** The classes that were measured before there was a verifier: see docs/verdicts.md. */
export const knownCheats: readonly Cheat[] = [
  ...testCheats,
  ...runnerCheats,
  ...surroundingCheats,
  ...repositoryCheats,
  ...productCheats,
  ...processCheats,
];

export const newCheats: readonly Cheat[] = [
  ...newTestCheats,
  ...newRunnerCheats,
  ...newSurroundingCheats,
  ...newRepositoryCheats,
  ...newProductCheats,
];

export const cheats: readonly Cheat[] = [...knownCheats, ...newCheats, ...leftoverCheats];
