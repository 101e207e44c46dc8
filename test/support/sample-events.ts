import type { YardEvent } from '../../src/domain/events.ts';
import { aPlan, aRunEnd, aWorkerEnd, noon } from './yard-builder.ts';

type Samples = {
  readonly [T in YardEvent['type']]: (id: string, n: number) => Extract<YardEvent, { type: T }>;
};

const ended = { results: [{ name: 'npm test', run: 'run-1', end: aRunEnd }], isolation: 'evident' as const };
const reason = 'because';
const hash = (n: number) => String(n % 10).repeat(40);

/**
 * One well-formed event of every type, about the subject `id`; `n` varies what may vary. For subjects that belong to a
 * loop and begin with the event, `id` is new and the loop is called `l`.
 */
export const sampleEvents: Samples = {
  'loop.opened': (id) => ({ type: 'loop.opened', id, plan: aPlan, wanted: true }),
  'loop.workspace_prepared': (id) => ({
    type: 'loop.workspace_prepared',
    id,
    workspace: { kind: 'worktree', path: `/trees/${id}`, lease: { resource: `checkout/${id}`, epoch: 1 } },
  }),
  'loop.workspace_lost': (id) => ({ type: 'loop.workspace_lost', id, reason }),
  'loop.baseline_requested': (id) => ({ type: 'loop.baseline_requested', id, verification: 'v' }),
  'loop.baseline_judged': (id) => ({
    type: 'loop.baseline_judged',
    id,
    verification: 'v',
    verdict: 'failed',
  }),
  'loop.iteration_wanted': (id) => ({ type: 'loop.iteration_wanted', id }),
  'loop.iteration_started': (id, n) => ({
    type: 'loop.iteration_started',
    id,
    iteration: 1 + (n % 100),
    worker: 'w',
  }),
  'loop.candidate_made': (id, n) => ({
    type: 'loop.candidate_made',
    id,
    candidate: { commit: hash(n), tree: hash(n), iteration: 1 },
    usage: { inputTokens: n % 1_000, costUsd: 0.25 },
  }),
  'loop.nothing_changed': (id) => ({ type: 'loop.nothing_changed', id, reason, usage: {} }),
  'loop.worker_lost': (id, n) => ({
    type: 'loop.worker_lost',
    id,
    reason,
    usage: { outputTokens: 1 },
    ...(n % 2 ? { notBefore: noon + n } : {}),
  }),
  'loop.verification_started': (id) => ({ type: 'loop.verification_started', id, verification: 'v' }),
  'loop.passed': (id) => ({ type: 'loop.passed', id, verification: 'v' }),
  'loop.failed': (id, n) => ({ type: 'loop.failed', id, verification: 'v', signature: hash(n) }),
  'loop.tampered': (id, n) => ({ type: 'loop.tampered', id, verification: 'v', reason, signature: hash(n) }),
  'loop.inconclusive': (id, n) => ({
    type: 'loop.inconclusive',
    id,
    verification: 'v',
    reason,
    ...(n % 2 ? { notBefore: noon + n } : {}),
  }),
  'loop.infrastructure_failed': (id, n) => ({
    type: 'loop.infrastructure_failed',
    id,
    reason,
    notBefore: noon + n,
  }),
  'loop.review_started': (id, n) => ({
    type: 'loop.review_started',
    id,
    worker: 'w',
    sameFamily: n % 2 === 1,
  }),
  'loop.approved': (id, n) => ({ type: 'loop.approved', id, review: opinion('approved', n), usage: {} }),
  'loop.vetoed': (id, n) => ({ type: 'loop.vetoed', id, review: opinion('vetoed', n), usage: {} }),
  'loop.unreviewed': (id, n) => ({
    type: 'loop.unreviewed',
    id,
    review: opinion('inconclusive', n),
    usage: {},
  }),
  'loop.merge_queued': (id) => ({ type: 'loop.merge_queued', id, entry: 'm' }),
  'loop.landed': (id, n) => ({ type: 'loop.landed', id, commit: hash(n) }),
  'loop.bounced': (id, n) => ({ type: 'loop.bounced', id, reason, ...(n % 2 ? { tip: hash(n) } : {}) }),
  'loop.withdrawn': (id) => ({ type: 'loop.withdrawn', id, reason }),
  'loop.closed': (id) => ({ type: 'loop.closed', id, reason }),
  'loop.reopened': (id) => ({ type: 'loop.reopened', id, reason }),
  'loop.cancel_requested': (id) => ({
    type: 'loop.cancel_requested',
    id,
    request: { id: 'c', reason, by: 'test', graceMs: 0, discard: false },
  }),
  'loop.cancelled': (id) => ({ type: 'loop.cancelled', id, reason }),
  'loop.held': (id, n) => ({
    type: 'loop.held',
    id,
    hold: n % 2 ? { kind: 'paused', reason } : { kind: 'rate_limited', reason, until: noon + n },
  }),
  'loop.released': (id) => ({ type: 'loop.released', id, reason }),
  'loop.updated': (id, n) => ({
    type: 'loop.updated',
    id,
    changes: { summary: `Loop ${n}`, limits: { iterations: 1 + (n % 500) } },
  }),
  'loop.told': (id) => ({ type: 'loop.told', id, message: { text: 'Mind the cache.', by: 'test' } }),
  'loop.message_taken': (id) => ({ type: 'loop.message_taken', id, message: 'm' }),
  'loop.tidied': (id) => ({ type: 'loop.tidied', id, removed: ['/trees/l'], kept: [] }),
  'loop.archived': (id) => ({ type: 'loop.archived', id }),
  'worker.starting': (id, n) => ({
    type: 'worker.starting',
    worker: { id, loop: 'l', iteration: 1 + (n % 10), backend: 'command' },
  }),
  'worker.ports_leased': (id, n) => ({ type: 'worker.ports_leased', id, ports: 20_000 + n }),
  'worker.started': (id) => ({ type: 'worker.started', id }),
  'worker.stop_requested': (id) => ({
    type: 'worker.stop_requested',
    id,
    request: { id: 's', reason, by: 'test', graceMs: 5_000 },
  }),
  'worker.stop_acknowledged': (id, n) => ({
    type: 'worker.stop_acknowledged',
    id,
    request: n % 2 ? 's' : 'other',
  }),
  'worker.reported': (id) => ({ type: 'worker.reported', id, text: 'Half way.' }),
  'worker.ended': (id) => ({ type: 'worker.ended', id, end: aWorkerEnd }),
  'worker.quiet': (id, n) => ({ type: 'worker.quiet', id, level: 'noted', since: noon + n, reason }),
  'worker.unheard': (id) => ({ type: 'worker.unheard', id }),
  'verification.requested': (id) => ({
    type: 'verification.requested',
    verification: {
      id,
      kind: 'candidate',
      loop: 'l',
      commit: hash(1),
      checks: aPlan.checks,
      failFast: true,
    },
  }),
  'verification.ports_leased': (id, n) => ({ type: 'verification.ports_leased', id, ports: 20_000 + n }),
  'verification.progressed': (id, n) => ({
    type: 'verification.progressed',
    id,
    checks: ['npm test'],
    before: n,
  }),
  'verification.started': (id) => ({ type: 'verification.started', id }),
  'verification.passed': (id) => ({ type: 'verification.passed', id, ...ended }),
  'verification.failed': (id) => ({ type: 'verification.failed', id, ...ended }),
  'verification.tampered': (id) => ({ type: 'verification.tampered', id, ...ended, reason }),
  'verification.inconclusive': (id) => ({ type: 'verification.inconclusive', id, ...ended, reason }),
  'verification.cancelled': (id) => ({ type: 'verification.cancelled', id, reason }),
  'verification.archived': (id) => ({ type: 'verification.archived', id }),
  'merge.queued': (id) => ({
    type: 'merge.queued',
    entry: { id, loop: 'l', target: 'main', candidate: hash(1) },
  }),
  'merge.started': (id, n) => ({ type: 'merge.started', id, epoch: 1 + (n % 5) }),
  'merge.built': (id, n) => ({
    type: 'merge.built',
    id,
    result: hash(n),
    onto: hash(2),
    ...(n % 2 ? { verification: 'v' } : {}),
  }),
  'merge.landed': (id, n) => ({
    type: 'merge.landed',
    id,
    result: hash(n),
    before: hash(2),
    ...(n % 2 ? { note: 'fast' } : {}),
  }),
  'merge.bounced': (id) => ({ type: 'merge.bounced', id, reason }),
  'merge.outrun': (id) => ({ type: 'merge.outrun', id }),
  'merge.refenced': (id, n) => ({ type: 'merge.refenced', id, epoch: 1 + (n % 5) }),
  'merge.parked': (id) => ({ type: 'merge.parked', id, keptAt: 'refs/loopyard/ready/l', reason }),
  'merge.retried': (id) => ({ type: 'merge.retried', id }),
  'merge.withdrawn': (id) => ({ type: 'merge.withdrawn', id, reason }),
  'question.asked': (id, n) => ({
    type: 'question.asked',
    question: { id, loop: 'l', worker: 'w', text: 'Which port?', deadline: noon + n },
  }),
  'question.answered': (id) => ({ type: 'question.answered', id, answer: '8080', by: 'test' }),
  'question.expired': (id) => ({ type: 'question.expired', id }),
  'question.withdrawn': (id) => ({ type: 'question.withdrawn', id }),
  'lease.taken': (id, n) => ({
    type: 'lease.taken',
    resource: id,
    epoch: 1 + (n % 20),
    holder: { kind: 'loop', loop: 'l' },
    purpose: 'work',
    ...(n % 2 ? { takenFrom: 'keeper (process 7)' } : {}),
  }),
  'lease.released': (id, n) => ({ type: 'lease.released', resource: id, epoch: 1 + (n % 20) }),
  'note.remembered': (id) => ({ type: 'note.remembered', note: { id, text: 'Tests need Postgres.' } }),
  'note.forgotten': (id) => ({ type: 'note.forgotten', id }),
  'backend.failed': (id) => ({ type: 'backend.failed', backend: id, class: 'network', text: 'gone' }),
  'backend.rested': (id, n) => ({ type: 'backend.rested', backend: id, until: noon + n, reason }),
  'backend.recovered': (id) => ({ type: 'backend.recovered', backend: id }),
  'request.answered': (id) => ({ type: 'request.answered', key: id, tool: 'start_loop', answer: 'l' }),
};

/** The same as a plain function, for types that come from a table. */
export function sampleEvent(type: YardEvent['type'], id: string, n = 0): YardEvent {
  return sampleEvents[type](id, n);
}

function opinion(said: 'approved' | 'vetoed' | 'inconclusive', n: number) {
  return { commit: hash(n), opinion: said, reason };
}
