import type { YardEvent } from '../../domain/events.ts';
import { isEnded } from '../../domain/loop.ts';
import { failureSignature } from '../../domain/progress.ts';
import type { Judgement } from '../../domain/verification/judgement.ts';
import { landedByHand } from '../../domain/verification/remarks.ts';
import {
  type Check,
  passed,
  type Remarks,
  type Verification,
} from '../../domain/verification/verification.ts';
import type { Yard } from '../../domain/yard.ts';
import { vacate } from '../rooms/room-runs.ts';
import type { Runtime } from '../runtime.ts';
import { backOff, type Evidence, writeEvidence } from './evidence.ts';
import type { Examined } from './examination.ts';
import { rememberRuns } from './known-runs.ts';
import { renewBaseline } from './verification-requests.ts';

type Rt = Omit<Runtime, 'backends'>;

/**
 * Evidence to disk first; then the rooms go, which hold what it was made from; then the verdict and what it means for the
 * loop, at once.
 */
export async function conclude(rt: Rt, verification: Verification, examined: Examined): Promise<void> {
  const evidence = await gatherEvidence(rt, verification, examined);
  await writeEvidence(rt, evidence);
  await rememberRuns(rt, evidence);
  await vacate(rt, verification.id);
  await recordVerdict(rt, verification, examined, evidence);
}

/** The verdict alone, for one that could not be judged because nothing can be written any more. */
export async function concludeWithout(rt: Rt, verification: Verification, examined: Examined): Promise<void> {
  await conclude(rt, verification, examined).catch((thrown: unknown) => {
    rt.log('warn', 'evidence could not be written', { id: verification.id, error: String(thrown) });
    return recordVerdict(rt, verification, examined, { checks: [] });
  });
}

async function recordVerdict(
  rt: Rt,
  verification: Verification,
  { judgement, results, remarks, runs, lacksBase }: Examined,
  evidence: Pick<Evidence, 'checks'>,
): Promise<void> {
  const { id } = verification;
  const { verdict, reason } = judgement;
  const ended = { id, results: [...results], isolation: runs?.isolation ?? ('none' as const), ...remarks };
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.verifications[id]?.state !== 'running') return;
    if (verdict === 'passed' || verdict === 'failed') {
      tx.record({ type: `verification.${verdict}`, ...ended, ...(reason === undefined ? {} : { reason }) });
    } else {
      const why = reason ?? 'No reason was recorded.';
      tx.record({ type: `verification.${verdict}`, ...ended, reason: why });
    }
    for (const event of consequences(tx.yard, verification, judgement, { ...evidence, remarks }, tx.now))
      tx.record(event);
    if (lacksBase) renewBaseline(rt, tx, verification);
  });
}

async function gatherEvidence(rt: Rt, verification: Verification, examined: Examined): Promise<Evidence> {
  const { judgement, integrity, runs, remarks, key, tools, baseline } = examined;
  const { id, kind, loop, commit, base, checks } = verification;
  const byName = new Map<string, Check>(checks.map((check) => [check.name, check]));
  const judged = new Map((judgement.checks ?? []).map((check) => [check.name, check]));
  const tree = await rt.git.treeOf(commit).catch(() => '');
  const ran = runs?.checks ?? [];
  const { changes = [], findings = [] } = integrity ?? {};
  const evidence = {
    id,
    kind,
    loop,
    commit,
    tree,
    judged: integrity && integrity.judged !== tree ? integrity.judged : undefined,
    base:
      base === undefined
        ? undefined
        : { commit: base, ...(baseline === undefined ? {} : { verification: baseline }) },
    verdict: judgement.verdict,
    reason: judgement.reason,
    notes: remarks.notes,
    ...runs,
    isolation: runs?.isolation ?? ('none' as const),
    checks: ran.map((record) => {
      const about = judged.get(record.name);
      return withoutGaps({
        ...record,
        argv: [...(byName.get(record.name)?.argv ?? [])],
        passed: about?.passed ?? passed(record.end),
        origin: originOf(byName.get(record.name), verification),
        flaky: about?.flaky ? (true as const) : undefined,
        remark: about?.remark,
        preexisting: about && about.preexisting.length > 0 ? [...about.preexisting] : undefined,
        fresh: about && about.fresh.length > 0 ? [...about.fresh] : undefined,
      });
    }),
    notRun: checks.filter(({ name }) => !ran.some((record) => record.name === name)).map(({ name }) => name),
    protected:
      changes.length === 0 ? undefined : { count: changes.length, changes: changes.slice(0, mostChanges) },
    findings: findings.length === 0 ? undefined : findings.slice(0, mostChanges),
    reused: remarks.reused,
    key,
    tools,
    at: rt.clock.now(),
  };
  return withoutGaps(evidence) as Evidence;
}

const mostChanges = 300;

function originOf(check: Check | undefined, { kind, loop }: Verification): string {
  const said = check?.origin ?? 'call';
  return loop !== undefined && kind !== 'commit' ? `loop (${said})` : said;
}

function withoutGaps<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}

/** What a verdict means for its loop. Pure; empty when the loop has moved on. */
export function consequences(
  yard: Yard,
  verification: Verification,
  judgement: Judgement,
  evidence: Pick<Evidence, 'checks'> & { readonly remarks?: Remarks },
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
    case 'passed': {
      const byHand = landedByHand(evidence.remarks ?? {});
      return [
        {
          type: 'loop.passed',
          id,
          verification: verification.id,
          ...(byHand === undefined ? {} : { byHand }),
        },
      ];
    }
    case 'failed': {
      const why = judgement.reason === undefined ? {} : { reason };
      return [{ type: 'loop.failed', id, verification: verification.id, signature, ...why }];
    }
    case 'tampered':
      return [{ type: 'loop.tampered', id, verification: verification.id, reason, signature }];
    case 'inconclusive':
      return [{ type: 'loop.inconclusive', id, verification: verification.id, reason, notBefore }];
  }
}
