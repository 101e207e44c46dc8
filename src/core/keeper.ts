import { LoopyardError } from '../domain/errors.ts';
import { isEnded, type Loop, priorities } from '../domain/loop.ts';
import { type Action, isIdle, next } from '../domain/next.ts';
import { headOf } from '../domain/text.ts';
import { waitsForBaseline } from '../domain/verification/verification.ts';
import type { Yard } from '../domain/yard.ts';
import { archiveLoop, archiveVerifications, oldVerifications } from './archive.ts';
import { Bell, Crew } from './crew.ts';
import { keeperResource } from './keeper-presence.ts';
import { attendMerge, mergeHeads } from './landing/merge-queue.ts';
import { takeLease } from './leases.ts';
import { keepWithin, lastLook, lookEveryMs } from './retention/retention.ts';
import { keepRooms, spareWanted } from './rooms/room-pool.ts';
import type { Runtime } from './runtime.ts';
import { recordStep } from './steps.ts';
import { backOff } from './verification/evidence.ts';
import { attendVerification, giveUp } from './verification/verifier.ts';
import { gather, startIteration } from './workers/iteration.ts';
import { judgeReview, startReview } from './workers/review.ts';
import { mayStart } from './workers/scaling.ts';
import { attendWorker } from './workers/supervisor.ts';
import { Vigil } from './workers/vigil.ts';
import { prepareWorkspace, tidyWorkspace } from './workers/workspace.ts';

/** Longest time between two looks, milliseconds: what no event announces (a grace that ends) is noticed by then. */
const beatMs = 500;

/**
 * After so many failures in a row a verification ends without a verdict; one of a loop after as many as the budget of the
 * loop allows. Otherwise one that cannot be concluded would be tried for ever, and its loop never held.
 */
const verificationPatience = 3;

/** What is kept is looked at when nothing else is to be done, or this long after it was due, milliseconds. */
const lookPatienceMs = 60_000;

/** A jump of the wall clock beyond this between two beats was sleep or SIGSTOP, milliseconds. */
const gapMs = 15_000;

export type KeeperEnd = 'already_kept' | 'idle' | 'fenced' | 'stopped';

/**
 * The process that acts for a yard: it looks at the yard, decides (domain/next.ts), acts, records, and looks again. It
 * acts on state and never on a message, so a successor simply goes on. It holds the keeper's lease; every transaction
 * is checked against the epoch, so a keeper that was replaced while it slept can record nothing and stops.
 *
 * It leaves in the same transaction in which it sees that nothing is left to do: a request that was recorded before is
 * seen, one recorded after finds no keeper and starts the next.
 */
export async function runKeeper(rt: Runtime, signal: AbortSignal): Promise<KeeperEnd> {
  const epoch = await elect(rt);
  if (epoch === undefined) return 'already_kept';
  const kept = {
    ...rt,
    // A person may change a setting, or withdraw his trust, while the keeper works.
    get config() {
      return rt.config;
    },
    actor: { name: 'keeper', lease: { resource: keeperResource, epoch } },
  };
  rt.log('info', 'keeper at work', { epoch });
  try {
    return await work(kept, epoch, signal);
  } catch (thrown) {
    if (thrown instanceof LoopyardError && thrown.code === 'FENCED') {
      rt.log('warn', 'fenced: another keeper took over', { epoch });
      return 'fenced';
    }
    throw thrown;
  }
}

async function elect(rt: Runtime): Promise<number | undefined> {
  try {
    return await rt.store.transact(rt.actor, (tx) => {
      const holder = { kind: 'process' as const, identity: rt.processes.self, role: 'keeper' };
      return takeLease(tx, rt, {
        resource: keeperResource,
        holder,
        purpose: 'act for this yard',
        label: 'The yard',
      }).epoch;
    });
  } catch (thrown) {
    if (thrown instanceof LoopyardError && thrown.code === 'LEASE_HELD') return undefined;
    throw thrown;
  }
}

async function work(rt: Runtime, epoch: number, signal: AbortSignal): Promise<KeeperEnd> {
  const woken = new Bell();
  const vigil = new Vigil();
  const crew = new Crew(rt, signal, () => woken.ring());
  const watching = new AbortController();
  const both = AbortSignal.any([signal, watching.signal]);
  const listeners = [
    ringFor(rt, woken, rt.store.watch((await rt.store.read()).seq, both)),
    ringFor(rt, woken, rt.processes.changes(both)),
  ];
  let idleSince: number | undefined;
  let lastBeat = rt.clock.now();
  let caredAt = -1;
  let lookAt = Math.max(((await lastLook(rt))?.at ?? 0) + lookEveryMs, lastBeat);
  try {
    while (!signal.aborted) {
      crew.throwIfFenced();
      const yard = await rt.store.read();
      const now = rt.clock.now();
      // After sleep nobody is judged before one fresh look: skip this beat's decisions, read everything again.
      const slept = now - lastBeat > gapMs;
      lastBeat = now;
      if (slept) {
        rt.log('info', 'woke up after a gap', {});
        vigil.startAnew();
      } else lookAround(rt, { crew, vigil, epoch }, yard, now);
      if (!slept && caredAt !== yard.seq && crew.busy('rooms') + crew.busy('verification/') === 0) {
        caredAt = yard.seq;
        const spare = spareWanted(yard);
        crew.send('rooms', () => keepRooms(rt, { keep: rt.config.room_pool, spare }));
      }
      // A clock that was ahead must not put the next look off until it is that time again.
      if (lookAt > now + lookEveryMs) lookAt = now;
      if (!slept && now >= lookAt + (crew.isFree ? 0 : lookPatienceMs)) {
        lookAt = now + lookEveryMs;
        crew.send('retention', async (until) => {
          lookAt = await keepWithin(rt, until);
        });
      }
      const idle = crew.isFree && isIdle(yard, now, archiveAfter(rt));
      idleSince = idle ? (idleSince ?? now) : undefined;
      if (
        idleSince !== undefined &&
        now - idleSince >= rt.config.keeper_idle_seconds * 1_000 &&
        (await leave(rt, epoch))
      ) {
        return 'idle';
      }
      await woken.wait(rt.clock.sleep, idle ? 4 * beatMs : beatMs);
    }
    await crew.settle();
    await release(rt, epoch);
    return 'stopped';
  } finally {
    watching.abort();
    await Promise.allSettled(listeners);
  }
}

interface Means {
  readonly crew: Crew;
  readonly vigil: Vigil;
  readonly epoch: number;
}

/** Decides for everything in the yard and sends the crew; a subject that somebody works on already is left alone. */
function lookAround(rt: Runtime, { crew, vigil, epoch }: Means, yard: Yard, now: number): void {
  const starters = mayStart(rt, yard);
  for (const loop of byPriority(yard)) {
    const action = next(yard, loop, now, archiveAfter(rt));
    if (action.do === 'wait' || (action.do === 'start_iteration' && !starters.has(loop.id))) continue;
    crew.send(
      `loop/${loop.id}`,
      () => act(rt, vigil, yard, loop, action),
      (error) => recordTrouble(rt, loop.id, error),
    );
  }
  for (const verification of Object.values(yard.verifications)) {
    const { id, state, loop } = verification;
    if (state !== 'requested' && state !== 'running') continue;
    if (waitsForBaseline(verification, yard.verifications)) continue;
    if (state === 'requested' && crew.busy('verification/') >= rt.config.max_verifications) continue;
    crew.send(
      `verification/${id}`,
      (signal) => attendVerification(rt, id, signal),
      async (error, failures) => {
        const patience = yard.loops[loop ?? '']?.limits.infrastructureFailures ?? verificationPatience;
        if (failures >= patience) await giveUp(rt, id, error.message);
        else if (loop !== undefined) await recordTrouble(rt, loop, error);
      },
    );
  }
  for (const entry of mergeHeads(yard)) {
    crew.send(
      `merge/${entry.target}`,
      () => attendMerge(rt, entry, epoch),
      (error) => recordTrouble(rt, entry.loop, error),
    );
  }
  if (oldVerifications(rt, yard, now).length > 0)
    crew.send('archive', () => archiveVerifications(rt, yard, now));
}

function byPriority(yard: Yard): readonly Loop[] {
  const rank = (loop: Loop) => priorities.indexOf(loop.priority);
  return Object.values(yard.loops).sort((a, b) => rank(b) - rank(a) || a.openedAt - b.openedAt);
}

async function act(
  rt: Runtime,
  vigil: Vigil,
  yard: Yard,
  loop: Loop,
  action: Exclude<Action, { do: 'wait' }>,
): Promise<void> {
  const { id } = loop;
  switch (action.do) {
    case 'prepare_workspace':
      return prepareWorkspace(rt, loop, action.kind);
    case 'start_iteration':
      return startIteration(rt, yard, loop);
    case 'attend_worker':
    case 'gather': {
      const worker = yard.workers[action.worker];
      if (!worker) return;
      return action.do === 'gather' ? gather(rt, loop, worker) : attendWorker(rt, loop, worker, vigil);
    }
    case 'start_review':
      return startReview(rt, yard, loop);
    case 'judge_review': {
      const reviewer = yard.workers[action.worker];
      return reviewer ? judgeReview(rt, loop, reviewer) : undefined;
    }
    case 'tidy':
      return tidyWorkspace(rt, loop);
    case 'archive':
      return archiveLoop(rt, loop);
    default:
      return rt.store.transact(rt.actor, (tx) => {
        const current = tx.yard.loops[id];
        if (!current || next(tx.yard, current, tx.now, archiveAfter(rt)).do !== action.do) return;
        recordStep(rt, tx, current, action);
      });
  }
}

/** A failure that nobody's work caused is told to whoever asks, and counted against its own small budget. */
async function recordTrouble(rt: Runtime, id: string, error: LoopyardError): Promise<void> {
  await rt.store.transact(rt.actor, (tx) => {
    const loop = tx.yard.loops[id];
    if (!loop || isEnded(loop)) return;
    const notBefore = tx.now + backOff(loop.spent.infrastructureFailures);
    tx.record({ type: 'loop.infrastructure_failed', id, reason: headOf(error.message, 1_900), notBefore });
  });
}

/** Without a listener the keeper still looks at every beat, and meets there whatever is wrong with the store. */
async function ringFor(rt: Runtime, bell: Bell, changes: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of changes) bell.ring();
  } catch (thrown) {
    rt.log('error', 'a listener failed', { error: thrown instanceof Error ? thrown.stack : String(thrown) });
  }
}

async function leave(rt: Runtime, epoch: number): Promise<boolean> {
  return rt.store.transact(rt.actor, (tx) => {
    if (!isIdle(tx.yard, tx.now, archiveAfter(rt))) return false;
    tx.record({ type: 'lease.released', resource: keeperResource, epoch });
    return true;
  });
}

async function release(rt: Runtime, epoch: number): Promise<void> {
  await rt.store.transact(rt.actor, (tx) =>
    tx.record({ type: 'lease.released', resource: keeperResource, epoch }),
  );
}

const archiveAfter = (rt: Pick<Runtime, 'config'>) => rt.config.archive_after_minutes * 60_000;
