import { openJournalStore } from '../../src/adapters/journal/journal-store.ts';
import { aStateDirectory } from '../support/state-directory.ts';
import { storeContract } from './store.contract.ts';

storeContract('the journal store', async () => {
  let now = 1;
  const directory = await aStateDirectory();
  return {
    open: () =>
      openJournalStore({
        directory,
        clock: { now: () => now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
        log: () => {},
        chance: Math.random,
      }),
    setNow(at) {
      now = at;
    },
  };
});
