import { type Verification, verificationMachine } from '../../domain/verification/verification.ts';
import type { RunEnd } from '../../domain/worker/run.ts';
import type { Yard } from '../../domain/yard.ts';
import type { RunSpec } from '../../ports/processes.ts';
import { overdue } from '../overdue.ts';
import type { Runtime } from '../runtime.ts';

type Rt = Omit<Runtime, 'backends'>;

/** Milliseconds between asking a check that nobody wants any more to end and ending it. */
export const graceMs = 2_000;

/**
 * Runs one check and waits for its end, for the wish that nobody wants it any more, and for `halt`: whichever comes
 * first. In both of the latter cases it is stopped and proven gone. When `signal` comes first, this throws and the check
 * goes on, for the next keeper.
 */
export async function endOfCheck(
  rt: Rt,
  verification: Verification,
  { signal, halt }: { readonly signal: AbortSignal; readonly halt: AbortSignal },
  run: string,
  spec: RunSpec,
): Promise<RunEnd | 'cancelled' | 'halted'> {
  const both = new AbortController();
  const within = AbortSignal.any([signal, both.signal]);
  const cancelled = cancelledIn(rt, verification, within);
  const halted = new Promise<'halted'>((resolve) => {
    if (halt.aborted) resolve('halted');
    halt.addEventListener('abort', () => resolve('halted'), { once: true, signal: within });
  });
  try {
    const settled = startedAndSettled(rt, run, spec, within);
    const first = await Promise.race([settled, cancelled, halted]);
    if (first === 'cancelled' || first === 'halted') {
      await rt.processes.stop(run, { graceMs, cause: 'stopped' });
      return first;
    }
    if (first.phase === 'ended') return first.end;
    // The shim is gone without a word: whatever it had started must not run on, and nobody knows how it went.
    await rt.processes.stop(run, { graceMs: 0, cause: 'lost' });
    const now = rt.clock.now();
    return { cause: 'lost', startedAt: now, endedAt: now, bytes: 0 };
  } finally {
    both.abort();
  }
}

/** Ends what may still run under this id, and takes its directory away, so that the id can be used again. */
export async function forgetRun({ processes }: Pick<Rt, 'processes'>, run: string): Promise<void> {
  const { phase } = await processes.observe(run);
  if (phase !== 'absent' && phase !== 'ended' && phase !== 'void')
    await processes.stop(run, { graceMs: 0, cause: 'lost' });
  await processes.forget(run);
}

/** A shim that was killed before it claimed its run leaves it unstarted, and nobody but us would start another. */
async function startedAndSettled(rt: Rt, run: string, spec: RunSpec, signal: AbortSignal) {
  const isOverdue = overdue(rt.clock, spec.timeoutMs);
  for await (const _ of rt.processes.changes(signal)) {
    const view = await rt.processes.observe(run);
    if (view.phase === 'ended' || view.phase === 'lost' || view.phase === 'void') return view;
    if (isOverdue()) return endOverdue(rt, run);
    if (view.phase === 'absent') await rt.processes.start(run, spec);
  }
  throw signal.reason;
}

/** Ends a run whose shim does not keep its time limit. One that cannot be ended from here is lost to us. */
export async function endOverdue({ processes, log }: Pick<Rt, 'processes' | 'log'>, run: string) {
  log('warn', 'a run was not ended by its shim in time', { run });
  await processes.stop(run, { graceMs, cause: 'timed_out' });
  const view = await processes.observe(run);
  return view.phase === 'ended' ? view : ({ phase: 'lost' } as const);
}

/** Resolves when nobody wants the verdict any more; never when the signal comes first. */
export async function cancelledIn(
  rt: Rt,
  verification: Verification,
  signal: AbortSignal,
): Promise<'cancelled'> {
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
