import { LoopyardError } from '../../domain/errors.ts';
import { passed } from '../../domain/verification/verification.ts';
import type { RunEnd } from '../../domain/worker/run.ts';
import type { Draft, Recipe } from '../../ports/dependencies.ts';
import type { RunSpec } from '../../ports/processes.ts';
import { dependencyEnvironment } from '../environment.ts';
import { keeperOf } from '../keeper-presence.ts';
import { overdue } from '../overdue.ts';
import type { Runtime } from '../runtime.ts';
import { endOverdue } from '../verification/check-run.ts';
import { type KeyedPart, stagedContent } from './dependency-plan.ts';

type Rt = Pick<
  Runtime,
  'git' | 'dependencies' | 'files' | 'processes' | 'config' | 'env' | 'clock' | 'ids' | 'log' | 'self'
>;

/** Bytes of output kept at each end. */
const keepBytes = 1_048_576;
/** Milliseconds between asking a preparation that nobody waits for to end and ending it. */
const graceMs = 2_000;

/**
 * Sees to it that the cache has an entry of this key. Of all who want it at once, also in other repositories, one
 * prepares it and the others wait. The commands run under shims like any check, in a draft that holds the staged files
 * and nothing else, with the network and the home of the user, as their own installation would.
 *
 * A crash leaves a draft that nobody trusts and perhaps a run in it; who comes next ends that run and starts anew.
 */
export async function prepare(rt: Rt, keyed: KeyedPart, signal: AbortSignal): Promise<void> {
  const { key, part } = keyed;
  const limitMs = rt.config.setup_timeout_minutes * 60_000;
  let waits = true;
  const unwanted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => waits && reject(signal.reason), { once: true }),
  );
  const prepared = rt.dependencies.once(key, part.commands.length * limitMs, async () => {
    waits = false;
    signal.throwIfAborted();
    if (await rt.dependencies.has(key)) return;
    const name = rt.ids.next('deps');
    const files = await stagedContent(rt.git, keyed);
    const draft = await rt.dependencies.draft({ key, run: name, files }, (old) => endAbandoned(rt, old));
    try {
      for (const [index, command] of part.commands.entries()) {
        const filled = filler(draft, rt.files.join(draft.root, part.folder));
        const argv = command.map(filled) as [string, ...string[]];
        const env = { ...dependencyEnvironment(rt), ...mapValues(part.prepareEnv, filled) };
        const spec = {
          argv,
          cwd: rt.files.join(draft.root, part.folder),
          env,
          timeoutMs: limitMs,
          keepBytes,
        };
        await runOrFail(rt, `${name}-${index + 1}`, spec, signal, whereOf(keyed));
      }
      await rt.dependencies.publish(draft, recipeOf(keyed));
    } catch (error) {
      await rt.dependencies.discard(draft);
      throw error;
    }
  });
  // Who waits for another's preparation goes at once; who prepares ends the run first.
  await Promise.race([prepared, unwanted]);
}

function recipeOf({ key, part, files }: KeyedPart): Recipe {
  const { manager, folder, members, results, scratch } = part;
  const plain = [...files].filter(([, { as, entry }]) => as === 'first_line' && entry.mode === '100644');
  return {
    key,
    manager,
    homes: [folder, ...members],
    results,
    scratch,
    plainPrograms: plain.map(([path]) => path),
  };
}

/** Runs a command to its good end, or throws SETUP_FAILED with the id of the run that holds its output. */
export async function runOrFail(
  rt: Pick<Rt, 'processes' | 'clock' | 'log' | 'self' | 'git'>,
  run: string,
  spec: Omit<RunSpec, 'keeper'>,
  signal: AbortSignal,
  what: string,
): Promise<void> {
  const end = await endOf(rt, run, { ...spec, keeper: keeperOf(rt) }, signal);
  if (passed(end)) return;
  const facts = {
    run,
    program: spec.argv[0],
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
  };
  throw new LoopyardError(
    'SETUP_FAILED',
    `${what} failed: ${howItEnded(end, spec.timeoutMs)} Its output is the run "${run}".`,
    facts,
  );
}

function howItEnded({ cause, exitCode }: RunEnd, timeoutMs: number): string {
  switch (cause) {
    case 'exited':
      return `the command ended with exit code ${exitCode ?? 'unknown'}.`;
    case 'timed_out':
      return `it did not end within ${Math.round(timeoutMs / 60_000)} minutes.`;
    case 'not_started':
      return 'its program could not be started.';
    case 'signalled':
    case 'stopped':
    case 'stalled':
    case 'kept_waiting':
    case 'lost':
      return 'it was interrupted.';
  }
}

async function endOf(
  rt: Pick<Rt, 'processes' | 'clock' | 'log'>,
  run: string,
  spec: RunSpec,
  signal: AbortSignal,
): Promise<RunEnd> {
  const isOverdue = overdue(rt.clock, spec.timeoutMs);
  try {
    for await (const _ of rt.processes.changes(signal)) {
      let view = await rt.processes.observe(run);
      if (isOverdue()) view = await endOverdue(rt, run);
      if (view.phase === 'ended') return view.end;
      if (view.phase === 'lost' || view.phase === 'void') break;
      if (view.phase === 'absent') await rt.processes.start(run, spec);
    }
    signal.throwIfAborted();
  } catch (error) {
    await rt.processes.stop(run, { graceMs, cause: 'stopped' });
    throw error;
  }
  await rt.processes.stop(run, { graceMs: 0, cause: 'lost' });
  const now = rt.clock.now();
  return { cause: 'lost', startedAt: now, endedAt: now, bytes: 0 };
}

/** The runs of a preparation are numbered from one, and each was started when the one before had ended. */
async function endAbandoned(rt: Rt, name: string): Promise<void> {
  for (let index = 1; ; index += 1) {
    const run = `${name}-${index}`;
    const { phase } = await rt.processes.observe(run);
    if (phase === 'absent') return;
    if (phase !== 'ended') await rt.processes.stop(run, { graceMs: 0, cause: 'lost' });
  }
}

function whereOf({ part: { manager, folder } }: KeyedPart): string {
  return `Preparing the ${manager} dependencies${folder === '' ? '' : ` in ${folder}`}`;
}

const filler = (draft: Pick<Draft, 'beside'>, root: string) => (text: string) =>
  text.replaceAll('{beside}', draft.beside).replaceAll('{root}', root);

function mapValues(values: Readonly<Record<string, string>>, change: (text: string) => string) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
