import { isEnded, type Loop } from '../../domain/loop.ts';
import type { Verification } from '../../domain/verification/verification.ts';
import type { Tx } from '../../ports/store.ts';
import type { Runtime } from '../runtime.ts';

interface Wish {
  readonly id: string;
  readonly kind: 'baseline' | 'candidate' | 'merge';
  readonly loop: Loop;
  readonly commit: string;
  /** Commit it is compared with; a baseline is compared with nothing. */
  readonly base?: string;
  /** Verification of that base. */
  readonly baseline?: string | undefined;
}

/** Asks for a verification of a loop's commit inside a transaction; the keeper takes it from there. */
export function requestVerification(tx: Tx, { id, kind, loop, commit, base, baseline }: Wish): void {
  const { checks, failFast, parallel, allowChanges, ignorePreexisting } = loop;
  tx.record({
    type: 'verification.requested',
    verification: {
      id,
      kind,
      loop: loop.id,
      commit,
      checks,
      // The base is run to the end: otherwise there is nothing to compare later checks with.
      failFast: failFast && kind !== 'baseline',
      ...(parallel === undefined ? {} : { parallel }),
      ...(base === undefined ? {} : { base }),
      ...(baseline === undefined ? {} : { baseline }),
      ...(allowChanges === undefined ? {} : { allowChanges }),
      ...(ignorePreexisting === undefined ? {} : { ignorePreexisting }),
    },
  });
}

/** What the candidate of a loop is compared with, and the verification of that; it is asked for when there is none. */
export function baseOf(
  rt: Pick<Runtime, 'ids'>,
  tx: Tx,
  loop: Loop,
): { base: string; baseline: string | undefined } {
  const { onto } = loop;
  if (onto === undefined) return { base: loop.base, baseline: loop.baseline?.verification };
  return { base: onto, baseline: baselineOf(rt, tx, loop, onto) };
}

/** The newest verification of a commit for this loop's checks. One that could not be judged is no answer, and asked for anew. */
export function baselineOf(rt: Pick<Runtime, 'ids'>, tx: Tx, loop: Loop, commit: string): string {
  const known = Object.values(tx.yard.verifications).findLast(
    (one) =>
      one.kind === 'baseline' &&
      one.loop === loop.id &&
      one.commit === commit &&
      one.state !== 'inconclusive' &&
      one.state !== 'cancelled',
  );
  if (known) return known.id;
  const id = rt.ids.next('verification');
  requestVerification(tx, { id, kind: 'baseline', loop, commit });
  return id;
}

/** Has the base of a loop's verification verified anew, and what the loop offers from now on compared with that. */
export function renewBaseline(
  rt: Pick<Runtime, 'ids'>,
  tx: Tx,
  { loop: of, base, baseline }: Pick<Verification, 'loop' | 'base' | 'baseline'>,
): void {
  const loop = of === undefined ? undefined : tx.yard.loops[of];
  if (!loop || isEnded(loop) || base === undefined) return;
  const id = rt.ids.next('verification');
  requestVerification(tx, { id, kind: 'baseline', loop, commit: base });
  if (loop.baseline?.verification === baseline)
    tx.record({ type: 'loop.baseline_requested', id: loop.id, verification: id });
}
