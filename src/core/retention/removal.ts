import type { Going, RetentionRule } from '../../domain/retention.ts';
import type { Removal } from '../../ports/stock.ts';
import { knownRunsFile } from '../places.ts';
import type { Runtime } from '../runtime.ts';
import { forgetRun } from '../verification/check-run.ts';
import { soundEvidence } from '../verification/evidence.ts';

type Rt = Pick<Runtime, 'stock' | 'files' | 'processes' | 'log' | 'clock' | 'config'>;

/**
 * Removes things that may go. That they go is written down first, so that whoever asks for one is told; each then goes
 * by one rename or one unlink. A crash in between leaves notes of things that are still there, and what is there is
 * shown without a look at the notes.
 *
 * One that resists, such as a directory somebody else writes, or a run that has not ended, does not keep the others.
 * Answers what went.
 */
export async function removeAll(rt: Rt, going: readonly Going[]): Promise<readonly Going[]> {
  const ready: Going[] = [];
  for (const item of going) if (item.kind !== 'runs' || (await isOver(rt, item.name))) ready.push(item);
  if (ready.length === 0) return [];
  await rt.stock.note(ready.map(({ kind, name, by }) => noteOf(rt, kind, name, by)));
  const gone: Going[] = [];
  for (const item of ready) {
    try {
      await remove(rt, item);
      gone.push(item);
    } catch (thrown) {
      rt.log('warn', 'something could not be removed', { name: item.name, cause: String(thrown) });
    }
  }
  return gone;
}

export function noteOf(
  rt: Pick<Rt, 'clock' | 'config'>,
  kind: Removal['kind'],
  name: string,
  by: RetentionRule,
): Removal {
  return { name, kind, at: rt.clock.now(), by, ...(by === 'prune' ? {} : { value: rt.config[by] }) };
}

async function remove(rt: Rt, { kind, name }: Going): Promise<void> {
  if (kind === 'runs') return forgetRun(rt, name);
  if (kind === 'evidence') await forgetKnown(rt, name);
  await rt.stock.remove(kind, name);
}

/** A run whose shim was killed counts as over: whatever it had started is ended before it is forgotten. */
export async function isOver({ processes }: Pick<Rt, 'processes'>, run: string): Promise<boolean> {
  const { phase } = await processes.observe(run);
  return phase === 'ended' || phase === 'void' || phase === 'absent' || phase === 'lost';
}

/** Evidence that is known as that of its runs is not any more; without its evidence a known run is none in any case. */
async function forgetKnown(rt: Rt, verification: string): Promise<void> {
  const key = (await soundEvidence(rt, verification))?.key;
  if (key !== undefined && (await rt.files.read(knownRunsFile(rt, key))) === verification)
    await rt.stock.remove('known_runs', key);
}
