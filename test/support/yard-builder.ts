import { YardEvent } from '../../src/domain/events.ts';
import { applyRecorded } from '../../src/domain/journal/journal-snapshot.ts';
import { type Hold, Loop, type LoopPlan, type LoopState, loopMachine } from '../../src/domain/loop.ts';
import { checkoutResource } from '../../src/domain/next.ts';
import type { Verdict } from '../../src/domain/verification/verification.ts';
import type { RunEnd } from '../../src/domain/worker/run.ts';
import type { WorkerEnd } from '../../src/domain/worker/worker.ts';
import { emptyYard, type Yard } from '../../src/domain/yard.ts';

/** The instant at which everything a builder records happens, unless told otherwise. */
export const noon = 1_700_000_000_000;

export const aPlan: LoopPlan = {
  goal: 'Fix the login redirect',
  summary: 'Fix the login redirect',
  criteria: [],
  owner: 'test',
  priority: 'normal',
  tags: [],
  mode: 'auto',
  checks: [{ name: 'npm test', argv: ['npm', 'test'], timeoutMs: 60_000 }],
  failFast: true,
  backend: 'command',
  isolation: 'worktree',
  onBusy: 'wait',
  checkout: { path: '/repo', key: 'repo' },
  base: 'b'.repeat(40),
  target: 'main',
  autoMerge: false,
  limits: { iterations: 10, iterationMinutes: 30, loopMinutes: 240, infrastructureFailures: 3 },
};

export const aRunEnd: RunEnd = { cause: 'exited', exitCode: 0, startedAt: noon, endedAt: noon + 1, bytes: 0 };
export const aWorkerEnd: WorkerEnd = { run: aRunEnd, usage: {}, denied: [], survivors: [] };

export interface LoopWish {
  readonly id?: string;
  /** Reached by the events that lead there; default: ready, with workspace and baseline. */
  readonly state?: LoopState;
  readonly plan?: Partial<LoopPlan>;
  readonly wanted?: boolean;
  /** Default: a worktree of its own. */
  readonly workspace?: 'none' | 'worktree' | 'in_place';
  /** Default: failed, as it is for a goal that is not reached yet. */
  readonly baseline?: Verdict | 'none' | 'running';
  readonly hold?: Omit<Hold, 'since'>;
  readonly cancel?: boolean;
}

export interface YardBuilder {
  /** Everything recorded from here on happens at this instant. */
  at(instant: number): YardBuilder;
  withLoop(wish?: LoopWish): YardBuilder;
  record(...events: readonly YardEvent[]): YardBuilder;
  build(): Yard;
}

/**
 * A yard in a wanted state, built only through events that the schema and the tables allow, so that no test stands on
 * a yard that cannot be. The records of loop `l` are named after it: worker `l-w`, verification `l-v`, baseline `l-b`,
 * merge entry `l-m`.
 */
export function aYard(): YardBuilder {
  let yard = emptyYard;
  let now = noon;
  const builder: YardBuilder = {
    at(instant) {
      now = instant;
      return builder;
    },
    record(...events) {
      const parsed = events.map((event) => YardEvent.parse(event));
      yard = applyRecorded(yard, { seq: yard.seq + 1, at: now, events: parsed });
      return builder;
    },
    withLoop(wish = {}) {
      return builder.record(...lifeOf(wish));
    },
    build: () => yard,
  };
  return builder;
}

/** A loop that the yard must hold. */
export function loopIn(yard: Yard, id = 'l'): Loop {
  return Loop.parse(yard.loops[id]);
}

function lifeOf(wish: LoopWish): readonly YardEvent[] {
  const { id = 'l', state = 'ready', hold, cancel } = wish;
  const path = pathTo[state];
  return [
    ...opening(id, wish),
    ...path.flatMap((reached) => step[reached](id)),
    ...(hold && !loopMachine.isEnd(state) ? [{ type: 'loop.held' as const, id, hold }] : []),
    ...(cancel && !loopMachine.isEnd(state) ? [cancelRequest(id)] : []),
  ];
}

function opening(id: string, wish: LoopWish): readonly YardEvent[] {
  const plan = { ...aPlan, ...wish.plan };
  const { workspace = 'worktree', baseline = 'failed', wanted = plan.mode === 'auto' } = wish;
  const verification = `${id}-b`;
  const events: YardEvent[] = [{ type: 'loop.opened', id, plan, wanted }];
  if (workspace !== 'none') events.push(...workspaceOf(id, plan, workspace));
  if (baseline === 'none') return events;
  events.push(
    {
      type: 'verification.requested',
      verification: {
        id: verification,
        kind: 'baseline',
        loop: id,
        commit: plan.base,
        checks: plan.checks,
        failFast: plan.failFast,
      },
    },
    { type: 'loop.baseline_requested', id, verification },
    { type: 'verification.started', id: verification },
  );
  if (baseline === 'running') return events;
  events.push(verdictOf(verification, baseline), {
    type: 'loop.baseline_judged',
    id,
    verification,
    verdict: baseline,
  });
  return events;
}

function workspaceOf(id: string, plan: LoopPlan, kind: 'worktree' | 'in_place'): readonly YardEvent[] {
  const resource = checkoutResource(kind === 'in_place' ? plan.checkout.key : `${id}-tree`);
  const path = kind === 'in_place' ? plan.checkout.path : `/trees/${id}`;
  return [
    { type: 'lease.taken', resource, epoch: 1, holder: { kind: 'loop', loop: id }, purpose: plan.summary },
    { type: 'loop.workspace_prepared', id, workspace: { kind, path, lease: { resource, epoch: 1 } } },
  ];
}

/** The event with which a verification ends like this. */
export function verdictOf(id: string, verdict: Verdict): YardEvent {
  const ended = { id, results: [], isolation: 'evident' as const };
  return verdict === 'passed' || verdict === 'failed'
    ? { type: `verification.${verdict}`, ...ended }
    : { type: `verification.${verdict}`, ...ended, reason: 'because' };
}

function cancelRequest(id: string): YardEvent {
  return {
    type: 'loop.cancel_requested',
    id,
    request: { id: `${id}-c`, reason: 'no longer wanted', by: 'test', graceMs: 0, discard: false },
  };
}

const pathTo: Record<LoopState, readonly LoopState[]> = {
  ready: [],
  working: ['working'],
  submitted: ['working', 'submitted'],
  verifying: ['working', 'submitted', 'verifying'],
  verified: ['working', 'submitted', 'verifying', 'verified'],
  reviewing: ['working', 'submitted', 'verifying', 'verified', 'reviewing'],
  merging: ['working', 'submitted', 'verifying', 'verified', 'merging'],
  landed: ['working', 'submitted', 'verifying', 'verified', 'merging', 'landed'],
  closed: ['working', 'submitted', 'verifying', 'verified', 'closed'],
  cancelled: ['cancelled'],
};

const commit = 'c'.repeat(40);

const step: Record<LoopState, (id: string) => readonly YardEvent[]> = {
  ready: () => [],
  working: (id) => [
    { type: 'worker.starting', worker: { id: `${id}-w`, loop: id, iteration: 1, backend: 'command' } },
    { type: 'loop.iteration_started', id, iteration: 1, worker: `${id}-w` },
    { type: 'worker.started', id: `${id}-w` },
  ],
  submitted: (id) => [
    { type: 'worker.ended', id: `${id}-w`, end: aWorkerEnd },
    { type: 'loop.candidate_made', id, candidate: { commit, tree: 'd'.repeat(40), iteration: 1 }, usage: {} },
  ],
  verifying: (id) => [
    {
      type: 'verification.requested',
      verification: {
        id: `${id}-v`,
        kind: 'candidate',
        loop: id,
        commit,
        checks: aPlan.checks,
        failFast: true,
      },
    },
    { type: 'loop.verification_started', id, verification: `${id}-v` },
    { type: 'verification.started', id: `${id}-v` },
  ],
  verified: (id) => [verdictOf(`${id}-v`, 'passed'), { type: 'loop.passed', id, verification: `${id}-v` }],
  reviewing: (id) => [
    {
      type: 'worker.starting',
      worker: { id: `${id}-r`, loop: id, iteration: 1, backend: 'codex', role: 'reviewer' },
    },
    { type: 'loop.review_started', id, worker: `${id}-r`, sameFamily: false },
    { type: 'worker.started', id: `${id}-r` },
  ],
  merging: (id) => [
    { type: 'merge.queued', entry: { id: `${id}-m`, loop: id, target: 'main', candidate: commit } },
    { type: 'loop.merge_queued', id, entry: `${id}-m` },
  ],
  landed: (id) => [
    { type: 'merge.started', id: `${id}-m`, epoch: 1 },
    { type: 'merge.built', id: `${id}-m`, result: commit, onto: aPlan.base, verification: `${id}-v` },
    { type: 'merge.landed', id: `${id}-m`, result: commit, before: aPlan.base },
    { type: 'loop.landed', id, commit },
  ],
  closed: (id) => [{ type: 'loop.closed', id, reason: 'taken by hand' }],
  cancelled: (id) => [cancelRequest(id), { type: 'loop.cancelled', id, reason: 'no longer wanted' }],
};
