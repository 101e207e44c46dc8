import { type Judgement, judge, type Written } from '../../domain/verification/judgement.ts';
import { remarksOf } from '../../domain/verification/remarks.ts';
import {
  type CheckResult,
  passed,
  type Remarks,
  type Verification,
} from '../../domain/verification/verification.ts';
import { dependencyKey } from '../rooms/dependencies.ts';
import { type BaseRuns, runInRoom, seen, storyOf } from '../rooms/room-runs.ts';
import type { Runtime } from '../runtime.ts';
import { checkIsolation } from './check-sandbox.ts';
import { type Evidence, type Runs, soundEvidence } from './evidence.ts';
import { compareWithBase, type Integrity, protectionOf, scriptsOfChecks, withoutBase } from './integrity.ts';
import { keyOf, knownRuns } from './known-runs.ts';
import { toolVersions } from './tool-versions.ts';

type Rt = Omit<Runtime, 'backends'>;

/** Everything that a verdict rests on. */
export interface Examined {
  readonly judgement: Judgement;
  readonly results: readonly CheckResult[];
  readonly remarks: Remarks;
  readonly integrity?: Integrity;
  readonly runs?: Runs;
  readonly key?: string;
  readonly tools?: Readonly<Record<string, string>>;
  readonly baseline?: string;
  /** The base has to be verified anew: what it was compared with cannot be read, or could not be judged. */
  readonly lacksBase?: true;
}

/**
 * Comes to a judgement without recording anything: what the commit changed that decides its verdict is taken from the
 * base, the checks run on the tree that remains (or did so before), and what they say is compared with what they said
 * of the base. After a crash all of it is done again; only the runs, which have names, are found as they were.
 */
export async function examine(
  rt: Rt,
  verification: Verification,
  name: string,
  signal: AbortSignal,
): Promise<Examined | 'cancelled'> {
  const { commit, base, checks, failFast } = verification;
  const allow = verification.allowChanges ?? [];
  const compared = base === undefined ? undefined : { base, checks, allow };
  const integrity = compared
    ? await compareWithBase(rt, { ...compared, commit })
    : await withoutBase(rt, commit);
  if (integrity.submodules.length > 0) return tampered(integrity);
  const tree = integrity.judged;
  const dependencies = await dependencyKey(rt, tree);
  const isolation = await checkIsolation(rt);
  const tools = await toolVersions(rt, checks);
  const alike = { checks, failFast, isolation, tools };
  const before = compared && (await baseEvidence(rt, verification, alike));
  if (before === undefined && needsBase(verification)) {
    const reason = `The evidence of its base commit, ${verification.baseline}, is gone or damaged; the base is verified anew.`;
    return { ...unjudged(integrity, reason), lacksBase: true };
  }
  if (before?.verdict === 'inconclusive' && verification.kind === 'candidate') {
    const reason = `Its base commit could not be judged: ${before.reason ?? 'no reason was recorded'}`;
    return { ...unjudged(integrity, reason), lacksBase: true };
  }
  const baseRuns = before && runsByName(before);
  const key = keyOf(rt, { ...alike, tree, dependencies });
  const known = verification.fresh ? undefined : await knownRuns(rt, key);
  const runs =
    known?.runs ?? (await runInRoom(rt, { verification, tree, name, base: baseRuns, isolation }, signal));
  if (runs === 'cancelled') return 'cancelled';
  const excused = new Set(before?.altered ?? []);
  const strange = runs.altered.filter((path) => !excused.has(path));
  const isProtected =
    compared && strange.length > 0 ? await protectionOf(rt, compared, strange) : () => false;
  const rules = {
    ignorePreexisting: verification.ignorePreexisting === true,
    fewerTests: mayTestsChange(integrity) ? ('report' as const) : rt.config.fewer_tests,
    flaky: rt.config.flaky,
    newRunners: integrity.changes.some(({ fate }) => fate === 'allowed'),
  };
  const stories = runs.checks.map((check) => storyOf(check, baseRuns));
  const judgement = judge(checks, stories, rules, {
    altered: strange.filter(isProtected),
    ...writtenOutside(
      runs,
      before,
      strange.filter((path) => !isProtected(path)),
    ),
  });
  const remarks = remarksOf({
    ...integrity,
    checks: judgement.checks ?? [],
    altered: strange.filter((path) => !isProtected(path)),
    // Its own runs: the keeper that did them died before it could record the verdict.
    reused: known?.verification === verification.id ? undefined : known?.verification,
    said: [
      ...(runs.dependencies?.notes ?? []),
      ...pointersNote(runs),
      ...uncompared(verification, before),
      ...(await scriptsNote(rt, verification)),
    ],
  });
  const baseline = before?.id;
  return {
    judgement,
    results: runs.checks.map((check) => resultOf(check, judgement)),
    remarks,
    integrity,
    runs,
    key,
    tools,
    ...(baseline === undefined ? {} : { baseline }),
  };
}

const isCode =
  /\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kts?|cs|c|cc|cpp|h|hpp|php|swift|scala|vue|svelte|exs?|sh)$/i;

/**
 * Without walls a process that a worker left behind can write in a room. What checks themselves write they write on the
 * base too, or it can be committed; code that is what it was before can only be told of, and honest checks leave it alone.
 */
function writtenOutside(
  { isolation, putBack = [] }: Runs,
  before: Evidence | undefined,
  others: readonly string[],
): Partial<Written> {
  if (isolation === 'sandboxed' || before === undefined || before.verdict === 'inconclusive') return {};
  const excused = new Set([...(before.putBack ?? []), ...(before.altered ?? [])]);
  return { others, putBack: putBack.filter((path) => isCode.test(path) && !excused.has(path)) };
}

function tampered(integrity: Integrity): Examined {
  const reason = `Submodules were changed, which cannot be compared with the base: ${integrity.submodules.slice(0, 10).join(', ')}. allow_changes lets them.`;
  return { ...unjudged(integrity, reason), judgement: { verdict: 'tampered', reason } };
}

function unjudged(integrity: Integrity, reason: string): Examined {
  const remarks = remarksOf({ ...integrity, checks: [], altered: [], said: [] });
  return { judgement: { verdict: 'inconclusive', reason }, results: [], remarks, integrity };
}

/** The verification of the base: the one that was asked for, or else one that ran the same on the same files. */
async function baseEvidence(
  rt: Rt,
  { base, baseline, kind }: Verification,
  alike: Pick<Parameters<typeof keyOf>[1], 'checks' | 'failFast' | 'isolation' | 'tools'>,
): Promise<Evidence | undefined> {
  if (base === undefined || kind === 'baseline') return undefined;
  const asked = baseline === undefined ? undefined : await soundEvidence(rt, baseline);
  if (asked) return asked;
  const tree = await rt.git.treeOf(base);
  const key = keyOf(rt, { ...alike, tree, dependencies: await dependencyKey(rt, tree) });
  const known = await knownRuns(rt, key);
  return known && soundEvidence(rt, known.verification);
}

/** Without it, a loop would be blamed for what was there before, or get away with tests that are gone. */
function needsBase({ baseline, kind }: Verification): boolean {
  return baseline !== undefined && (kind === 'candidate' || kind === 'merge');
}

function runsByName({ checks }: Evidence): BaseRuns {
  return new Map(checks.map((check) => [check.name, seen(check)]));
}

/** Who may change tests may take some away; that is then shown and not held against him. */
function mayTestsChange({ changes }: Integrity): boolean {
  return changes.some(({ fate, rule, kind }) => fate === 'allowed' && rule === 'tests' && kind !== 'added');
}

function uncompared({ base, kind }: Verification, before: Evidence | undefined): readonly string[] {
  if (base === undefined || kind === 'merge') return [];
  if (before === undefined)
    return ['Nothing is known of the checks on the base, so counts were not compared.'];
  if (before.verdict === 'inconclusive')
    return [`The base could not be judged, so counts were not compared: ${before.reason ?? ''}`];
  return [];
}

function pointersNote({ room }: Runs): readonly string[] {
  const { pointers = [] } = room ?? {};
  if (pointers.length === 0) return [];
  const shown = pointers.slice(0, 3).join(', ');
  const more = pointers.length > 3 ? ` and ${pointers.length - 3} more` : '';
  return [
    `LFS content is not on this machine, so the pointers were there: ${shown}${more}. git lfs fetch brings it.`,
  ];
}

/** Said with the baseline, before anybody works for nothing. */
async function scriptsNote(
  rt: Rt,
  { kind, loop, commit, checks, allowChanges }: Verification,
): Promise<string[]> {
  if (kind !== 'baseline' || loop === undefined || allowChanges !== undefined) return [];
  const scripts = await scriptsOfChecks(rt, commit, checks);
  if (scripts.length === 0) return [];
  const shown = scripts.slice(0, 5).join(', ');
  return [
    `The checks run ${shown}: protected like tests. If the goal is to change that, name it in allow_changes.`,
  ];
}

function resultOf({ name, run, end, note }: Runs['checks'][number], { checks = [] }: Judgement): CheckResult {
  const judged = checks.find((check) => check.name === name);
  const differs = judged !== undefined && judged.passed !== passed(end);
  return {
    name,
    run,
    end,
    ...(note === undefined ? {} : { note }),
    ...(differs ? { judged: judged.passed ? ('passed' as const) : ('failed' as const) } : {}),
    ...(judged?.flaky ? { flaky: true as const } : {}),
  };
}
