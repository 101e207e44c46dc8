import { asLoopyardError, type LoopyardError } from '../domain/errors.ts';
import type { YardEvent } from '../domain/events.ts';
import { isEnded, type Loop } from '../domain/loop.ts';
import { failureSignature } from '../domain/progress.ts';
import {
  type Check,
  type CheckResult,
  type Judgement,
  judge,
  passed,
  started,
  type Verification,
  verificationMachine,
} from '../domain/verification.ts';
import type { Yard } from '../domain/yard.ts';
import type { Tx } from '../ports/store.ts';
import { runChecks, stopChecks } from './check-runs.ts';
import { checkIsolation } from './check-sandbox.ts';
import { backOff, type Evidence, writeEvidence } from './evidence.ts';
import { makeRoom, removeRoom } from './pristine.ts';
import { checkoutName } from './room-pool.ts';
import type { Runtime } from './runtime.ts';

type Rt = Omit<Runtime, 'backends'>;

/**
 * Carries one verification from requested to its verdict: a clean room, the checks one after the other, evidence on
 * disk, then verdict and consequence for the loop in one transaction. Room and runs are named after the verification,
 * so after a crash the next keeper finds what is there and goes on: a check that ended is not run again, one that
 * still runs is waited for. The room goes before the verdict is recorded, because nobody comes back for it afterwards.
 */
export async function attendVerification(rt: Rt, id: string, signal: AbortSignal): Promise<void> {
  const verification = await begin(rt, id);
  if (!verification) return;
  let judgement: Judgement;
  let results: CheckResult[] = [];
  let isolation: Evidence['isolation'] = 'none';
  try {
    const room = await makeRoom(rt, id, verification.commit, await roomName(rt, verification));
    isolation = await checkIsolation(rt);
    const ran = await runChecks(rt, verification, room, { env: {}, attempt: 1 }, signal);
    if (ran === 'cancelled') return await abandon(rt, verification);
    results = ran;
    judgement = judge(verification.checks, results, startedOnBase(await rt.store.read(), verification));
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asLoopyardError(thrown);
    if (error.code === 'FENCED') throw error;
    rt.log('warn', 'verification could not run', { id, error: String(error), cause: String(error.cause) });
    judgement = {
      verdict: leavesRoom(error, verification) ? 'tampered' : 'inconclusive',
      reason: error.message,
    };
    // What fails here may be gone in a moment, and a check of it may still run: nobody would look after it any more.
    await stopChecks(rt, verification);
  }
  await vacate(rt, id);
  await conclude(rt, verification, { results, isolation }, judgement);
}

/** Names of the checks whose program was there on the loop's base commit. */
function startedOnBase(yard: Yard, { loop }: Verification): ReadonlySet<string> {
  const baseline = loop === undefined ? undefined : yard.loops[loop]?.baseline?.verification;
  const results = baseline === undefined ? [] : (yard.verifications[baseline]?.results ?? []);
  return new Set(results.filter(({ end }) => started(end)).map(({ name }) => name));
}

/** A candidate with a link that leaves its room: the base had none, or its own verification would have said so. */
function leavesRoom(error: LoopyardError, { kind }: Verification): boolean {
  return kind === 'candidate' && error.code === 'INVALID_ARGUMENT' && error.facts.path !== undefined;
}

/** Ends a verification that fails again and again, whatever its checks would say, so that nobody waits for ever. */
export async function giveUp(rt: Rt, id: string, reason: string): Promise<void> {
  const verification = (await rt.store.read()).verifications[id];
  if (!verification) return;
  await stopChecks(rt, verification);
  await vacate(rt, id);
  await rt.store.transact(rt.actor, (tx) => {
    const now = tx.yard.verifications[id];
    if (!now || verificationMachine.isEnd(now.state)) return;
    if (now.state === 'requested') tx.record({ type: 'verification.started', id });
    tx.record({ type: 'verification.inconclusive', id, results: [], isolation: 'none', reason });
  });
}

/** A room that cannot be removed is no reason to withhold a verdict. */
async function vacate(rt: Rt, id: string): Promise<void> {
  await removeRoom(rt, id).catch((thrown: unknown) =>
    rt.log('warn', 'a room could not be removed', { id, error: String(thrown) }),
  );
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
  return checkoutName(verification.loop === undefined ? undefined : loops[verification.loop]?.checkout.path);
}

async function abandon(rt: Rt, { id }: Verification): Promise<void> {
  await vacate(rt, id);
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.verifications[id]?.state !== 'running') return;
    tx.record({ type: 'verification.cancelled', id, reason: 'Its loop was cancelled.' });
  });
}

/** What running the checks came to. */
interface Ran {
  readonly results: CheckResult[];
  readonly isolation: Evidence['isolation'];
}

async function conclude(rt: Rt, verification: Verification, ran: Ran, judgement: Judgement): Promise<void> {
  const evidence = await gatherEvidence(rt, verification, ran, judgement);
  await writeEvidence(rt, evidence);
  const { id } = verification;
  const { verdict, reason } = judgement;
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.verifications[id]?.state !== 'running') return;
    const ended = { id, ...ran };
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
  { results, isolation }: Ran,
  judgement: Judgement,
): Promise<Evidence> {
  const byName = new Map<string, Check>(verification.checks.map((check) => [check.name, check]));
  const checks = await Promise.all(
    results.map(async ({ name, run, end, note }) => ({
      name,
      argv: byName.get(name)?.argv ?? [],
      passed: passed(end),
      end,
      run,
      ...(note === undefined ? {} : { note }),
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
    isolation,
    checks,
    notRun: verification.checks
      .map(({ name }) => name)
      .filter((name) => !results.some((result) => result.name === name)),
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
  const { checks, failFast, parallel } = loop;
  const width = parallel === undefined ? {} : { parallel };
  tx.record({
    type: 'verification.requested',
    verification: { id, kind, loop: loop.id, commit, checks, failFast, ...width },
  });
}
