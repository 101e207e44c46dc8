import type { Loop } from '../domain/loop.ts';
import { type Verification, verificationMachine } from '../domain/verification/verification.ts';
import type { Yard } from '../domain/yard.ts';
import { archiveFile } from './places.ts';
import type { Runtime } from './runtime.ts';

type Rt = Pick<Runtime, 'store' | 'files' | 'actor' | 'config' | 'stock' | 'log'>;

/** Writes the last record of an ended loop, then takes it out of the live state: in that order, so it is never nowhere. */
export async function archiveLoop(rt: Rt, loop: Loop): Promise<void> {
  await rt.files.write(archiveFile(rt, loop.id), JSON.stringify(loop));
  await keepFromNow(rt, await rt.store.read(), loop.id);
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.loops[loop.id]) tx.record({ type: 'loop.archived', id: loop.id });
  });
}

/** What a loop has left is kept from its end on, however long it lived. */
async function keepFromNow({ stock, log }: Rt, yard: Yard, loop: string): Promise<void> {
  const ofLoop = <T extends { loop?: string | undefined }>(one: T) => one.loop === loop;
  const verifications = Object.values(yard.verifications).filter(ofLoop);
  const workers = Object.values(yard.workers).filter(ofLoop);
  try {
    await stock.renew(
      'evidence',
      verifications.map(({ id }) => id),
    );
    await stock.renew('runs', [
      ...workers.map(({ id }) => id),
      ...verifications.flatMap(({ results }) => results.map(({ run }) => run)),
    ]);
  } catch (thrown) {
    log('warn', 'what a loop has left keeps its age', { loop, error: String(thrown) });
  }
}

/** Verifications asked for on their own that ended long enough ago. */
export function oldVerifications(rt: Pick<Runtime, 'config'>, yard: Yard, now: number): readonly string[] {
  const keepMs = rt.config.archive_after_minutes * 60_000;
  const isOld = ({ loop, state, endedAt }: Verification) =>
    loop === undefined && verificationMachine.isEnd(state) && now - (endedAt ?? 0) >= keepMs;
  return Object.values(yard.verifications)
    .filter(isOld)
    .map(({ id }) => id);
}

/** They leave the live state; their evidence stays on disk for as long as the settings keep it. */
export async function archiveVerifications(rt: Rt, yard: Yard, now: number): Promise<void> {
  const ids = oldVerifications(rt, yard, now);
  await rt.store.transact(rt.actor, (tx) => {
    for (const id of ids) if (tx.yard.verifications[id]) tx.record({ type: 'verification.archived', id });
  });
}
