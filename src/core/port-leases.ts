import { LoopyardError } from '../domain/errors.ts';
import { portRange, portsPerBlock } from '../domain/settings/port-range.ts';
import { blocksOf, isFree, takenBlocks } from '../domain/settings/ports.ts';
import type { Yard } from '../domain/yard.ts';
import type { Runtime } from './runtime.ts';

type Rt = Pick<Runtime, 'store' | 'processes' | 'config' | 'actor'>;

export interface PortHolder {
  readonly kind: 'verification' | 'worker';
  readonly id: string;
}

/**
 * First port of the block that this verification or worker has for itself; takes one when it has none yet. The yard
 * records who has which, so no two ever share one, also not when a keeper is killed and another goes on. Whether
 * something else on the machine listens there is tried out before, outside the transaction. A block is free again when
 * its holder has ended.
 */
export async function leasePorts(rt: Rt, holder: PortHolder): Promise<number> {
  const range = portRange(rt.config.ports);
  if (!range) throw exhausted(rt.config.ports);
  for (const block of blocksOf(range, holder.id)) {
    const yard = await rt.store.read();
    const known = portsOf(yard, holder);
    if (known !== undefined) return known;
    if (!isFree(block, takenBlocks(yard))) continue;
    const ports = Array.from({ length: portsPerBlock }, (_, index) => block + index);
    if ((await rt.processes.portsAreFree(ports)) && (await take(rt, holder, block))) return block;
  }
  throw exhausted(rt.config.ports);
}

/** False when somebody was faster, or the holder is gone. */
async function take(rt: Rt, { kind, id }: PortHolder, ports: number): Promise<boolean> {
  return rt.store.transact(rt.actor, (tx) => {
    if (takenBlocks(tx.yard).has(ports)) return false;
    if (kind === 'worker') {
      if (tx.yard.workers[id]) tx.record({ type: 'worker.ports_leased', id, ports });
    } else if (tx.yard.verifications[id]) tx.record({ type: 'verification.ports_leased', id, ports });
    return true;
  });
}

function portsOf({ workers, verifications }: Yard, { kind, id }: PortHolder): number | undefined {
  return (kind === 'worker' ? workers[id] : verifications[id])?.ports;
}

function exhausted(ports: string): LoopyardError {
  return new LoopyardError('BUSY', `No block of ${portsPerBlock} ports is free within "ports": ${ports}.`, {
    ports,
  });
}
