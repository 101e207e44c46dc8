import type { Verification } from '../domain/verification.ts';
import { type Evidence, type Runs, readEvidence } from './evidence.ts';
import { knownRunsFile } from './places.ts';
import type { Runtime } from './runtime.ts';

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
  if (verification === undefined) return undefined;
  try {
    const evidence = await readEvidence(rt, verification);
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
  } catch (thrown) {
    rt.log('warn', 'evidence of an earlier verification cannot be read', {
      verification,
      error: String(thrown),
    });
    return undefined;
  }
}

/** Only what would end the same way again: nothing that was interrupted, too slow or flaky. */
export async function rememberRuns(rt: Rt, evidence: Evidence): Promise<void> {
  const { key, verdict, checks, reused } = evidence;
  if (key === undefined || reused !== undefined || verdict === 'inconclusive' || checks.length === 0) return;
  const settled = checks.every(({ end, flaky }) => flaky === undefined && end.cause === 'exited');
  if (settled) await rt.files.write(knownRunsFile(rt, key), evidence.id);
}
