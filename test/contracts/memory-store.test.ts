import { memoryStore } from '../support/memory-store.ts';
import { storeContract } from './store.contract.ts';

storeContract('the memory store', async () => {
  let now = 1;
  const store = memoryStore({ now: () => now });
  return {
    /** One process has one memory: all views are the same store, and only the world itself ends. */
    async open() {
      const closed = new AbortController();
      return {
        ...store,
        watch: (after, signal) => store.watch(after, AbortSignal.any([signal, closed.signal])),
        close: async () => closed.abort(),
      };
    },
    setNow(at) {
      now = at;
    },
  };
});
