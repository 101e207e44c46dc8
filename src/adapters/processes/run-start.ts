import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunSpec } from '../../ports/processes.ts';
import { startDetached } from './detached-process.ts';
import { announceChange } from './run-changes.ts';
import { publishRecord, records } from './run-directory.ts';
import { ageOf, claimPatienceMs } from './run-view.ts';
import { openWords } from './run-words.ts';

/**
 * Starts a run once, whoever asks and how often. The first to publish the spec starts a shim; a crash before that shim
 * came leaves a spec that nobody claimed, and after a few seconds the next call starts another shim. Should both come,
 * the claim lets only one of them run the command.
 */
export async function startRun(
  directory: string,
  spec: Omit<RunSpec, 'sandbox'> & {
    readonly id: string;
    readonly bubblewrap?: string | undefined;
    readonly walls?: readonly string[];
  },
  shim: {
    readonly argv: readonly [string, ...string[]];
    readonly env: Readonly<Record<string, string | undefined>>;
  },
  clock: Clock,
): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!isDue(directory, spec, clock)) return;
  const runsDir = path.dirname(directory);
  try {
    await startDetached([...shim.argv, directory], { env: shim.env, cwd: runsDir });
  } catch (cause) {
    throw new LoopyardError(
      'INTERNAL',
      `The shim of run ${spec.id} could not be started.`,
      { run: spec.id },
      { cause },
    );
  }
  announceChange(runsDir);
}

function isDue(
  directory: string,
  { bubblewrap, ...spec }: Parameters<typeof startRun>[1],
  clock: Clock,
): boolean {
  if (existsSync(path.join(directory, 'claim.json'))) return false;
  const age = ageOf(directory, 'spec.json', clock);
  if (age === undefined) {
    const record = { ...spec, mark: randomUUID(), ...(bubblewrap ? { bubblewrap } : {}) };
    const { success, data, error } = records['spec.json'].safeParse(record);
    if (success && data.takesWords) openWords(directory);
    if (success) return publishRecord(directory, 'spec.json', data);
    throw new LoopyardError(
      'INTERNAL',
      `Run ${spec.id} was described wrongly.`,
      { run: spec.id },
      { cause: error },
    );
  }
  if (age < claimPatienceMs) return false;
  const now = clock.now() / 1000;
  utimesSync(path.join(directory, 'spec.json'), now, now);
  return true;
}
