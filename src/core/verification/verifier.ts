import { asLoopyardError, type LoopyardError } from '../../domain/errors.ts';
import type { Verification } from '../../domain/verification/verification.ts';
import { checkoutName } from '../rooms/room-pool.ts';
import { vacate } from '../rooms/room-runs.ts';
import type { Runtime } from '../runtime.ts';
import { stopChecks } from './check-runs.ts';
import { conclude, concludeWithout } from './conclusion.ts';
import { type Examined, examine } from './examination.ts';

type Rt = Omit<Runtime, 'backends'>;

/**
 * Carries one verification from requested to its verdict: what it rests on is found out (examination.ts), evidence goes
 * to disk, then verdict and consequence for the loop are recorded in one transaction (conclusion.ts). Rooms and runs are
 * named after the verification, so after a crash the next keeper finds what is there and goes on: a check that ended is
 * not run again, one that still runs is waited for. The rooms go when the evidence is safe, and before the verdict is
 * recorded, because nobody comes back for them afterwards.
 *
 * What fails through nobody's fault makes the verdict of a loop inconclusive, and the loop tries again later. One that
 * belongs to no loop is left as it is: whoever sent us tries again, a few times, and then gives it up.
 */
export async function attendVerification(rt: Rt, id: string, signal: AbortSignal): Promise<void> {
  const verification = await begin(rt, id);
  if (!verification) return;
  let examined: Examined | 'cancelled';
  try {
    examined = await examine(rt, verification, await roomName(rt, verification), signal);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asLoopyardError(thrown);
    if (error.code === 'FENCED') throw error;
    rt.log('warn', 'verification could not run', { id, error: String(error), cause: String(error.cause) });
    // What fails here may be gone in a moment, and a check of it may still run: nobody would look after it any more.
    await stopChecks(rt, verification);
    if (verification.loop === undefined && mayPass(error)) {
      // Its runs are void now: the next try needs a room in which none was.
      await vacate(rt, id);
      throw error;
    }
    const verdict = leavesRoom(error, verification) ? 'tampered' : 'inconclusive';
    examined = { judgement: { verdict, reason: error.message }, results: [], remarks: {} };
  }
  if (examined === 'cancelled') {
    await vacate(rt, id);
    await abandon(rt, verification);
  } else await conclude(rt, verification, examined);
}

/** What the commit itself makes impossible stays so; a full disk or a machine that is overloaded does not. */
const mayPass = ({ kind, code }: LoopyardError) => kind !== 'input' && code !== 'ROOM_INCOMPLETE';

/**
 * A link or submodule that leaves the room, or objects that are not what their ids say: the base had none, or its own
 * verification would have said so. What a merge result has, the target may have brought.
 */
function leavesRoom(error: LoopyardError, { kind, base }: Verification): boolean {
  const compared = kind === 'candidate' || (kind === 'commit' && base !== undefined);
  if (error.code === 'ROOM_INCOMPLETE') return compared && error.facts.damaged === true;
  return compared && error.code === 'INVALID_ARGUMENT' && error.facts.path !== undefined;
}

/** Ends a verification that fails again and again, whatever its checks would say, so that nobody waits for ever. */
export async function giveUp(rt: Rt, id: string, reason: string): Promise<void> {
  const verification = await begin(rt, id);
  if (!verification) return;
  await stopChecks(rt, verification);
  await vacate(rt, id);
  await concludeWithout(rt, verification, {
    judgement: { verdict: 'inconclusive', reason },
    results: [],
    remarks: {},
  });
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
  await rt.store.transact(rt.actor, (tx) => {
    if (tx.yard.verifications[id]?.state !== 'running') return;
    tx.record({ type: 'verification.cancelled', id, reason: 'Its loop was cancelled.' });
  });
}
