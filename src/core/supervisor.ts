import { LoopyardError } from '../domain/errors.ts';
import type { Loop } from '../domain/loop.ts';
import type { Fact, RunEnd } from '../domain/run.ts';
import type { Worker } from '../domain/worker.ts';
import type { RunSpec, Survivors } from '../ports/processes.ts';
import { showStopRequest } from './context.ts';
import { workerEnvironment, workerIdentity } from './environment.ts';
import { contextFolder } from './places.ts';
import type { Runtime } from './runtime.ts';
import { workerEnd } from './worker-end.ts';

/** Milliseconds between asking a process tree to end and ending it, after the worker's own grace is over. */
const termGraceMs = 5_000;

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

function stopText(request: NonNullable<Worker['stop']>): string {
  return (
    `# Please stop\n\nRequest ${request.id}: finish your thought, write STATE.md, and end within ` +
    `${Math.round(request.graceMs / 1_000)} seconds of ${new Date(request.at).toISOString()}.\n\n` +
    'Acknowledge with the report tool (acknowledge: the id above) if you have it. Your work is kept.\n'
  );
}
