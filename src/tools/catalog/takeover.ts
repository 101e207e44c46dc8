import * as z from 'zod';
import { keeperResource } from '../../core/keeper.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { describeHolder } from '../../domain/lease.ts';
import { isEnded } from '../../domain/loop.ts';
import { shown } from '../command-line.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';

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
    const lease = Object.hasOwn(yard.leases, resource) ? yard.leases[resource] : undefined;
    if (!lease) {
      const known = Object.keys(yard.leases).join(', ') || 'none';
      throw new LoopyardError('UNKNOWN_ID', `There is no lease "${shown(resource)}". There are: ${known}.`);
    }
    const { holder, epoch } = lease;
    if (!holder) return { resource, next: 'Nobody held it.' };
    if (holder.kind === 'process' || resource === keeperResource) {
      throw new LoopyardError(
        'LEASE_HELD',
        `${describeHolder(holder)} holds it; a dead process is replaced by itself, a live one is not robbed.`,
      );
    }
    const reason = `its working tree was taken over by ${call.client}`;
    // Held first, or the keeper would start the next worker in the tree while the last one is being ended.
    const worker = await rt.store.transact(rt.actor, (tx) => {
      const now = tx.yard.loops[holder.loop];
      if (!now || isEnded(now)) return undefined;
      if (now.hold?.kind !== 'paused')
        tx.record({ type: 'loop.held', id: now.id, hold: { kind: 'paused', reason } });
      return now.worker;
    });
    if (worker !== undefined) await endWorker(rt, worker);
    await rt.store.transact(rt.actor, (tx) => {
      if (tx.yard.leases[resource]?.epoch !== epoch) return;
      tx.record({ type: 'lease.released', resource, epoch });
      const now = tx.yard.loops[holder.loop];
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

/** A tree that cannot be fenced is given on only when nothing of the old owner is left alive. */
async function endWorker(rt: ToolRuntime, worker: string): Promise<void> {
  const view = await rt.processes.observe(worker);
  if (view.phase === 'absent' || view.phase === 'ended' || view.phase === 'void') return;
  const survivors = await rt.processes.stop(worker, { graceMs: 5_000, cause: 'stopped' });
  if (survivors.length === 0) return;
  const names = survivors.map(({ pid, name }) => `${name} (${pid})`).join(', ');
  throw new LoopyardError(
    'LEASE_HELD',
    `Processes of its worker are still alive: ${names}. Nothing was taken.`,
    { survivors: names },
  );
}
