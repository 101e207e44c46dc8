import { LoopyardError } from '../domain/errors.ts';
import { loopIdFrom } from '../domain/ids.ts';
import { isEnded, Loop, type LoopPlan } from '../domain/loop.ts';
import { checkoutResource, findWorkspace } from '../domain/next.ts';
import { liveLoops, type Yard } from '../domain/yard.ts';
import type { Tx } from '../ports/store.ts';
import { takeLease } from './leases.ts';
import { archiveFile } from './places.ts';
import { once } from './requests.ts';
import { refuseRemoved } from './retention/removed.ts';
import type { Runtime } from './runtime.ts';

/**
 * Opens a loop in one transaction: the cap, the id, the checkout's lease and the idempotency key are judged on the
 * same yard that the loop is recorded in, so two sessions that open at once cannot both take the last slot or the
 * same checkout.
 */
export async function openLoop(
  rt: Pick<Runtime, 'store' | 'actor' | 'ids' | 'config' | 'processes' | 'files' | 'stock'>,
  request: { plan: LoopPlan; id?: string | undefined; force: boolean; key?: string | undefined },
): Promise<Loop> {
  const { plan, force, key } = request;
  const id = request.id ?? loopIdFrom(plan.goal, rt.ids.suffix());
  const isUsed = request.id !== undefined && (await rt.files.exists(archiveFile(rt, id)));
  const opened = await rt.store.transact(rt.actor, (tx) =>
    once(tx, key, 'start_loop', () => {
      if (isUsed) throw usedBefore(id);
      if (!force) refuseBeyondCap(tx.yard, rt.config.max_loops);
      tx.record({ type: 'loop.opened', id, plan, wanted: plan.mode === 'auto' });
      if (plan.isolation !== 'worktree') takeCheckout(tx, rt, id, plan);
      return id;
    }),
  );
  return findLoop(rt, opened);
}

function usedBefore(id: string): LoopyardError {
  return new LoopyardError('INVALID_ARGUMENT', `There was a loop "${id}" before; choose another id.`, { id });
}

/** An in-place loop owns the checkout from its first moment, or the refusal comes before anything is recorded. */
function takeCheckout(tx: Tx, rt: Pick<Runtime, 'processes'>, id: string, plan: LoopPlan): void {
  const { isolation, onBusy, checkout } = plan;
  const action = findWorkspace(tx.yard, { id, isolation, onBusy, checkout });
  const free = action.do === 'prepare_workspace' && action.kind === 'in_place';
  if (!free && !(isolation === 'in_place' && onBusy === 'fail')) return;
  const lease = takeLease(tx, rt, {
    resource: checkoutResource(checkout.key),
    holder: { kind: 'loop', loop: id },
    purpose: plan.summary,
    label: `The checkout ${checkout.path}`,
  });
  tx.record({
    type: 'loop.workspace_prepared',
    id,
    workspace: { kind: 'in_place', path: checkout.path, lease },
  });
}

function refuseBeyondCap(yard: Yard, cap: number): void {
  const live = liveLoops(yard);
  if (live.length < cap) return;
  const n = live.length + 1;
  const names = live.map((loop) => loop.id);
  throw new LoopyardError(
    'LOOP_LIMIT',
    `${live.length} loops are live and the limit is ${cap}: ${names.join(', ')}. One more would make ` +
      `${(n * (n - 1)) / 2} communication paths to coordinate. Finish or stop one, raise max_loops, or pass force.`,
    { live: names, limit: cap, paths: (n * (n - 1)) / 2 },
  );
}

/** A loop by its exact id, live or archived; throws REMOVED, or UNKNOWN_ID with the ids that exist. */
export async function findLoop(rt: Pick<Runtime, 'store' | 'files' | 'stock'>, id: string): Promise<Loop> {
  const yard = await rt.store.read();
  const live = Object.hasOwn(yard.loops, id) ? yard.loops[id] : undefined;
  if (live) return live;
  const archived = /^[a-z0-9-]{1,48}$/.test(id) ? await rt.files.read(archiveFile(rt, id)) : undefined;
  if (archived !== undefined) return Loop.parse(JSON.parse(archived));
  await refuseRemoved(rt, id);
  throw unknownLoop(id, yard);
}

/** A loop that can still be acted on. */
export function liveLoop(yard: Yard, id: string): Loop {
  const loop = Object.hasOwn(yard.loops, id) ? yard.loops[id] : undefined;
  if (!loop) throw unknownLoop(id, yard);
  if (isEnded(loop)) {
    throw new LoopyardError('WRONG_STATE', `The loop ${id} has ended: it is ${loop.state}.`, {
      id,
      state: loop.state,
    });
  }
  return loop;
}

function unknownLoop(id: string, yard: Yard): LoopyardError {
  const known = Object.keys(yard.loops);
  const list = known.length > 0 ? `There are: ${known.join(', ')}.` : 'There is no loop at all yet.';
  const shown = id.replace(/[^\x20-\x7e]/g, '?').slice(0, 60);
  return new LoopyardError('UNKNOWN_ID', `There is no loop "${shown}". ${list}`, { known });
}

/** Ended loops that have left the live state, newest first. */
export async function archivedLoops(
  rt: Pick<Runtime, 'files' | 'log' | 'stock'>,
  limit: number,
): Promise<readonly Loop[]> {
  // Records are written in the order in which loops left the lists, so the newest are found without reading them all.
  const records = [...(await rt.stock.list('records'))].sort((a, b) => b.at - a.at).slice(0, limit);
  const loops = await Promise.all(records.map(({ name }) => readArchived(rt, name)));
  return loops.filter((loop) => loop !== undefined).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
}

/** One record that cannot be read must not hide all the others. */
async function readArchived(rt: Pick<Runtime, 'files' | 'log'>, name: string): Promise<Loop | undefined> {
  try {
    const text = await rt.files.read(archiveFile(rt, name));
    return text === undefined ? undefined : Loop.parse(JSON.parse(text));
  } catch (thrown) {
    rt.log('warn', 'an archived loop cannot be read', { name, error: String(thrown) });
    return undefined;
  }
}
