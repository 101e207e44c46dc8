import type { Loop } from '../../domain/loop.ts';
import { next } from '../../domain/next.ts';
import { chooseBackend } from '../../domain/worker/choice.ts';
import { nameFor } from '../../domain/worker/names.ts';
import { reactionTo } from '../../domain/worker/reaction.ts';
import { couldNotResume, type Interrupted, interrupted } from '../../domain/worker/resumption.ts';
import type { Usage } from '../../domain/worker/run.ts';
import { reservation } from '../../domain/worker/spending.ts';
import type { Worker, WorkerEnd } from '../../domain/worker/worker.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Tx } from '../../ports/store.ts';
import { shorten } from '../fence.ts';
import type { Runtime } from '../runtime.ts';
import { backOff } from '../verification/evidence.ts';
import { layOutContext, layOutResumption } from './context.ts';
import { how } from './feedback.ts';
import { mayStart } from './scaling.ts';
import { makeCandidate } from './snapshot.ts';
import { budgetActor } from './stopping.ts';
import { idleEnd } from './worker-end.ts';
import { bringToTip } from './workspace.ts';

/**
 * Starts an iteration: files first, then the intent in the journal, then the process. A crash before the intent leaves
 * files that the next try writes again; after it, `attendWorker` finds a worker without a run and launches it.
 */
export async function startIteration(rt: Runtime, yard: Yard, loop: Loop): Promise<void> {
  const { workspace } = loop;
  if (!workspace) return;
  const iteration = loop.iteration + 1;
  await bringToTip(rt, loop);
  await layOutContext(rt, yard, { ...loop, workspace }, iteration);
  const broken = rt.config.resume_sessions ? interrupted(yard, loop) : undefined;
  await layOutResumption(rt, { ...loop, workspace }, iteration, broken);
  const worker = rt.ids.next('worker');
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.loops[loop.id];
    if (!now || next(tx.yard, now, tx.now, Number.MAX_SAFE_INTEGER).do !== 'start_iteration') return;
    // What was told while the files were written is not in them: lay them out again.
    if (now.messages.length !== loop.messages.length) return;
    // Others may have started theirs meanwhile.
    if (!mayStart(rt, tx.yard).has(loop.id)) return;
    const choice = chooseBackend(tx.yard, now, tx.now);
    if (!('use' in choice)) return;
    const backend = choice.use;
    const living = Object.values(tx.yard.workers).filter(({ state }) => state !== 'ended');
    const taken = new Set(living.flatMap(({ name }) => name ?? []));
    const name = nameFor(worker, rt.config.worker_names, taken);
    const reserved = reservation(now);
    const record = { id: worker, loop: loop.id, iteration, backend, name, reserved, tree: workspace.lease };
    const resumed = goesOn(rt, broken, backend) ? { resumed: broken.resumed } : {};
    tx.record({ type: 'worker.starting', worker: { ...record, ...resumed } });
    tx.record({ type: 'loop.iteration_started', id: loop.id, iteration, worker });
  });
}

/** A session is one program's, so only a worker of the same backend can go on with it. */
function goesOn(rt: Runtime, broken: Interrupted | undefined, backend: string): broken is Interrupted {
  return broken?.worker.backend === backend && rt.backends.get(backend)?.resumes === true;
}

/**
 * The worker has ended: whatever it left in the worktree becomes a candidate. An end that is not the work's fault gives
 * the iteration back; what it left stays in the worktree and is part of the next candidate.
 */
export async function gather(rt: Runtime, loop: Loop, worker: Worker): Promise<void> {
  const { end } = worker;
  if (!end) return;
  const { usage } = end;
  const id = loop.id;
  if (!loop.workspace) {
    const reason = 'Its working tree was taken over, so there is nothing to gather.';
    return ifWorking(rt, loop, (record) => record({ type: 'loop.worker_lost', id, reason, usage }));
  }
  const { infrastructure } = end;
  if (couldNotResume(worker) && !loop.cancel) {
    const text = infrastructure?.text ?? `it ${how(end.run)} without a word`;
    const reason = shorten(
      `Its session could not be gone on with (${text}). The next one starts afresh.`,
      1_900,
    );
    return ifWorking(rt, loop, (record) =>
      record({ type: 'loop.worker_lost', id, reason, usage, uncounted: true }),
    );
  }
  // A worker whose memory is full has worked until then: what it did is judged like any other work.
  const hasWorked = infrastructure?.class === 'context_too_long';
  if (infrastructure && !hasWorked && !loop.cancel) return giveBack(rt, loop, worker, infrastructure, usage);
  const { cause, exitCode } = end.run;
  const unfinished = cause === 'exited' && exitCode === 0 ? {} : { unfinished: true as const };
  const ours = { ...loop, workspace: loop.workspace };
  const made = await makeCandidate(rt, ours, worker);
  if (!('unmade' in made)) {
    const candidate = { ...made, iteration: worker.iteration };
    await bringToTip(rt, { ...ours, candidate, tip: made.commit });
    await ifWorking(rt, loop, (record) =>
      record({ type: 'loop.candidate_made', id, candidate, usage, ...unfinished }),
    );
  } else {
    const tellsFacts = rt.backends.get(worker.backend)?.probe !== undefined;
    const failure = infrastructure ?? idleEnd(end, tellsFacts);
    if (failure && !loop.cancel) return giveBack(rt, loop, worker, failure, usage);
    const reason = `The worker ${how(end.run)} and ${made.unmade}.`;
    await ifWorking(rt, loop, (record) =>
      record({ type: 'loop.nothing_changed', id, reason, usage, ...unfinished }),
    );
  }
}

async function giveBack(
  rt: Runtime,
  loop: Loop,
  worker: Worker,
  infrastructure: NonNullable<WorkerEnd['infrastructure']>,
  usage: Usage,
): Promise<void> {
  const { id, hold } = loop;
  const reason = shorten(
    `The worker (${worker.backend}) ended with: ${infrastructure.class}. ${infrastructure.text}`,
    1_900,
  );
  const chance = rt.chance();
  await ifWorking(rt, loop, (record, { yard, now }) => {
    const moment = { now, chance, backOffMs: backOff(loop.spent.infrastructureFailures) };
    const reaction = reactionTo(yard, loop, worker.backend, infrastructure, moment);
    const { notBefore, bar } = reaction;
    record({
      type: 'loop.worker_lost',
      id,
      reason,
      usage,
      ...(notBefore === undefined ? {} : { notBefore }),
      ...(bar ? { bar } : {}),
    });
    for (const event of reaction.news) record(event);
    // A person's pause stays a person's: it is not lifted when the limit ends.
    if (reaction.hold && !hold) record({ type: 'loop.held', id, hold: reaction.hold });
  });
}

/**
 * Records the outcome of an iteration if the loop still waits for it. A worker that was stopped on its own leaves its
 * loop paused in the same transaction, so that `auto` does not start the next one at once.
 */
async function ifWorking(
  rt: Runtime,
  loop: Loop,
  work: (record: Tx['record'], tx: Tx) => void,
): Promise<void> {
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.loops[loop.id];
    const worker = loop.worker === undefined ? undefined : tx.yard.workers[loop.worker];
    if (now?.state !== 'working' || now.worker !== worker?.id) return;
    work((event) => tx.record(event), tx);
    if (!worker?.stop || worker.stop.by === budgetActor || now.mode !== 'auto' || now.cancel || now.hold)
      return;
    const reason = `Its worker was stopped: ${worker.stop.reason}`;
    tx.record({ type: 'loop.held', id: loop.id, hold: { kind: 'paused', reason: shorten(reason, 1_900) } });
  });
}
