import { mergeHeads } from '../../src/core/landing/merge-queue.ts';
import { recordStep } from '../../src/core/steps.ts';
import { consequences } from '../../src/core/verification/conclusion.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import type { Loop, LoopPlan } from '../../src/domain/loop.ts';
import { type Action, checkoutResource, next } from '../../src/domain/next.ts';
import type { Verdict, Verification } from '../../src/domain/verification/verification.ts';
import { chooseBackend } from '../../src/domain/worker/choice.ts';
import { reactionTo } from '../../src/domain/worker/reaction.ts';
import { opinions } from '../../src/domain/worker/review.ts';
import { infrastructureClasses } from '../../src/domain/worker/run.ts';
import { apply, type Yard } from '../../src/domain/yard.ts';
import { aWorkerEnd, aYard, noon, verdictOf } from './yard-builder.ts';

/**
 * A keeper without a machine: it takes the action that `next` names and records a fact that the action may lead to,
 * chosen by chance. What takes no time in the world takes none here, so that a loop that spins is seen to spin.
 */

const minute = 60_000;
export const archiveAfter = 10 * minute;
/** Looks at the yard after which a loop that still moves is taken to move for ever. */
const patience = 600;

export interface World {
  yard: Yard;
  now: number;
  readonly chance: (of: number) => number;
  readonly record: (...events: readonly YardEvent[]) => void;
  readonly outruns: Map<string, number>;
  readonly newId: (kind: string) => string;
}

export function aWorld(plans: readonly Partial<LoopPlan>[], luck: readonly number[]): World {
  let drawn = 0;
  let ids = 0;
  const builder = aYard();
  plans.forEach((plan, index) => {
    builder.withLoop({
      id: `l${index}`,
      plan,
      workspace: 'none',
      baseline: 'none',
      wanted: plan.mode === 'auto',
    });
  });
  const world: World = {
    yard: builder.build(),
    now: noon,
    chance: (of) => (luck[drawn++ % luck.length] ?? 0) % of,
    record: (...events) => {
      for (const event of events) world.yard = apply(world.yard, event, world.now);
    },
    outruns: new Map(),
    newId(kind) {
      ids += 1;
      return `${kind}-${ids}`;
    },
  };
  return world;
}

/** One look at everything. Says whether anything happened. */
function look(world: World): boolean {
  const before = world.yard;
  for (const { id } of Object.values(before.loops)) {
    const loop = world.yard.loops[id];
    if (loop) act(world, loop, next(world.yard, loop, world.now, archiveAfter));
  }
  for (const verification of Object.values(world.yard.verifications)) verify(world, verification);
  for (const entry of mergeHeads(world.yard)) merge(world, entry.id);
  return world.yard !== before;
}

function act(world: World, loop: Loop, action: Action): void {
  const { chance, record, newId } = world;
  const { id } = loop;
  const fails = () => {
    record({ type: 'loop.infrastructure_failed', id, reason: 'disk full', notBefore: world.now + 2_000 });
  };
  switch (action.do) {
    case 'wait':
      return;
    case 'prepare_workspace':
      return chance(6) === 0 ? fails() : prepare(world, loop, action.kind);
    case 'start_iteration': {
      if (chance(8) === 0) return fails();
      const choice = chooseBackend(world.yard, loop, world.now);
      if (!('use' in choice)) throw new Error('No backend may be used.');
      const backend = choice.use;
      const worker = newId('w');
      const iteration = loop.iteration + 1;
      return record(
        { type: 'worker.starting', worker: { id: worker, loop: id, iteration, backend } },
        { type: 'loop.iteration_started', id, iteration, worker },
      );
    }
    case 'attend_worker':
      return attend(world, loop, action.worker);
    case 'gather':
      return chance(4) === 0 ? fails() : gather(world, loop, action.worker);
    case 'start_review': {
      const commit = loop.candidate?.commit ?? '';
      if (chance(3) === 0) {
        const review = { commit, opinion: 'inconclusive' as const, reason: 'nobody' };
        return record({ type: 'loop.unreviewed', id, review, usage: {} });
      }
      const worker = newId('w');
      const { iteration } = loop;
      return record(
        {
          type: 'worker.starting',
          worker: { id: worker, loop: id, iteration, backend: 'codex', role: 'reviewer' },
        },
        { type: 'loop.review_started', id, worker, sameFamily: false },
      );
    }
    case 'judge_review': {
      const opinion = opinions[chance(3)] ?? 'inconclusive';
      const review = { commit: loop.candidate?.commit ?? '', opinion, reason: 'because' };
      const type = {
        approved: 'loop.approved',
        vetoed: 'loop.vetoed',
        inconclusive: 'loop.unreviewed',
      } as const;
      return record({ type: type[opinion], id, review, usage: {} });
    }
    case 'tidy':
      if (loop.workspace) record({ type: 'lease.released', ...loop.workspace.lease });
      return record({ type: 'loop.tidied', id, removed: [], kept: [] });
    case 'archive':
      return record({ type: 'loop.archived', id });
    default: {
      const ids = { next: newId } as unknown as Parameters<typeof recordStep>[0]['ids'];
      const tx = { yard: world.yard, now: world.now, record: (event: YardEvent) => record(event) };
      return recordStep({ ids }, tx, loop, action);
    }
  }
}

function prepare(world: World, loop: Loop, kind: 'worktree' | 'in_place'): void {
  const resource = checkoutResource(kind === 'in_place' ? loop.checkout.key : loop.id);
  const epoch = (world.yard.leases[resource]?.epoch ?? 0) + 1;
  const holder = { kind: 'loop' as const, loop: loop.id };
  world.record(
    { type: 'lease.taken', resource, epoch, holder, purpose: 'work' },
    {
      type: 'loop.workspace_prepared',
      id: loop.id,
      workspace: { kind, path: `/${loop.id}`, lease: { resource, epoch } },
    },
  );
}

function attend(world: World, loop: Loop, id: string): void {
  const { chance, record } = world;
  const worker = world.yard.workers[id];
  if (worker?.state === 'starting') return record({ type: 'worker.started', id });
  const outcome = chance(8);
  if (outcome === 0 && !loop.hold) {
    const question = world.newId('q');
    return record(
      {
        type: 'question.asked',
        question: {
          id: question,
          loop: loop.id,
          worker: id,
          text: 'Which?',
          deadline: world.now + 5 * minute,
        },
      },
      { type: 'loop.held', id: loop.id, hold: { kind: 'question', reason: 'Which?', question } },
    );
  }
  // Looking at a worker may fail, but not for ever: the next event is its end.
  if (outcome === 1 && loop.trouble !== 'busy') {
    return record({ type: 'loop.infrastructure_failed', id: loop.id, reason: 'busy', notBefore: world.now });
  }
  const infrastructure =
    outcome === 2
      ? { class: 'rate_limit' as const, text: 'limit', resetAt: world.now + chance(2) * minute }
      : { class: infrastructureClasses[chance(infrastructureClasses.length)] ?? 'other', text: 'gone' };
  record({ type: 'worker.ended', id, end: outcome <= 3 ? { ...aWorkerEnd, infrastructure } : aWorkerEnd });
}

/** As core/supervisor.ts does it. */
function gather(world: World, loop: Loop, workerId: string): void {
  const { id } = loop;
  const usage = {};
  const end = world.yard.workers[workerId]?.end;
  const infrastructure = loop.cancel ? undefined : end?.infrastructure;
  const worker = world.yard.workers[workerId];
  if (infrastructure && worker) {
    const moment = { now: world.now, chance: world.chance(2), backOffMs: 2_000 };
    const { bar, notBefore, hold, news } = reactionTo(
      world.yard,
      loop,
      worker.backend,
      infrastructure,
      moment,
    );
    const reason = infrastructure.text;
    world.record(
      { type: 'loop.worker_lost', id, reason, usage, ...(bar && { bar }), ...(notBefore && { notBefore }) },
      ...news,
    );
    if (hold && !loop.hold) world.record({ type: 'loop.held', id, hold });
    return;
  }
  if (world.chance(4) === 0) {
    return world.record({ type: 'loop.nothing_changed', id, reason: 'nothing', usage });
  }
  const tree = String(world.chance(3));
  const candidate = { commit: `${tree}-${loop.iteration}`, tree, iteration: loop.iteration };
  world.record({ type: 'loop.candidate_made', id, candidate, usage });
}

function verify(world: World, { id }: Verification): void {
  const { record, chance } = world;
  const verification = world.yard.verifications[id];
  if (verification?.state === 'requested') return record({ type: 'verification.started', id });
  if (verification?.state !== 'running') return;
  const loop = verification.loop === undefined ? undefined : world.yard.loops[verification.loop];
  if (loop?.cancel && verification.kind !== 'merge')
    return record({ type: 'verification.cancelled', id, reason: 'cancelled' });
  const verdict = (['passed', 'failed', 'tampered', 'inconclusive'] as const)[chance(4)] as Verdict;
  record(verdictOf(id, verdict));
  const checks: Parameters<typeof consequences>[3] = { checks: [] };
  record(...consequences(world.yard, verification, { verdict }, checks, world.now));
}

function merge(world: World, id: string): void {
  const { record, chance, newId } = world;
  const entry = world.yard.merges[id];
  const loop = entry && world.yard.loops[entry.loop];
  if (!entry || !loop) return;
  if (entry.state === 'queued') return record({ type: 'merge.started', id, epoch: 1 });
  const bounce = () =>
    record(
      { type: 'merge.bounced', id, reason: 'conflict' },
      { type: 'loop.bounced', id: loop.id, reason: 'conflict' },
    );
  if (!entry.built) {
    if (chance(4) === 0) return bounce();
    const verification = newId('v');
    const { checks, failFast } = loop;
    return record(
      {
        type: 'verification.requested',
        verification: { id: verification, kind: 'merge', loop: loop.id, commit: 'm', checks, failFast },
      },
      { type: 'merge.built', id, result: 'm', onto: 'o', verification },
    );
  }
  const state = world.yard.verifications[entry.built.verification ?? '']?.state;
  if (state === 'requested' || state === 'running') return;
  if (state === 'failed' || state === 'tampered') return bounce();
  const outruns = world.outruns.get(id) ?? 0;
  // Somebody else made progress whenever the target moved first: bounded here, as it is in a world that rests.
  if (state === 'passed' && outruns < 3 && chance(3) === 0) {
    world.outruns.set(id, outruns + 1);
    return record({ type: 'merge.outrun', id });
  }
  if (state !== 'passed' || chance(4) === 0)
    return record({ type: 'merge.parked', id, keptAt: 'refs/loopyard/ready', reason: 'dirty checkout' });
  record(
    { type: 'merge.landed', id, result: 'm', before: 'o' },
    { type: 'loop.landed', id: loop.id, commit: 'm' },
  );
}

/** Runs until nothing moves any more; throws when that takes too long. */
export function settle(world: World, disturb: (world: World, looks: number) => void): void {
  for (let looks = 0; looks < patience; looks += 1) {
    disturb(world, looks);
    const moved = look(world);
    for (const loop of Object.values(world.yard.loops))
      if (loop.spent.iterations > loop.limits.iterations)
        throw new Error(`The loop ${loop.id} spent too much.`);
    if (moved) continue;
    const alarms = Object.values(world.yard.loops).flatMap((loop) => {
      const action = next(world.yard, loop, world.now, archiveAfter);
      return action.do === 'wait' && action.until !== undefined ? [action.until] : [];
    });
    if (alarms.length === 0) return;
    world.now = Math.max(world.now, Math.min(...alarms));
  }
  const states = Object.values(world.yard.loops).map(({ state, hold, spent }) => ({ state, hold, spent }));
  throw new Error(`It still moves after ${patience} looks: ${JSON.stringify(states)}`);
}
