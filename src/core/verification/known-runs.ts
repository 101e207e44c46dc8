import { passed, type Verification } from '../../domain/verification/verification.ts';
import { knownRunsFile } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { type Evidence, type Runs, soundEvidence } from './evidence.ts';

type Rt = Pick<Runtime, 'files' | 'config' | 'env' | 'log' | 'dependencies'>;

/** What two runs must have in common so that the one tells how the other would end. */
export interface Alike {
  readonly tree: string;
  readonly checks: Verification['checks'];
  readonly failFast: boolean;
  readonly dependencies: string;
  readonly isolation: string;
  /** Versions of the programs that the checks run. */
  readonly tools: Readonly<Record<string, string>>;
}

export interface KnownRuns {
  readonly verification: string;
  readonly runs: Runs;
}

/** The environment counts too, as far as the user decides it; its values are only in the digest. */
export function keyOf(rt: Rt, alike: Alike): string {
  const { tree, checks, failFast, dependencies, isolation, tools } = alike;
  const commands = checks.map(({ timeoutMs: _limit, origin: _origin, ...check }) => check);
  const environment = ['PATH', ...rt.config.check_env].map((name) => [name, rt.env[name] ?? null]);
  const world = [isolation, rt.config.check_network, environment, tools];
  return rt.dependencies.digest(JSON.stringify([1, tree, commands, failFast, dependencies, world]));
}

/** The runs recorded under a key, if they are still to be had. */
export async function knownRuns(rt: Rt, key: string): Promise<KnownRuns | undefined> {
  const verification = await rt.files.read(knownRunsFile(rt, key));
  if (verification === undefined || verification === doubtful) return undefined;
  const evidence = await soundEvidence(rt, verification);
  if (evidence?.key !== key) return undefined;
  const { altered, putBack, isolation, room, dependencies, environment } = evidence;
  const checks = evidence.checks.map(({ name, run, end, tail, note, report, digest, diskFull, first }) => ({
    name,
    run,
    end,
    tail,
    ...(note === undefined ? {} : { note }),
    ...(report === undefined ? {} : { report }),
    ...(digest === undefined ? {} : { digest }),
    ...(diskFull === undefined ? {} : { diskFull }),
    ...(first === undefined ? {} : { first }),
  }));
  const more = {
    ...(putBack ? { putBack } : {}),
    ...(room ? { room } : {}),
    ...(dependencies ? { dependencies } : {}),
    ...(environment ? { environment } : {}),
  };
  return { verification, runs: { checks, altered: altered ?? [], isolation, ...more } };
}

/** In the place of a verification: the same ended differently once, and so tells nothing for ever. */
const doubtful = '?';

/**
 * Only what would end the same way again: nothing that was interrupted, too slow or flaky. What ended otherwise before is
 * never believed again, or whoever may ask for fresh runs, as a worker may, would ask until chance gives him a pass that
 * his candidate then finds.
 */
export async function rememberRuns(rt: Rt, evidence: Evidence): Promise<void> {
  const { key, verdict, checks, reused } = evidence;
  if (key === undefined || reused !== undefined || verdict === 'inconclusive' || checks.length === 0) return;
  const file = knownRunsFile(rt, key);
  if ((await rt.files.read(file)) === doubtful) return;
  const before = await knownRuns(rt, key);
  const differs = before !== undefined && !endAlike(before.runs.checks, checks);
  if (differs || checks.some(({ flaky }) => flaky)) return rt.files.write(file, doubtful);
  if (checks.every(({ end }) => end.cause === 'exited')) await rt.files.write(file, evidence.id);
}

/** With fail-fast, only one of the two may have come to a check. */
function endAlike(before: Runs['checks'], now: Runs['checks']): boolean {
  const known = new Map(before.map(({ name, end }) => [name, passed(end)]));
  return now.every(({ name, end }) => (known.get(name) ?? passed(end)) === passed(end));
}
