import { LoopyardError } from '../domain/errors.ts';
import type { Loop } from '../domain/loop.ts';
import { addUsage, type Fact, type RunEnd, type Usage } from '../domain/run.ts';
import type { Worker, WorkerEnd } from '../domain/worker.ts';
import type { Yard } from '../domain/yard.ts';
import type { RunSpec, Survivors } from '../ports/processes.ts';
import type { Tx } from '../ports/store.ts';
import { layOutContext, showStopRequest } from './context.ts';
import { workerEnvironment, workerIdentity } from './environment.ts';
import { backOff } from './evidence.ts';
import { how } from './feedback.ts';
import { plain, shorten } from './fence.ts';
import { contextFolder } from './places.ts';
import type { Runtime } from './runtime.ts';
import { makeCandidate } from './snapshot.ts';
import { bringToTip } from './workspace.ts';

/** Milliseconds between asking a process tree to end and ending it, after the worker's own grace is over. */
const termGraceMs = 5_000;

/** A worker that is gone this soon and left nothing behind did not work: milliseconds. */
const rapidDeathMs = 15_000;

/**
 * Starts an iteration: files first, then the intent in the journal, then the process. A crash before the intent leaves
 * files that the next try writes again; after it, `attendWorker` finds a worker without a run and launches it.
 */
export async function startIteration(rt: Runtime, yard: Yard, loop: Loop): Promise<void> {
  const iteration = loop.iteration + 1;
  await bringToTip(rt, loop);
  await layOutContext(rt, yard, loop, iteration);
  const worker = rt.ids.next('worker');
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.loops[loop.id];
    if (now?.state !== 'ready' || now.iteration !== loop.iteration || now.hold || now.cancel) return;
    const { backend } = loop;
    tx.record({ type: 'worker.starting', worker: { id: worker, loop: loop.id, iteration, backend } });
    tx.record({ type: 'loop.iteration_started', id: loop.id, iteration, worker });
  });
}

/** Looks at a worker once and does what is due: launch it, note that it runs, stop it, record its end. */
export async function attendWorker(rt: Runtime, loop: Loop, worker: Worker): Promise<void> {
  const view = await rt.processes.observe(worker.id);
  const due = worker.stop !== undefined && rt.clock.now() >= worker.stop.at + grace(worker.stop);
  switch (view.phase) {
    case 'absent':
      if (due)
        return recordEnd(rt, worker, notStarted(rt, 'It was stopped before it started.', 'stopped'), [], []);
      return launch(rt, loop, worker);
    case 'starting':
      if (due) await stop(rt, worker, 'stopped');
      return;
    case 'running':
      if (worker.state === 'starting') await recordStarted(rt, worker);
      if (worker.stop) await showStopRequest(rt, loop.id, stopText(worker.stop));
      if (due) await stop(rt, worker, 'stopped');
      return;
    case 'ended':
      return recordEnd(rt, worker, view.end, view.facts, []);
    case 'lost': {
      const survivors = await stop(rt, worker, 'lost');
      return recordEnd(rt, worker, notStarted(rt, 'Its shim died without a word.', 'lost'), [], survivors);
    }
    case 'void':
      return recordEnd(rt, worker, notStarted(rt, 'It was called off before it started.', 'stopped'), [], []);
  }
}

/** An acknowledged request is a promise to end soon; until the grace is over the worker is left alone either way. */
const grace = (request: NonNullable<Worker['stop']>) => request.graceMs;

function stop(rt: Runtime, worker: Worker, cause: RunEnd['cause']): Promise<Survivors> {
  return rt.processes.stop(worker.id, { graceMs: worker.stop?.graceMs === 0 ? 0 : termGraceMs, cause });
}

async function launch(rt: Runtime, loop: Loop, worker: Worker): Promise<void> {
  try {
    await rt.processes.start(worker.id, await runSpec(rt, loop, worker));
  } catch (thrown) {
    if (!(thrown instanceof LoopyardError) || thrown.code === 'FENCED') throw thrown;
    await recordEnd(rt, worker, notStarted(rt, thrown.message, 'not_started'), [], []);
  }
}

async function runSpec(rt: Runtime, loop: Loop, worker: Worker): Promise<RunSpec> {
  const backend = rt.backends.get(worker.backend);
  if (!backend) throw new LoopyardError('UNKNOWN_BACKEND', `There is no backend "${worker.backend}".`);
  const context = contextFolder(rt, loop.id);
  const promptFile = rt.files.join(context, 'PROMPT.md');
  const worktree = loop.workspace?.path ?? loop.checkout.path;
  const env = workerEnvironment(rt, loop, worker, backend);
  const order = {
    promptFile,
    worktree,
    context,
    model: loop.model,
    command: loop.command,
    session: rt.ids.uuid(),
    server: {
      command: rt.self.command,
      args: [...rt.self.args, 'mcp'],
      env: workerIdentity(loop, worker, Number(env.LOOPYARD_DEPTH) - 1),
    },
  };
  const launch = backend.launch(order);
  for (const [name, text] of Object.entries(launch.files ?? {}))
    await rt.files.write(rt.files.join(context, name), text);
  const loopLeft = loop.openedAt + loop.limits.loopMinutes * 60_000 - rt.clock.now();
  return {
    argv: launch.argv,
    cwd: worktree,
    env: { ...env, ...launch.env },
    ...(launch.promptOnStdin ? { stdinFile: promptFile } : {}),
    timeoutMs: Math.max(1_000, Math.min(loop.limits.iterationMinutes * 60_000, loopLeft)),
    keepBytes: 4_194_304,
    backend: backend.id,
    keeper: {
      identity: rt.processes.self,
      argv: [rt.self.command, ...rt.self.args, 'keeper', '--yard', rt.git.commonDir],
    },
  };
}

function notStarted(rt: Runtime, detail: string, cause: RunEnd['cause']): RunEnd {
  const now = rt.clock.now();
  return { cause, detail, startedAt: now, endedAt: now, bytes: 0 };
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
  facts: readonly Fact[],
  survivors: Survivors,
): Promise<void> {
  const end = workerEnd(run, facts, survivors);
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.workers[id]?.state !== 'ended') tx.record({ type: 'worker.ended', id, end });
  });
}

/** How a worker's turn went, from how its run ended and what its backend reported. Pure. */
export function workerEnd(run: RunEnd, facts: readonly Fact[], survivors: Survivors): WorkerEnd {
  const usage = facts.reduce<Usage>(
    (sum, fact) => (fact.type === 'usage' ? addUsage(sum, fact.usage) : sum),
    {},
  );
  const said = facts.findLast((fact) => fact.type === 'finished' || fact.type === 'said');
  const session = facts.find((fact) => fact.type === 'session');
  const infrastructure = infrastructureOf(run, facts);
  return {
    run,
    usage,
    ...(said ? { said: shorten(plain(said.text), 1_900, 'tail') } : {}),
    ...(session ? { session: session.id } : {}),
    ...(infrastructure ? { infrastructure } : {}),
    denied: facts
      .flatMap((fact) => (fact.type === 'denied' ? [shorten(plain(fact.what), 150)] : []))
      .slice(0, 20),
    survivors: survivors.map(({ pid, name }) => `${pid} ${name}`),
  };
}

function infrastructureOf(run: RunEnd, facts: readonly Fact[]): WorkerEnd['infrastructure'] {
  const fatal = facts.findLast((fact) => fact.type === 'fatal');
  if (fatal) {
    const { text, resetAt } = fatal;
    return {
      class: fatal.class,
      text: shorten(plain(text), 450),
      ...(resetAt === undefined ? {} : { resetAt }),
    };
  }
  if (run.cause === 'not_started') return { class: 'other', text: run.detail ?? 'It could not be started.' };
  if (run.cause === 'lost') return { class: 'other', text: run.detail ?? 'It was lost.' };
  if (
    run.cause === 'exited' &&
    (run.exitCode === 126 || run.exitCode === 127) &&
    run.endedAt - run.startedAt < rapidDeathMs
  ) {
    return {
      class: 'other',
      text: `It ended at once with exit code ${run.exitCode}: its program was not found.`,
    };
  }
  return undefined;
}

/**
 * The worker has ended: whatever it left in the worktree becomes a candidate. An end that is not the work's fault gives
 * the iteration back; what it left stays in the worktree and is part of the next candidate.
 */
export async function gather(rt: Runtime, loop: Loop, worker: Worker): Promise<void> {
  const { end } = worker;
  if (!end || !loop.workspace) return;
  const { infrastructure, usage } = end;
  const id = loop.id;
  if (infrastructure && !loop.cancel) {
    const now = rt.clock.now();
    const limited = infrastructure.class === 'rate_limit' && infrastructure.resetAt !== undefined;
    const notBefore = limited ? undefined : now + backOff(loop.spent.infrastructureFailures);
    const reason = `The worker (${worker.backend}) ended with: ${infrastructure.class}. ${infrastructure.text}`;
    await ifWorking(rt, loop, (record) => {
      record({
        type: 'loop.worker_lost',
        id,
        reason: shorten(reason, 1_900),
        usage,
        ...(notBefore ? { notBefore } : {}),
      });
      if (limited && infrastructure.resetAt !== undefined) {
        record({
          type: 'loop.held',
          id,
          hold: { kind: 'rate_limited', reason: infrastructure.text, until: infrastructure.resetAt },
        });
      }
    });
    return;
  }
  const ours = { ...loop, workspace: loop.workspace };
  const made = await makeCandidate(rt, ours, worker);
  if (made) {
    const candidate = { ...made, iteration: worker.iteration };
    await bringToTip(rt, { ...ours, candidate, tip: made.commit });
    await ifWorking(rt, loop, (record) => record({ type: 'loop.candidate_made', id, candidate, usage }));
  } else {
    const reason = `The worker ${how(end.run)} and changed no file.`;
    await ifWorking(rt, loop, (record) => record({ type: 'loop.nothing_changed', id, reason, usage }));
  }
}

/**
 * Records the outcome of an iteration if the loop still waits for it. A worker that was stopped on its own leaves its
 * loop paused in the same transaction, so that `auto` does not start the next one at once.
 */
async function ifWorking(rt: Runtime, loop: Loop, work: (record: Tx['record']) => void): Promise<void> {
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.loops[loop.id];
    const worker = loop.worker === undefined ? undefined : tx.yard.workers[loop.worker];
    if (now?.state !== 'working' || now.worker !== worker?.id) return;
    work((event) => tx.record(event));
    if (!worker?.stop || now.mode !== 'auto' || now.cancel || now.hold) return;
    const reason = `Its worker was stopped: ${worker.stop.reason}`;
    tx.record({ type: 'loop.held', id: loop.id, hold: { kind: 'paused', reason: shorten(reason, 1_900) } });
  });
}

function stopText(request: NonNullable<Worker['stop']>): string {
  return (
    `# Please stop\n\nRequest ${request.id}: finish your thought, write STATE.md, and end within ` +
    `${Math.round(request.graceMs / 1_000)} seconds of ${new Date(request.at).toISOString()}.\n\n` +
    'Acknowledge with the report tool (acknowledge: the id above) if you have it. Your work is kept.\n'
  );
}
