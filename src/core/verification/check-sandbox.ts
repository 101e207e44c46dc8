import { LoopyardError } from '../../domain/errors.ts';
import { fetchesPackages } from '../../domain/verification/check-network.ts';
import type { Check } from '../../domain/verification/verification.ts';
import type { Sandbox } from '../../ports/processes.ts';
import type { Room } from '../rooms/pristine.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Pick<Runtime, 'processes' | 'config' | 'store' | 'files'>;

/** What a check started now would get. Throws SANDBOX_MISSING where walls are required and cannot be had. */
export async function checkIsolation(
  rt: Pick<Runtime, 'processes' | 'config'>,
): Promise<'evident' | 'sandboxed'> {
  if (rt.config.sandbox === 'off') return 'evident';
  const state = await rt.processes.sandbox();
  if (state === 'works') return 'sandboxed';
  if (rt.config.sandbox === 'auto') return 'evident';
  const why =
    state === 'missing'
      ? 'bubblewrap (bwrap) is not on PATH, or this is no Linux'
      : 'bubblewrap is installed, but this system does not let it make a sandbox';
  throw new LoopyardError('SANDBOX_MISSING', `"sandbox" is "required", and ${why}.`, { sandbox: state });
}

/** The walls of one check: its room is writable, the rest is read-only, the yard and the checkouts are not there. */
export async function sandboxOf(
  rt: Rt,
  room: Room,
  check: Pick<Check, 'argv' | 'network'>,
  { writable = [], readable = [] }: Partial<Pick<Sandbox, 'writable' | 'readable'>>,
): Promise<Sandbox> {
  const { loops } = await rt.store.read();
  const trees = Object.values(loops).flatMap(({ checkout, workspace }) => [
    checkout.path,
    ...(workspace ? [workspace.path] : []),
  ]);
  return {
    writable: [room.path, room.home, room.temp, ...writable],
    temp: room.temp,
    readable,
    hidden: [rt.files.place, rt.files.home, ...new Set(trees)],
    network: check.network ?? (rt.config.check_network || fetchesPackages(check.argv)),
  };
}
