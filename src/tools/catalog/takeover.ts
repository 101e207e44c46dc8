import * as z from 'zod';
import { LoopyardError } from '../../domain/errors.ts';
import { describeHolder, type Identity, type Lease } from '../../domain/lease.ts';
import { isEnded } from '../../domain/loop.ts';
import { brief, shown } from '../../domain/text.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';

export const takeover = defineTool({
  name: 'takeover',
  title: 'Take a working tree from a loop',
  description:
    'Free a lease by force: the loop that holds it is paused and its processes are proven dead first.',
  effect: 'destroy',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({
    resource: z.string().min(1).max(200).describe('as leases shows it'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    resource: z.string().describe('what was freed'),
    from: z.string().optional().describe('who held it'),
    next: field.nextStep,
  }),
  cli: { path: 'takeover', positional: ['resource'], examples: ['takeover checkout/2049:131'] },
  async run({ resource }, rt, call) {
    const yard = await rt.store.read();
    const lease = own(yard.leases, resource);
    if (!lease) {
      const known = Object.keys(yard.leases).join(', ') || 'none';
      throw new LoopyardError('UNKNOWN_ID', `There is no lease "${shown(resource)}". There are: ${known}.`);
    }
    const { holder, epoch } = lease;
    if (!holder) return { resource, next: 'Nobody held it.' };
    if (holder.kind === 'process') return takeFromProcess(rt, lease, holder.identity);
    const reason = `its working tree was taken over by ${call.client}`;
    // Held first, or the keeper would start the next worker in the tree while the last one is being ended.
    const worker = await rt.store.transact(rt.actor, (tx) => {
      const now = own(tx.yard.loops, holder.loop);
      if (!now || isEnded(now)) return undefined;
      if (now.hold?.kind !== 'paused')
        tx.record({ type: 'loop.held', id: now.id, hold: { kind: 'paused', reason } });
      const current = now.worker === undefined ? undefined : tx.yard.workers[now.worker];
      return current?.state === 'ended' ? undefined : current?.id;
    });
    if (worker !== undefined) await endWorker(rt, worker);
    await rt.store.transact(rt.actor, (tx) => {
      if (own(tx.yard.leases, resource)?.epoch !== epoch) return;
      tx.record({ type: 'lease.released', resource, epoch });
      const now = own(tx.yard.loops, holder.loop);
      if (!now || isEnded(now) || now.workspace?.lease.resource !== resource) return;
      tx.record({ type: 'loop.workspace_lost', id: now.id, reason });
    });
    await rt.wakeKeeper();
    return {
      resource,
      from: describeHolder(holder),
      next: `The loop ${holder.loop} is paused; steer ${holder.loop} resume gives it a tree again.`,
    };
  },
  render: (output, paint) =>
    `${paint.good('freed')} ${output.resource}${output.from ? ` from ${output.from}` : ''}. ${output.next}`,
});

/**
 * A process that cannot be judged, as a keeper in a container that is gone, would keep its lease until the next boot. The
 * person who asks knows better; if it lives after all, it is fenced and can record nothing any more.
 */
async function takeFromProcess(rt: ToolRuntime, lease: Lease, identity: Identity) {
  const { resource, epoch, holder } = lease;
  const from = holder && describeHolder(holder);
  if (rt.processes.liveness(identity) === 'alive') {
    throw new LoopyardError(
      'LEASE_HELD',
      `The ${from} holds it and is alive; a live process is not robbed. End it first, and take the lease then.`,
    );
  }
  await rt.store.transact(rt.actor, (tx) => tx.record({ type: 'lease.released', resource, epoch }));
  await rt.wakeKeeper();
  return {
    resource,
    ...(from === undefined ? {} : { from }),
    next: 'Whoever needs it next can take it.',
  };
}

/** Milliseconds between asking a worker's processes to end and ending them. */
const graceMs = 5_000;

/**
 * A tree that cannot be fenced is given on only when nothing of the old owner is left alive. A worker whose process was
 * not started yet never will be: its run is void from here on.
 */
async function endWorker(rt: ToolRuntime, worker: string): Promise<void> {
  const view = await rt.processes.observe(worker);
  if (view.phase === 'ended' || view.phase === 'void') return;
  const left = await rt.processes.stop(worker, { graceMs, cause: 'stopped' });
  const survivors = left.filter(({ perhaps }) => !perhaps);
  if (survivors.length === 0) return;
  const pids = survivors.map(({ pid }) => pid).join(', ');
  const names = survivors.map(({ pid, name }) => `${brief(name, 60)} (${pid})`);
  throw new LoopyardError(
    'LEASE_HELD',
    `Processes of its worker are still alive: ${pids}. Nothing was taken.`,
    { survivors: names },
  );
}
