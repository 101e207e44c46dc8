import { type CheckStory, type Seen, worthRepeating } from '../../domain/verification/judgement.ts';
import { protectedBy } from '../../domain/verification/protected.ts';
import { readReport, type TestReport } from '../../domain/verification/test-report/read-report.ts';
import { type CheckResult, passed, type Verification } from '../../domain/verification/verification.ts';
import { checkEnvironment } from '../environment.ts';
import { roomOfSecondTry } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { cancelledIn } from '../verification/check-run.ts';
import { forgetChecks, runChecks } from '../verification/check-runs.ts';
import type { CheckRecord, RunRecord, Runs } from '../verification/evidence.ts';
import { type AttachedDependencies, attachDependencies, detachDependencies } from './dependencies.ts';
import {
  makeRoom,
  pointersInRoom,
  proveRoom,
  type Room,
  removeRoom,
  touchedInRoom,
  watchRoom,
} from './pristine.ts';

type Rt = Omit<Runtime, 'backends'>;

/** What is known of each check on the base commit, by its name. */
export type BaseRuns = ReadonlyMap<string, Seen>;

export interface Work {
  readonly verification: Verification;
  /** The tree that is judged. */
  readonly tree: string;
  /** Name of the folder the checks see around them. */
  readonly name: string;
  readonly base: BaseRuns | undefined;
  readonly isolation: Runs['isolation'];
}

/**
 * Runs the checks of a verification in a clean room with its dependencies, proves afterwards which tracked files they
 * altered, and runs once more, in another room, what failed here but not on the base. Rooms stay until `vacate`: room
 * and runs are named after the verification, so that after a crash the next keeper finds both. Where it finds the runs and
 * not the room, as when the machine was restarted, they are done again: nobody can tell any more what they altered.
 */
export async function runInRoom(rt: Rt, work: Work, signal: AbortSignal): Promise<Runs | 'cancelled'> {
  const { verification, base } = work;
  const once = await roomful(rt, work, verification.id, { attempt: 1 }, signal);
  if (once === 'cancelled') return 'cancelled';
  const doubtful =
    verification.kind === 'baseline' ? [] : once.checks.filter((check) => repeats(check, base));
  if (doubtful.length === 0) return once;
  const only = [...doubtful, ...unreached(work, once)].map(({ name }) => name);
  const twice = await roomful(rt, work, roomOfSecondTry(verification.id), { attempt: 2, only }, signal);
  if (twice === 'cancelled') return 'cancelled';
  const [first, second] = [byName(once), byName(twice)];
  return {
    ...once,
    checks: verification.checks.flatMap(({ name }) => {
      const [before, again] = [first.get(name), second.get(name)];
      if (!before || !again) return again ?? before ?? [];
      const { name: _same, ...tried } = before;
      return { ...again, first: tried };
    }),
    altered: both(once.altered, twice.altered),
    putBack: both(once.putBack ?? [], twice.putBack ?? []),
    ms: { ...once.ms, again: Object.values(twice.ms ?? {}).reduce((sum, ms) => sum + ms, 0) },
  };
}

const byName = ({ checks }: Runs) => new Map(checks.map((check) => [check.name, check]));

/** With fail-fast, what the second try of a failure is followed by: should it pass, these have to pass as well. */
function unreached({ verification, base }: Work, { checks }: Runs): Verification['checks'] {
  const isFinal = checks.some((check) => !passed(check.end) && !repeats(check, base));
  return isFinal ? [] : verification.checks.filter(({ name }) => !checks.some((one) => one.name === name));
}

const both = (one: readonly string[], other: readonly string[]) => [...new Set([...one, ...other])];

/** A room that cannot be removed is no reason to withhold a verdict. */
export async function vacate(rt: Rt, id: string): Promise<void> {
  for (const room of [id, roomOfSecondTry(id)]) {
    await removeRoom(rt, room).catch((thrown: unknown) =>
      rt.log('warn', 'a room could not be removed', { id: room, error: String(thrown) }),
    );
  }
}

const repeats = (check: CheckRecord, base: BaseRuns | undefined) => worthRepeating(storyOf(check, base));

export function storyOf(check: CheckRecord, base: BaseRuns | undefined): CheckStory {
  const { name, first } = check;
  return { name, run: seen(check), first: first && seen(first), base: base?.get(name) };
}

export function seen({ end, report, diskFull }: RunRecord): Seen {
  return { end, report, diskFull };
}

type Try = { readonly attempt: 1 | 2; readonly only?: readonly string[] };

async function roomful(
  rt: Rt,
  { verification, tree, name, isolation }: Work,
  id: string,
  attempt: Try,
  signal: AbortSignal,
): Promise<Runs | 'cancelled'> {
  const ms: Record<string, number> = {};
  const timed = async <T>(part: string, what: Promise<T>): Promise<T> => {
    const from = rt.clock.now();
    const result = await what;
    ms[part] = rt.clock.now() - from;
    return result;
  };
  const room = await timed('room', makeRoom(rt, id, tree, name));
  if (room.origin !== 'resumed') await forgetChecks(rt, verification, attempt.attempt);
  const attached = await timed('dependencies', attachWhileWanted(rt, { verification, room, tree }, signal));
  if (attached === 'cancelled') return 'cancelled';
  if (isolation !== 'sandboxed') await watchRoom(rt, room);
  const extra = { env: attached.env, writable: attached.folders, ...attempt };
  const results = await timed('checks', runChecks(rt, verification, room, extra, signal));
  if (results === 'cancelled') return 'cancelled';
  const altered = await timed('proof', proveRoom(rt, room));
  const pointers = await pointersInRoom(rt, room);
  const putBack = await putBackIn(rt, room, isolation, altered);
  await detachDependencies(rt, room);
  const { key, parts, notes } = attached;
  return {
    checks: await Promise.all(results.map((result) => recordOf(rt, result))),
    altered: protectedFirst(altered).slice(0, mostAltered),
    ...(putBack.length > 0 ? { putBack: putBack.slice(0, mostAltered) } : {}),
    isolation,
    room: {
      origin: room.origin,
      ...(room.rebuilt === undefined ? {} : { rebuilt: room.rebuilt }),
      ...(pointers.length > 0 ? { pointers: pointers.slice(0, mostAltered) } : {}),
    },
    dependencies: { key, parts: parts.map((part) => ({ ...part })), notes: [...notes] },
    environment: environmentNames(rt, room, attached.env),
    ms,
  };
}

/** A preparation can last as long as an installation does: who cancels the loop need not wait for it. */
async function attachWhileWanted(
  rt: Rt,
  { verification, room, tree }: { verification: Verification; room: Room; tree: string },
  signal: AbortSignal,
): Promise<AttachedDependencies | 'cancelled'> {
  const over = new AbortController();
  const unwanted = new AbortController();
  cancelledIn(rt, verification, AbortSignal.any([signal, over.signal])).then(
    () => unwanted.abort(),
    // Runs that end notice it too.
    () => undefined,
  );
  try {
    return await attachDependencies(rt, room, tree, AbortSignal.any([signal, unwanted.signal]));
  } catch (thrown) {
    if (unwanted.signal.aborted && !signal.aborted) return 'cancelled';
    throw thrown;
  } finally {
    over.abort();
  }
}

/** What is beyond is held against nobody, so a check that rewrites many files must not hide one that decides. */
const mostAltered = 20_000;

function protectedFirst(paths: readonly string[]): readonly string[] {
  if (paths.length <= mostAltered) return paths;
  const isProtected = (path: string) => protectedBy(path, []) !== undefined;
  return [...paths.filter(isProtected), ...paths.filter((path) => !isProtected(path))];
}

/** Behind walls nobody but the checks can have written; without them it may be a process that a worker left behind. */
async function putBackIn(
  rt: Rt,
  room: Room,
  isolation: Runs['isolation'],
  altered: readonly string[],
): Promise<readonly string[]> {
  if (isolation === 'sandboxed') return [];
  const known = new Set(altered);
  return (await touchedInRoom(rt, room)).filter((path) => !known.has(path));
}

function environmentNames(rt: Rt, room: Room, more: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(checkEnvironment(rt, room)), ...Object.keys(more)])].sort();
}

/** Characters of output that are looked through for a report at each end, and that evidence shows. */
const reportChars = { head: 524_288, tail: 1_048_576 };
const tailChars = 6_000;
const full = /\bENOSPC\b|No space left on device|\bEDQUOT\b|Disk quota exceeded/;

async function recordOf(rt: Rt, { name, run, end, note }: CheckResult): Promise<CheckRecord> {
  const output = await rt.processes.output(run, reportChars).catch(() => '');
  const tail = output.slice(-tailChars);
  const report = readReport(output);
  return {
    name,
    run,
    end,
    tail,
    ...(note === undefined ? {} : { note }),
    ...(report ? { report: evidenceOf(report) } : {}),
    ...(output === '' ? {} : { digest: rt.dependencies.digest(output) }),
    ...(full.test(tail) ? { diskFull: true as const } : {}),
  };
}

/** How many runners are told one by one: a program that prints reports without end must not fill a disk. */
const mostRuns = 200;

function evidenceOf({ runs, failures, ...counts }: TestReport): NonNullable<RunRecord['report']> {
  return {
    ...counts,
    runs: runs.slice(-mostRuns).map((run) => ({ ...run })),
    failures: failures.map((failure) => ({ ...failure })),
  };
}
