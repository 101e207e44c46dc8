import { portVariables } from '../../domain/settings/ports.ts';
import { networkNote } from '../../domain/verification/check-network.ts';
import {
  type Check,
  type CheckResult,
  passed,
  type Verification,
} from '../../domain/verification/verification.ts';
import { checkEnvironment } from '../environment.ts';
import { keeperOf } from '../keeper-presence.ts';
import { leasePorts } from '../port-leases.ts';
import type { Room } from '../rooms/pristine.ts';
import type { Runtime } from '../runtime.ts';
import { endOfCheck, forgetRun, graceMs } from './check-run.ts';
import { checkIsolation, sandboxOf } from './check-sandbox.ts';

type Rt = Omit<Runtime, 'backends'>;

/** Bytes of a check's output kept at each end. */
const keepBytes = 1_048_576;

/** Bytes of output in which a complaint about the network is looked for. */
const lookedAt = 16_000;

export interface CheckExtras {
  /** Beside the clean environment: what leads checks to their dependencies. */
  readonly env: Readonly<Record<string, string>>;
  /** Folders of dependencies outside the tree, absolute. */
  readonly writable?: readonly string[];
  readonly readable?: readonly string[];
  /** A second attempt has runs of its own. */
  readonly attempt: 1 | 2;
  /** Names of the checks to run; default all. */
  readonly only?: readonly string[];
}

/** One of several checks side by side, with the share of the ports that is its own. */
interface Turn {
  readonly check: Check;
  readonly run: string;
}
interface Lane {
  readonly index: number;
  readonly of: number;
}

/**
 * Runs the checks of a verification in its room, in order, as many side by side as are wanted. A run that is there
 * already, from an earlier keeper, is not started again. With fail-fast, the first that does not pass ends those beside
 * it; they and all later ones have no result. When it fails, or nobody wants the verdict any more, nothing of it goes on
 * running; only when this keeper itself leaves (`signal`), the next one finds the runs and waits for them.
 */
export async function runChecks(
  rt: Rt,
  verification: Verification,
  room: Room,
  extras: CheckExtras,
  signal: AbortSignal,
): Promise<CheckResult[] | 'cancelled'> {
  const walled = (await checkIsolation(rt)) === 'sandboxed';
  const ports = await leasePorts(rt, { kind: 'verification', id: verification.id });
  const turns = verification.checks
    .map((check, index) => ({ check, run: runOf(verification, index, extras.attempt) }))
    .filter(({ check }) => extras.only?.includes(check.name) ?? true);
  const results = new Map<string, CheckResult>();
  const halt = new AbortController();
  let cancelled = false;

  const take = async ({ check, run }: Turn, lane: Lane) => {
    const sandbox = walled ? await sandboxOf(rt, room, check, extras) : undefined;
    const end = await endOfCheck(rt, verification, { signal, halt: halt.signal }, run, {
      argv: check.argv,
      cwd: check.cwd === undefined ? room.path : rt.files.join(room.path, check.cwd),
      env: { ...checkEnvironment(rt, room, walled), ...portVariables(ports, lane), ...extras.env },
      timeoutMs: check.timeoutMs,
      keepBytes,
      keeper: keeperOf(rt),
      ...(sandbox ? { sandbox } : {}),
    });
    if (end === 'cancelled') cancelled = true;
    if (end === 'cancelled' || end === 'halted') return halt.abort();
    const note = passed(end) || sandbox?.network !== false ? undefined : await noteOn(rt, run);
    results.set(run, { name: check.name, run, end, ...(note === undefined ? {} : { note }) });
    if (verification.failFast && !passed(end)) halt.abort();
  };

  const width = Math.max(1, Math.min(verification.parallel ?? rt.config.parallel_checks, turns.length));
  const tell = teller(rt, verification);
  await inLanes(turns, width, { signal, halt }, (turn, lane) => tell(turn, () => take(turn, lane)));
  if (cancelled) return 'cancelled';
  const ended = turns.flatMap(({ run }) => results.get(run) ?? []);
  // One that was ended because of another's failure has no answer of its own, also when an earlier keeper ended it.
  const failed = verification.failFast && ended.some(({ end }) => !passed(end) && end.cause !== 'stopped');
  return failed ? ended.filter(({ end }) => end.cause !== 'stopped') : ended;
}

/** Ends what may still run of a verification that is given up. One that was not started never will be. */
export async function stopChecks(rt: Rt, verification: Verification): Promise<void> {
  for (const index of verification.checks.keys()) {
    await rt.processes.stop(runOf(verification, index, 1), { graceMs, cause: 'stopped' });
    const again = runOf(verification, index, 2);
    // Few are tried twice, and stopping what never was would leave a directory behind for each.
    if ((await rt.processes.observe(again)).phase !== 'absent')
      await rt.processes.stop(again, { graceMs, cause: 'stopped' });
  }
}

/**
 * Makes an attempt as if it had never been tried. For a room that is new: what ran in another one, which is gone with
 * everything that was left in it, proves nothing about this one.
 */
export async function forgetChecks(
  rt: Pick<Rt, 'processes'>,
  verification: Verification,
  attempt: 1 | 2,
): Promise<void> {
  for (const index of verification.checks.keys()) await forgetRun(rt, runOf(verification, index, attempt));
}

function runOf({ id }: Verification, index: number, attempt: 1 | 2): string {
  return attempt === 1 ? `${id}-${index + 1}` : `${id}-${index + 1}-again`;
}

/** Each lane takes the next turn when it is done with one, until none is left or somebody calls halt. */
async function inLanes(
  turns: readonly Turn[],
  width: number,
  { signal, halt }: { readonly signal: AbortSignal; readonly halt: AbortController },
  take: (turn: Turn, lane: Lane) => Promise<void>,
): Promise<void> {
  const waiting = [...turns];
  const lanes = Array.from({ length: width }, async (_, index) => {
    try {
      for (let turn = waiting.shift(); turn && !halt.signal.aborted; turn = waiting.shift())
        await take(turn, { index, of: width });
    } catch (thrown) {
      if (!signal.aborted) halt.abort();
      throw thrown;
    }
  });
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
  if (failed) throw failed.reason;
}

/**
 * Says in the yard which checks run, where there are several, for whoever watches. Nobody waits for it, and that it
 * cannot be said is no reason not to run them.
 */
function teller(rt: Rt, { id, checks }: Verification) {
  const running = new Set<string>();
  let begun = 0;
  return async (turn: Turn, work: () => Promise<void>): Promise<void> => {
    running.add(turn.check.name);
    begun += 1;
    if (checks.length > 1) {
      const event = { type: 'verification.progressed' as const, id, checks: [...running], before: begun - 1 };
      rt.store
        .transact(rt.actor, (tx) => {
          if (tx.yard.verifications[id]?.state === 'running') tx.record(event);
        })
        .catch((thrown: unknown) =>
          rt.log('warn', 'progress was not recorded', { id, error: String(thrown) }),
        );
    }
    await work().finally(() => running.delete(turn.check.name));
  };
}

async function noteOn(rt: Rt, run: string): Promise<string | undefined> {
  return networkNote(await rt.processes.output(run, { head: lookedAt, tail: lookedAt }).catch(() => ''));
}
