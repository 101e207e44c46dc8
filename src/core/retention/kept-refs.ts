import { isEnded } from '../../domain/loop.ts';
import { fateOf, type RetentionRule } from '../../domain/retention.ts';
import type { Yard } from '../../domain/yard.ts';
import type { ObjectId } from '../../ports/git.ts';
import { findLoop } from '../registry.ts';
import type { Runtime } from '../runtime.ts';
import { noteOf } from './removal.ts';

type Rt = Pick<Runtime, 'git' | 'files' | 'stock' | 'store' | 'log' | 'clock' | 'config'>;

const kinds = ['candidates', 'rescue', 'ready', 'tips'] as const;

/** A ref of ours that keeps the work of a loop. */
export interface LoopRef {
  readonly name: string;
  readonly commit: ObjectId;
  readonly kind: (typeof kinds)[number];
  readonly loop: string;
}

export async function loopRefs({ git }: Pick<Rt, 'git'>): Promise<readonly LoopRef[]> {
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const prefix = `refs/loopyard/${kind}/`;
      return [...(await git.refs(prefix))].map(([name, commit]) => ({
        name,
        commit,
        kind,
        // The second rescue ref of a loop has a number behind its name.
        loop: (name.slice(prefix.length).split('/', 1)[0] ?? '').replace(/\.\d+$/, ''),
      }));
    }),
  );
  return found.flat();
}

/** Loops of which a ref or a branch is kept: their records say what it is, and let it be discarded. */
export async function loopsWithRefs(
  { git }: Pick<Rt, 'git'>,
  refs: readonly LoopRef[],
): Promise<ReadonlySet<string>> {
  const prefix = 'refs/heads/loopyard/';
  const branches = [...(await git.refs(prefix)).keys()].map((name) => name.slice(prefix.length));
  return new Set([...refs.map(({ loop }) => loop), ...branches]);
}

/** A ref whose work no branch has, named some time before it goes. */
export interface Named {
  readonly ref: string;
  readonly commit: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface Fates {
  readonly going: readonly LoopRef[];
  readonly named: readonly Named[];
}

/** Refs are looked at one by one with a git of their own each; more of them wait for the next time. */
const mostRefs = 500;

/** What becomes of the refs of loops that have left the lists. Rescue refs stay. */
export async function fatesOf(
  rt: Rt,
  refs: readonly LoopRef[],
  before: readonly Named[],
  settled: boolean,
): Promise<Fates> {
  const yard = await rt.store.read();
  const now = rt.clock.now();
  const keepMs = rt.config.keep_refs_days * 86_400_000;
  const earlier = new Map(
    before.filter(({ since }) => since <= now).map((one) => [`${one.ref} ${one.commit}`, one.since]),
  );
  const going: LoopRef[] = [];
  const named: Named[] = [];
  const asked = refs.filter(({ kind, loop }) => kind !== 'rescue' && !Object.hasOwn(yard.loops, loop));
  for (const one of asked.slice(0, mostRefs)) {
    const { name: ref, commit } = one;
    const namedAt = earlier.get(`${ref} ${commit}`);
    const held = await isHeld(rt, one);
    const fate = fateOf({ held, endedAt: await endOf(rt, one.loop), namedAt }, keepMs, now, settled);
    if (fate === 'goes') going.push(one);
    if (fate === 'named') named.push({ ref, commit, since: namedAt ?? now });
  }
  return { going, named };
}

/** A commit that cannot be asked about is held by nothing. */
async function isHeld({ git, log }: Rt, { name, commit }: LoopRef): Promise<boolean> {
  try {
    return (await git.branchesWith(commit)).length > 0;
  } catch (thrown) {
    log('warn', 'a kept ref cannot be looked at', { ref: name, error: String(thrown) });
    return false;
  }
}

/** When a loop ended; undefined when it has not, or nobody knows. */
export async function endOf(
  rt: Pick<Rt, 'store' | 'files' | 'stock'>,
  loop: string,
): Promise<number | undefined> {
  return (await findLoop(rt, loop).catch(() => undefined))?.endedAt;
}

/** Removes refs unless they have moved, or their loop is live. Answers those that went. */
export async function removeRefs(
  rt: Rt,
  refs: readonly LoopRef[],
  by: RetentionRule,
): Promise<readonly LoopRef[]> {
  if (refs.length > 0) await rt.stock.note(refs.map(({ name }) => noteOf(rt, 'refs', name, by)));
  const gone: LoopRef[] = [];
  for (const one of refs) {
    if (isLive(await rt.store.read(), one.loop)) continue;
    const step = { remove: one.name, from: one.commit };
    const isGone = await rt.git.updateRefs([step], `loopyard: ${by}`).catch((thrown: unknown) => {
      rt.log('warn', 'a ref could not be removed', { name: one.name, cause: String(thrown) });
      return false;
    });
    if (isGone) gone.push(one);
  }
  return gone;
}

export function isLive({ loops }: Yard, id: string): boolean {
  const loop = Object.hasOwn(loops, id) ? loops[id] : undefined;
  return loop !== undefined && !isEnded(loop);
}
