import { appendFileSync, existsSync } from 'node:fs';
import { openJournalStore } from '../../../src/adapters/journal/journal-store.ts';
import { LoopyardError } from '../../../src/domain/errors.ts';
import { claim, type Holder } from '../../../src/domain/lease.ts';
import type { LoopPlan } from '../../../src/domain/loop.ts';
import { defaultLimits } from '../../../src/domain/worker/budget.ts';
import type { Store, Tx } from '../../../src/ports/store.ts';
import { openBrokenStore } from './broken-store.ts';

/**
 * One of many processes that change one yard as fast as they can, until the stop file appears. Before and after every operation
 * it writes a line to the witness: nanoseconds of the monotonic clock, process, operation, what.
 */
const [directory = '', witness = '', kind = 'journal', stop = ''] = process.argv.slice(2);
const clock = {
  now: () => Date.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};
const open = kind === 'broken' ? openBrokenStore : openJournalStore;
const store: Store = await open({ directory, clock, log: () => {}, chance: Math.random });

const me: Holder = {
  kind: 'process',
  role: 'hammer',
  identity: { host: 'h', boot: 'b', namespace: 'n', pid: process.pid, startTime: 's' },
};
const plan: LoopPlan = {
  goal: 'be updated',
  summary: 'nobody yet',
  criteria: [],
  owner: 'hammer',
  priority: 'normal',
  tags: [],
  mode: 'guided',
  checks: [{ name: 'test', argv: ['true'], timeoutMs: 1_000 }],
  failFast: true,
  backend: 'command',
  isolation: 'worktree',
  onBusy: 'wait',
  checkout: { path: '/nowhere', key: 'nowhere' },
  base: '0'.repeat(40),
  autoMerge: false,
  limits: defaultLimits,
};

let count = 0;
const operations = [increment, remember, update, own];
while (!existsSync(stop)) {
  const operation = operations[Math.floor(Math.random() * operations.length)] ?? increment;
  try {
    await operation();
  } catch (error) {
    if (!(error instanceof LoopyardError) || error.code !== 'FENCED') say('-', 'failed', String(error));
    else say('-', 'fenced');
  }
}
await store.close();

/** The name of the actor is the name of the operation, so that the record can be found again. */
async function witnessed<T>(
  work: (tx: Tx, op: string) => T,
  lease?: { resource: string; epoch: number },
): Promise<T> {
  count += 1;
  const op = `op-${process.pid}-${count}`;
  say(op, 'call');
  const decided = await store.transact<{ value: T; seq: number }>(
    { name: op, ...(lease ? { lease } : {}) },
    // biome-ignore lint/suspicious/noExplicitAny: the type forbids promises, and T is none here
    ((tx: Tx) => ({ value: work(tx, op), seq: tx.yard.seq + 1 })) as any,
  );
  say(op, 'ack', String(decided.seq));
  return decided.value;
}

async function increment() {
  const resource = `counter-${Math.floor(Math.random() * 3)}`;
  await witnessed((tx, op) => {
    const epoch = (tx.yard.leases[resource]?.epoch ?? 0) + 1;
    tx.record({ type: 'lease.taken', resource, epoch, holder: me, purpose: op });
  });
}

async function remember() {
  await witnessed((tx, op) => tx.record({ type: 'note.remembered', note: { id: op, text: 'something' } }));
}

async function update() {
  const id = `shared-${Math.floor(Math.random() * 5)}`;
  await witnessed((tx, op) => {
    if (!tx.yard.loops[id]) tx.record({ type: 'loop.opened', id, plan, wanted: false });
    tx.record({ type: 'loop.updated', id, changes: { summary: op } });
  });
}

/** Takes the one lease that all want if its holder is gone, acts under it, and gives it back. */
async function own() {
  const lease = (await store.read()).leases.owner;
  if (claim(lease, liveness).outcome === 'held') return;
  let epoch = 0;
  await witnessed((tx, op) => {
    const outcome = claim(tx.yard.leases.owner, liveness);
    epoch = outcome.outcome === 'held' ? 0 : outcome.epoch;
    const note = { id: op, text: `tried ${epoch}` };
    if (epoch === 0) tx.record({ type: 'note.remembered', note });
    else tx.record({ type: 'lease.taken', resource: 'owner', epoch, holder: me, purpose: op });
  });
  if (epoch === 0) return;
  say('-', 'enter', String(epoch));
  const held = { resource: 'owner', epoch };
  await witnessed((tx, op) => tx.record({ type: 'note.remembered', note: { id: op, text: 'acted' } }), held);
  await clock.sleep(2);
  say('-', 'leave', String(epoch));
  await witnessed((tx) => tx.record({ type: 'lease.released', ...held }), held);
}

function liveness(holder: Holder): 'alive' | 'dead' {
  if (holder.kind !== 'process') return 'alive';
  // The same process holds it only if it crashed out of `own`; it may go on.
  if (holder.identity.pid === process.pid) return 'dead';
  try {
    process.kill(holder.identity.pid, 0);
    return 'alive';
  } catch {
    return 'dead';
  }
}

function say(op: string, what: string, detail = ''): void {
  appendFileSync(witness, `${process.hrtime.bigint()} ${process.pid} ${op} ${what} ${detail}\n`);
}
