import { LoopyardError } from '../../domain/errors.ts';
import type { Loop, Workspace } from '../../domain/loop.ts';
import { portVariables } from '../../domain/settings/ports.ts';
import { healthOf } from '../../domain/worker/backend-health.ts';
import { usedUp } from '../../domain/worker/budget.ts';
import { addUsage, type Fact, type RunEnd } from '../../domain/worker/run.ts';
import { termGraceMs } from '../../domain/worker/stop-phase.ts';
import type { Worker } from '../../domain/worker/worker.ts';
import type { RunSpec, Survivors } from '../../ports/processes.ts';
import { workerEnvironment, workerIdentity } from '../environment.ts';
import { keeperOf } from '../keeper-presence.ts';
import { contextFolder } from '../places.ts';
import { leasePorts } from '../port-leases.ts';
import type { Runtime } from '../runtime.ts';
import { resumePrompt, showStopRequest } from './context.ts';
import { whyNotIn } from './permission-modes.ts';
import { reviewPrompt } from './review.ts';
import { askWorkerToEnd, budgetActor } from './stopping.ts';
import type { Verdict, Vigil } from './vigil.ts';
import { noteTaken, stopText, taken, tellWorker } from './words.ts';
import { usageIn, workerEnd } from './worker-end.ts';

type Housed = Loop & { workspace: Workspace };

/** A worker started when its loop's time is nearly over gets at least this much, milliseconds. */
const leastTimeMs = 1_000;

/** A shim starts its command within a second or two of its claim, milliseconds. */
const startLimitMs = 120_000;

/** Bytes of a worker's output kept at each end. */
const keepBytes = 4_194_304;

/** Looks at a worker once and does what is due: launch it, note that it runs, stop it, record its end. */
export async function attendWorker(rt: Runtime, loop: Loop, worker: Worker, vigil: Vigil): Promise<void> {
  const { workspace } = loop;
  const view = await rt.processes.observe(worker.id);
  switch (view.phase) {
    case 'ended':
      return recordEnd(rt, worker, view.end, view.facts);
    case 'void':
      return recordEnd(rt, worker, calledOff(rt, loop));
    case 'lost':
      return bringToEnd(rt, loop, worker, { cause: 'lost', detail: 'Its shim died without a word.' });
    case 'absent':
      if (workspace && !isDue(rt, worker)) return launch(rt, { ...loop, workspace }, worker);
      break;
    case 'starting':
      // Claimed by a shim that comes no further: stopped, or held up by a disk that is gone.
      if (view.shim && vigil.watchedMs(rt, worker) > startLimitMs)
        return bringToEnd(rt, loop, worker, { cause: 'not_started' });
      break;
    case 'running':
      if (worker.state === 'starting') await recordStarted(rt, worker);
      await keepTelling(rt, loop, worker, view.activity.facts);
      if (!worker.stop && !worker.role) await stopWhenSpent(rt, loop, worker, view.activity.facts);
      if (!worker.stop && workspace) {
        const verdict = await vigil.look(rt, worker, view.activity);
        if (verdict) return bringToEnd(rt, loop, worker, verdict);
      }
      if (worker.stop) await showStopRequest(rt, loop.id, stopText(worker.stop));
      break;
  }
  // Without a tree of its own it would go on in one that is somebody else's by now.
  if (!workspace || isDue(rt, worker)) await bringToEnd(rt, loop, worker, { cause: 'stopped' });
}

/** An acknowledged request is a promise to end soon; until the grace is over the worker is left alone either way. */
function isDue(rt: Runtime, { stop }: Worker): boolean {
  return stop !== undefined && rt.clock.now() >= stop.at + stop.graceMs;
}

/**
 * Stops what there is, which makes a run that nobody has claimed void, and records the end together with what outlived
 * it. A run that cannot even be judged, because its shim is in another pid namespace, is looked at again.
 */
async function bringToEnd(
  rt: Runtime,
  loop: Loop,
  worker: Worker,
  { cause, detail }: Verdict,
): Promise<void> {
  const graceMs = cause === 'lost' || worker.stop?.graceMs === 0 ? 0 : termGraceMs;
  const survivors = await rt.processes.stop(worker.id, { graceMs, cause });
  const view = await rt.processes.observe(worker.id);
  if (view.phase === 'ended') {
    // It may have ended for another reason first.
    const why = detail !== undefined && view.end.cause === cause ? { detail } : {};
    return recordEnd(rt, worker, { ...why, ...view.end }, view.facts, survivors);
  }
  if (view.phase === 'void') return recordEnd(rt, worker, calledOff(rt, loop), [], survivors);
}

/**
 * A worker that has used up what its loop may spend is asked to end, with the grace everybody gets, and so with its
 * work kept. Its backend must have told: many tell only at the end of a turn. Not a reviewer: what was paid for is still
 * judged, and without him it would land unseen.
 */
async function stopWhenSpent(rt: Runtime, loop: Loop, worker: Worker, facts: readonly Fact[]): Promise<void> {
  const reason = usedUp(loop.limits, addUsage(loop.spent.usage, usageIn(facts)));
  if (reason === undefined) return;
  const graceMs = Math.round(rt.config.stop_grace_seconds * 1_000);
  const request = { id: rt.ids.next('stop'), reason, by: budgetActor, graceMs };
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.workers[worker.id];
    if (now && now.state !== 'ended' && !now.stop) askWorkerToEnd(tx, now, request);
  });
}

function calledOff(rt: Runtime, { workspace }: Loop): RunEnd {
  return workspace
    ? notStarted(rt, 'It was stopped before it started.', 'stopped')
    : notStarted(rt, 'Its working tree was taken over before it started.', 'not_started');
}

async function launch(rt: Runtime, loop: Housed, worker: Worker): Promise<void> {
  try {
    await rt.processes.start(worker.id, await runSpec(rt, loop, worker));
  } catch (thrown) {
    // That no ports are free is no failure of the backend: it is tried again later.
    if (!(thrown instanceof LoopyardError) || thrown.code === 'FENCED' || thrown.code === 'BUSY')
      throw thrown;
    await recordEnd(rt, worker, notStarted(rt, thrown.message, 'not_started'));
  }
}

async function runSpec(rt: Runtime, loop: Housed, worker: Worker): Promise<RunSpec> {
  const backend = rt.backends.get(worker.backend);
  if (!backend) throw new LoopyardError('UNKNOWN_BACKEND', `There is no backend "${worker.backend}".`);
  const context = contextFolder(rt, loop.id);
  const promptFile = rt.files.join(context, promptOf(worker));
  const worktree = loop.workspace.path;
  const env = workerEnvironment(rt, loop, worker, backend);
  const permissions = worker.role === 'reviewer' ? 'read_only' : (loop.permissions ?? 'work');
  const refusal = whyNotIn(backend, permissions);
  if (refusal !== undefined) throw new LoopyardError('INVALID_ARGUMENT', refusal, { permissions });
  const order = {
    promptFile,
    worktree,
    context,
    // The model was named for the backend it was named with.
    model: worker.backend === loop.backend && !worker.role ? loop.model : undefined,
    permissions,
    command: loop.command,
    session: rt.ids.uuid(),
    ...(worker.resumed ? { resume: worker.resumed.session } : {}),
    server: {
      command: rt.self.command,
      args: [...rt.self.args, 'mcp'],
      env: workerIdentity(rt, loop, worker),
    },
  };
  const ports = portVariables(await leasePorts(rt, { kind: 'worker', id: worker.id }));
  const launch = backend.launch(order);
  for (const [name, text] of Object.entries(launch.files ?? {}))
    await rt.files.write(rt.files.join(context, name), text);
  const input = backend.nudges ? await linesOf(rt, promptFile, backend.nudges) : promptFile;
  const loopLeft = worker.role
    ? Number.POSITIVE_INFINITY
    : loop.openedAt + loop.limits.loopMinutes * 60_000 - rt.clock.now();
  return {
    argv: launch.argv,
    cwd: worktree,
    env: { ...env, ...ports, ...launch.env },
    ...(launch.promptOnStdin ? { stdinFile: input } : {}),
    ...(backend.nudges ? { takesWords: true as const } : {}),
    timeoutMs: Math.max(leastTimeMs, Math.min(loop.limits.iterationMinutes * 60_000, loopLeft)),
    keepBytes,
    backend: backend.id,
    keeper: keeperOf(rt),
  };
}

function promptOf({ role, resumed }: Worker): string {
  if (role === 'reviewer') return reviewPrompt;
  return resumed ? resumePrompt : 'PROMPT.md';
}

/** The prompt as a program reads it that also reads what comes later. */
async function linesOf(rt: Runtime, promptFile: string, put: (text: string) => string): Promise<string> {
  const file = `${promptFile}.jsonl`;
  await rt.files.write(file, `${put((await rt.files.read(promptFile)) ?? '')}\n`);
  return file;
}

function notStarted(rt: Runtime, detail: string, cause: RunEnd['cause']): RunEnd {
  const now = rt.clock.now();
  return { cause, detail, startedAt: now, endedAt: now, bytes: 0 };
}

/** What is to be said is said, and what was taken up is recorded. */
async function keepTelling(rt: Runtime, loop: Loop, worker: Worker, facts: readonly Fact[]): Promise<void> {
  await tellWorker(rt, loop, worker);
  if (taken(loop, facts).length > 0) await rt.store.transact(rt.actor, (tx) => noteTaken(tx, worker, facts));
}

async function recordStarted(rt: Runtime, { id }: Worker): Promise<void> {
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.workers[id]?.state === 'starting') tx.record({ type: 'worker.started', id });
  });
}

async function recordEnd(
  rt: Runtime,
  { id }: Worker,
  run: RunEnd,
  facts: readonly Fact[] = [],
  survivors: Survivors = [],
): Promise<void> {
  const end = workerEnd(run, facts, survivors);
  await rt.store.transact(rt.actor, (tx) => {
    const worker = tx.yard.workers[id];
    if (!worker || worker.state === 'ended') return;
    noteTaken(tx, worker, facts);
    tx.record({ type: 'worker.ended', id, end });
    if (end.acted && !end.infrastructure && healthOf(tx.yard, worker.backend))
      tx.record({ type: 'backend.recovered', backend: worker.backend });
  });
}
