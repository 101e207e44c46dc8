import { refuseRemoved } from '../core/retention/removed.ts';
import { type Evidence, soundEvidence } from '../core/verification/evidence.ts';
import { LoopyardError } from '../domain/errors.ts';
import { isUsableId } from '../domain/ids.ts';
import { brief, plain, shorten, shown } from '../domain/text.ts';
import { type CheckResult, checkPassed, type Verification } from '../domain/verification/verification.ts';
import type { Yard } from '../domain/yard.ts';
import type { ToolRuntime } from './define.ts';
import { own } from './own.ts';
import { compact } from './views.ts';

/** Characters of output in one answer, and of one check. */
const tailsInAll = 3_200;
const tailOfOne = 1_500;

/** From worst to best: of several, the answer is about the one that must be looked at first. */
const severity = ['tampered', 'failed', 'inconclusive', 'pending', 'passed'];

/** One verification is answered in full; of several the worst, and all in a line each. */
export async function answerFor(
  rt: ToolRuntime,
  yard: Yard,
  ids: readonly string[],
  said: readonly string[] = [],
) {
  const answers = await Promise.all(ids.map((id) => answer(rt, id, own(yard.verifications, id))));
  const [worst] = answers.toSorted((a, b) => severity.indexOf(a.verdict) - severity.indexOf(b.verdict));
  if (!worst) throw new LoopyardError('INVALID_ARGUMENT', '"verification": name at least one.');
  const pending = answers
    .filter(({ verdict }) => verdict === 'pending')
    .map(({ verification }) => verification);
  const notes = [...said, ...(worst.notes ?? [])];
  return {
    ...worst,
    ...(notes.length > 0 ? { notes } : {}),
    ...(answers.length > 1
      ? {
          all: answers.map(
            ({ verdict, commit, verification, reason }) =>
              `${verdict} ${commit.slice(0, 12)} ${verification}${reason === undefined ? '' : `: ${brief(reason, 120)}`}`,
          ),
        }
      : {}),
    ...(pending.length > 0
      ? { next: `It still runs: verify {verification: "${pending.join(',')}"} goes on waiting.` }
      : {}),
  };
}

/** The yard decides how it ended; the evidence on disk says what was printed, and all of it once the yard has let go. */
async function answer(rt: ToolRuntime, id: string, verification: Verification | undefined) {
  const evidence = isUsableId(id) ? await soundEvidence(rt, id) : undefined;
  const known = verification ?? evidence;
  if (!known) await refuseRemoved(rt, id);
  if (!known) throw new LoopyardError('UNKNOWN_ID', `There is no verification "${shown(id)}".`);
  const { commit } = known;
  const reason = known.reason === undefined ? undefined : brief(known.reason, 700);
  const verdict = verification?.state ?? evidence?.verdict ?? 'cancelled';
  if (verdict === 'requested' || verdict === 'running') {
    return compact({
      verification: id,
      commit,
      verdict: 'pending',
      reason,
      notes: undefined,
      checks: [],
      next: '',
    });
  }
  if (verdict === 'cancelled') {
    const next = 'It was cancelled.';
    const about = { verification: id, commit, verdict: 'inconclusive', reason };
    return compact({ ...about, notes: undefined, checks: [], next });
  }
  const { isolation } = known;
  const notes = known.notes?.slice(0, 8).map((note) => brief(note, 250));
  return compact({
    verification: id,
    commit,
    verdict,
    reason,
    base: verification?.base ?? evidence?.base?.commit,
    isolation,
    reused: known.reused,
    notes,
    checks: checkLines(verification?.results ?? evidence?.checks ?? [], evidence),
    next: nextFor(verdict),
  });
}

function checkLines(results: readonly CheckResult[], evidence: Evidence | undefined) {
  const failing = results.filter((result) => !checkPassed(result)).length;
  const share = Math.min(tailOfOne, Math.floor(tailsInAll / Math.max(1, failing)));
  return results.map((result) => {
    const { name, run, end, note } = result;
    const record = evidence?.checks.find((check) => check.run === run);
    const quiet = checkPassed(result) || record === undefined;
    return compact({
      name: brief(name, 60),
      result: `${end.cause === 'exited' ? `exit ${end.exitCode}` : end.cause.replace('_', ' ')}${note === undefined ? '' : `. ${note}`}`,
      seconds: Math.round((end.endedAt - end.startedAt) / 100) / 10,
      tests: record && countsOf(record),
      judged: result.judged,
      flaky: result.flaky,
      log: run,
      first_log: record?.first?.run,
      tail: quiet ? undefined : shorten(plain(record.tail), share, 'tail'),
    });
  });
}

export function countsOf({ report }: Evidence['checks'][number]): string | undefined {
  if (!report) return undefined;
  const { total, failed, skipped } = report;
  return `${total} ${total === 1 ? 'test' : 'tests'}${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function nextFor(verdict: 'passed' | 'failed' | 'inconclusive' | 'tampered'): string {
  switch (verdict) {
    case 'passed':
      return 'This exact commit passes.';
    case 'failed':
      return 'Read the tails; read_log {id: log} has the whole output.';
    case 'tampered':
      return 'Look at what was changed before believing anything.';
    case 'inconclusive':
      return 'It could not be judged: mend the reason and verify again.';
  }
}
