import { type CheckResult, passed, type Verification, verificationMachine } from '../domain/verification.ts';
import type { Yard } from '../domain/yard.ts';
import type { RunSpec } from '../ports/processes.ts';
import { checkEnvironment } from './environment.ts';
import { keeperOf } from './keeper-presence.ts';
import type { Room } from './pristine.ts';
import type { Runtime } from './runtime.ts';

type Rt = Omit<Runtime, 'backends'>;

/** Bytes of a check's output kept at each end. */
const keepBytes = 1_048_576;

/** Milliseconds between asking a check that nobody wants any more to end and ending it. */
const graceMs = 2_000;

const runOf = (verification: Verification, index: number) => `${verification.id}-${index + 1}`;

/**
 * Runs the checks of a verification in its room, one after the other. A run that is there already, from an earlier
 * keeper, is not started again.
 */
export async function runChecks(
  rt: Rt,
  verification: Verification,
  room: Room,
  signal: AbortSignal,
): Promise<CheckResult[] | 'cancelled'> {
  const results: CheckResult[] = [];
  for (const [index, check] of verification.checks.entries()) {
    const run = runOf(verification, index);
    const end = await endOf(rt, verification, signal, run, {
      argv: check.argv,
      cwd: check.cwd === undefined ? room.path : rt.files.join(room.path, check.cwd),
      env: checkEnvironment(rt, room),
      timeoutMs: check.timeoutMs,
      keepBytes,
      keeper: keeperOf(rt),
    });
    if (end === 'cancelled') return 'cancelled';
    results.push({ name: check.name, run, end });
    if (verification.failFast && !passed(end)) break;
  }
  return results;
}

/** Ends what may still run of a verification that is given up. One that was not started never will be. */
export async function stopChecks(rt: Rt, verification: Verification): Promise<void> {
  for (const index of verification.checks.keys())
    await rt.processes.stop(runOf(verification, index), { graceMs, cause: 'stopped' });
}

/** Runs a check and waits for it, and for the wish that it end: whichever comes first. */
async function endOf(rt: Rt, verification: Verification, signal: AbortSignal, run: string, spec: RunSpec) {
  const both = new AbortController();
  const within = AbortSignal.any([signal, both.signal]);
  const cancelled = cancelledIn(rt, verification, within);
  try {
    const settled = startedAndSettled(rt, run, spec, within);
    const first = await Promise.race([settled, cancelled]);
    if (first === 'cancelled') {
      await rt.processes.stop(run, { graceMs, cause: 'stopped' });
      return 'cancelled';
    }
    if (first.phase === 'ended') return first.end;
    // The shim is gone without a word: whatever it had started must not run on, and nobody knows how it went.
    await rt.processes.stop(run, { graceMs: 0, cause: 'lost' });
    const now = rt.clock.now();
    return { cause: 'lost' as const, startedAt: now, endedAt: now, bytes: 0 };
  } finally {
    both.abort();
  }
}

/** A shim that was killed before it claimed its run leaves it unstarted, and nobody but us would start another. */
async function startedAndSettled(rt: Rt, run: string, spec: RunSpec, signal: AbortSignal) {
  for await (const _ of rt.processes.changes(signal)) {
    const view = await rt.processes.observe(run);
    if (view.phase === 'ended' || view.phase === 'lost' || view.phase === 'void') return view;
    if (view.phase === 'absent') await rt.processes.start(run, spec);
  }
  throw signal.reason;
}

/** Resolves when nobody wants the verdict any more; never when the signal comes first. */
async function cancelledIn(rt: Rt, verification: Verification, signal: AbortSignal): Promise<'cancelled'> {
  const unwanted = (yard: Yard) => {
    const now = yard.verifications[verification.id];
    const loop = verification.loop === undefined ? undefined : yard.loops[verification.loop];
    return !now || verificationMachine.isEnd(now.state) || loop?.cancel !== undefined;
  };
  let yard = await rt.store.read();
  if (unwanted(yard)) return 'cancelled';
  for await (const _ of rt.store.watch(yard.seq, signal)) {
    yard = await rt.store.read();
    if (unwanted(yard)) return 'cancelled';
  }
  return new Promise(() => undefined);
}
