import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openJournalStore } from '../../src/adapters/journal/journal-store.ts';
import type { Store } from '../../src/ports/store.ts';

/** The path of a state directory that does not exist yet, in a temporary directory that goes with the test. */
export async function aStateDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'loopyard-store-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  return join(parent, 'loopyard');
}

export const wallClock = {
  now: () => Date.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};

/** A store as a process of its own would open it. */
export async function aStoreIn(directory: string): Promise<Store> {
  const store = await openJournalStore({ directory, clock: wallClock, log: () => {}, chance: Math.random });
  onTestFinished(() => store.close());
  return store;
}
