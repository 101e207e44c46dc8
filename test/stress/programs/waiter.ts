import { appendFileSync } from 'node:fs';
import { openJournalStore } from '../../../src/adapters/journal/journal-store.ts';
import { claim, type Holder } from '../../../src/domain/lease.ts';

/** Waits for the lease of each round, whose holder is dead, and takes it if it may. */
const [directory = '', witness = '', roundsText = '1'] = process.argv.slice(2);
const store = await openJournalStore({
  directory,
  clock: { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
  log: () => {},
  chance: Math.random,
});
const me: Holder = {
  kind: 'process',
  role: 'waiter',
  identity: { host: 'h', boot: 'b', namespace: 'n', pid: process.pid, startTime: 's' },
};
const liveness = (holder: Holder) =>
  holder.kind === 'process' && holder.identity.pid === 0 ? 'dead' : 'alive';

// Watching keeps no process alive; what does in real life is a client at the other end of stdin.
const alive = setInterval(() => {}, 1_000);
appendFileSync(witness, `${process.pid} ready\n`);
let round = 1;
for await (const _ of store.watch(0, new AbortController().signal)) {
  for (let yard = await store.read(); yard.leases[`round-${round}`]; yard = await store.read()) {
    const resource = `round-${round}`;
    const epoch = await store.transact({ name: `waiter ${process.pid}` }, (tx) => {
      const outcome = claim(tx.yard.leases[resource], liveness);
      if (outcome.outcome === 'held') return 0;
      tx.record({ type: 'lease.taken', resource, epoch: outcome.epoch, holder: me, purpose: 'take over' });
      return outcome.epoch;
    });
    appendFileSync(witness, `${process.pid} ${resource} ${epoch === 0 ? 'lost' : `won ${epoch}`}\n`);
    round += 1;
  }
  if (round > Number(roundsText)) break;
}
await store.close();
clearInterval(alive);
