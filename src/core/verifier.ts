import { asLoopyardError } from '../domain/errors.ts';
import type { YardEvent } from '../domain/events.ts';
import { isEnded, type Loop } from '../domain/loop.ts';
import { failureSignature } from '../domain/progress.ts';
import {
  type Check,
  type CheckResult,
  type Judgement,
  judge,
  passed,
  type Verification,
  verificationMachine,
} from '../domain/verification.ts';
import type { Yard } from '../domain/yard.ts';
import type { Tx } from '../ports/store.ts';
import { checkEnvironment } from './environment.ts';
import { backOff, type Evidence, writeEvidence } from './evidence.ts';
import { makeRoom, type Room, removeRoom } from './pristine.ts';
import type { Runtime } from './runtime.ts';

type Rt = Omit<Runtime, 'backends'>;

/** Bytes of a check's output kept at each end. */
const keepBytes = 1_048_576;

/**
 * Carries one verification from requested to its verdict: a clean room, the checks one after the other, evidence on
 * disk, then verdict and consequence for the loop in one transaction. Room and runs are named after the verification,
 * so after a crash the next keeper finds what is there and goes on: a check that ended is not run again, one that
 * still runs is waited for.
 */
export async function attendVerification(rt: Rt, id: string, signal: AbortSignal): Promise<void> {
  const verification = await begin(rt, id);
  if (!verification) return;
  let judgement: Judgement;
  let results: CheckResult[] = [];
  try {
    const room = await makeRoom(rt, id, verification.commit, await roomName(rt, verification));
    const ran = await runChecks(rt, verification, room, signal);
    if (ran === 'cancelled') return await abandon(rt, verification);
    results = ran;
    judgement = judge(verification.checks, results);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asLoopyardError(thrown);
    if (error.code === 'FENCED') throw error;
    rt.log('warn', 'verification could not run', { id, error: String(error), cause: String(error.cause) });
    judgement = { verdict: 'inconclusive', reason: error.message };
  }
  await conclude(rt, verification, results, judgement);
  await removeRoom(rt, id);
}

async function begin(rt: Rt, id: string): Promise<Verification | undefined> {
  return rt.store.transact(rt.actor, (tx) => {
    const verification = tx.yard.verifications[id];
    if (verification?.state === 'requested') tx.record({ type: 'verification.started', id });
    const now = tx.yard.verifications[id];
    return now?.state === 'running' ? now : undefined;
  });
}

async function roomName(rt: Rt, verification: Verification): Promise<string> {
  const { loops } = await rt.store.read();
  const path = verification.loop === undefined ? undefined : loops[verification.loop]?.checkout.path;
  return path?.split(/[\\/]/).findLast((part) => part.length > 0) ?? 'checkout';
}

async function runChecks(
  rt: Rt,
  verification: Verification,
  room: Room,
  signal: AbortSignal,
): Promise<CheckResult[] | 'cancelled'> {
  const results: CheckResult[] = [];
  for (const [index, check] of verification.checks.entries()) {
    const run = `${verification.id}-${index + 1}`;
    await rt.processes.start(run, {
      argv: check.argv,
      cwd: check.cwd === undefined ? room.path : rt.files.join(room.path, check.cwd),
      env: checkEnvironment(rt, room),
      timeoutMs: check.timeoutMs,
      keepBytes,
    });
    const end = await endOf(rt, verification, run, signal);
    if (end === 'cancelled') return 'cancelled';
    results.push({ name: check.name, run, end });
    if (verification.failFast && !passed(end)) break;
  }
  return results;
}

/** Waits for a check, and for the wish that it end: whichever comes first. */
async function endOf(rt: Rt, verification: Verification, run: string, signal: AbortSignal) {
  const both = new AbortController();
  const within = AbortSignal.any([signal, both.signal]);
  const cancelled = cancelledIn(rt, verification, within);
  try {
    const settled = rt.processes.settled(run, within);
    const first = await Promise.race([settled, cancelled]);
    if (first === 'cancelled') {
      settled.catch(() => undefined);
      await rt.processes.stop(run, { graceMs: 2_000, cause: 'stopped' });
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

async function abandon(rt: Rt, { id }: Verification): Promise<void> {
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.verifications[id]?.state !== 'running') return;
    tx.record({ type: 'verification.cancelled', id, reason: 'Its loop was cancelled.' });
  });
  await removeRoom(rt, id);
}

async function conclude(
  rt: Rt,
  verification: Verification,
  results: CheckResult[],
  judgement: Judgement,
): Promise<void> {
  const evidence = await gatherEvidence(rt, verification, results, judgement);
  await writeEvidence(rt, evidence);
  const { id } = verification;
  const { verdict, reason } = judgement;
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.verifications[id]?.state !== 'running') return;
    const ended = { id, results, isolation: 'evident' as const };
    if (verdict === 'passed' || verdict === 'failed')
      tx.record({ type: `verification.${verdict}`, ...ended });
    else
      tx.record({ type: `verification.${verdict}`, ...ended, reason: reason ?? 'No reason was recorded.' });
    for (const event of consequences(tx.yard, verification, judgement, evidence, tx.now)) tx.record(event);
  });
}

async function gatherEvidence(
  rt: Rt,
  verification: Verification,
  results: readonly CheckResult[],
  judgement: Judgement,
): Promise<Evidence> {
  const byName = new Map<string, Check>(verification.checks.map((check) => [check.name, check]));
  const checks = await Promise.all(
    results.map(async ({ name, run, end }) => ({
      name,
      argv: byName.get(name)?.argv ?? [],
      passed: passed(end),
      end,
      run,
      tail: await rt.processes.output(run, { head: 0, tail: 6_000 }).catch(() => ''),
    })),
  );
  const { id, kind, loop, commit } = verification;
  return {
    id,
    kind,
    ...(loop === undefined ? {} : { loop }),
    commit,
    tree: await rt.git.treeOf(commit).catch(() => ''),
    verdict: judgement.verdict,
    ...(judgement.reason === undefined ? {} : { reason: judgement.reason }),
    isolation: 'evident',
    checks,
    notRun: verification.checks.slice(results.length).map(({ name }) => name),
    at: rt.clock.now(),
  };
}

/** What a verdict means for its loop. Pure; empty when the loop has moved on. */
export function consequences(
  yard: Yard,
  verification: Verification,
  judgement: Judgement,
  evidence: Pick<Evidence, 'checks'>,
  now: number,
): readonly YardEvent[] {
  const loop = verification.loop === undefined ? undefined : yard.loops[verification.loop];
  if (!loop || isEnded(loop)) return [];
  const { verdict } = judgement;
  const reason = (judgement.reason ?? 'No reason was recorded.').slice(0, 1_900);
  const id = loop.id;
  const notBefore = now + backOff(loop.spent.infrastructureFailures);
  if (verification.kind === 'baseline') {
    if (loop.baseline?.verification !== verification.id) return [];
    const judged = { type: 'loop.baseline_judged' as const, id, verification: verification.id, verdict };
    return verdict === 'inconclusive'
      ? [judged, { type: 'loop.infrastructure_failed', id, reason, notBefore }]
      : [judged];
  }
  if (
    verification.kind !== 'candidate' ||
    loop.state !== 'verifying' ||
    loop.verification !== verification.id
  )
    return [];
  const signature = failureSignature(evidence.checks.filter((check) => !check.passed));
  switch (verdict) {
    case 'passed':
      return [{ type: 'loop.passed', id, verification: verification.id }];
    case 'failed':
      return [{ type: 'loop.failed', id, verification: verification.id, signature }];
    case 'tampered':
      return [{ type: 'loop.tampered', id, verification: verification.id, reason, signature }];
    case 'inconclusive':
      return [{ type: 'loop.inconclusive', id, verification: verification.id, reason, notBefore }];
  }
}

/** Asks for a verification of a loop's commit inside a transaction; the keeper takes it from there. */
export function requestVerification(
  tx: Tx,
  wish: { id: string; kind: 'baseline' | 'candidate' | 'merge'; loop: Loop; commit: string },
): void {
  const { id, kind, loop, commit } = wish;
  const { checks, failFast } = loop;
  tx.record({
    type: 'verification.requested',
    verification: { id, kind, loop: loop.id, commit, checks, failFast },
  });
}
