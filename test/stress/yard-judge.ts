import type { ScratchProject } from '../support/scratch-project.ts';
import { readIndependently } from './witness.ts';
import type { Witnessed } from './yard-player.ts';

type Event = Readonly<Record<string, unknown>> & { readonly type: string };

export interface YardVerdict {
  readonly records: number;
  readonly landed: number;
  readonly keepers: number;
  /** Acknowledged, and not in the journal. */
  readonly lost: readonly string[];
  /** Done twice for one key. */
  readonly doubled: readonly string[];
  /** Landings that do not follow from the one before. */
  readonly crooked: readonly string[];
  /** A working tree that was taken while its owner lived. */
  readonly owners: readonly string[];
  /** Landed loops whose work is not in the target. */
  readonly missing: readonly string[];
}

/** Holds what was acknowledged against the journal and git, with nothing of the product. */
export async function judgeYard(project: ScratchProject, witnessed: Witnessed): Promise<YardVerdict> {
  const records = readIndependently(project.state);
  const events = records.flatMap(({ e }) => (e ?? []) as unknown as readonly Event[]);
  const of = (type: string) => events.filter((event) => event.type === type);
  const opened = new Set(of('loop.opened').map(({ id }) => id));
  const landings = of('merge.landed');
  return {
    records: records.length,
    landed: of('loop.landed').length,
    keepers: of('lease.taken').filter(({ resource }) => resource === 'keeper').length,
    lost: [
      ...[...witnessed.opened].filter(([, loop]) => !opened.has(loop)).map(([key]) => key),
      ...witnessed.told
        .filter(({ loop, text }) => !wasTold(of('loop.told'), loop, text))
        .map(({ text }) => text),
      ...witnessed.stopped.filter((loop) => !hasEnded(events, loop)).map((loop) => `stop of ${loop}`),
      ...witnessed.verdicts
        .filter(({ verdict }) => verdict !== 'pending')
        .filter(({ verification, verdict }) => !wasJudged(events, verification, verdict))
        .map(({ verification, verdict }) => `${verification} ${verdict}`),
    ],
    doubled: [...countBy(of('request.answered').map(({ key }) => String(key)))]
      .filter(([, count]) => count > 1)
      .map(([key]) => key),
    crooked: landings
      .slice(1)
      .flatMap(({ id, before }, index) =>
        before === landings[index]?.result
          ? []
          : [`${id} stands on ${before}, not on ${landings[index]?.result}`],
      ),
    owners: stolen(events),
    missing: await absent(project, of('loop.landed')),
  };
}

function wasTold(told: readonly Event[], loop: string, text: string): boolean {
  return told.some(({ id, message }) => id === loop && (message as { text: string }).text === text);
}

/** A stop that was acknowledged: the loop has ended, by it or before it. */
function hasEnded(events: readonly Event[], loop: string): boolean {
  return events.some(
    ({ type, id }) => id === loop && ['loop.cancelled', 'loop.landed', 'loop.closed'].includes(type),
  );
}

function wasJudged(events: readonly Event[], verification: string, verdict: string): boolean {
  const said = verdict === 'inconclusive' ? ['inconclusive', 'cancelled'] : [verdict];
  return events.some(
    ({ type, id }) => id === verification && said.some((one) => type === `verification.${one}`),
  );
}

function countBy(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Replays the leases of working trees: taken only when free, released, or left by a loop that has ended. */
function stolen(events: readonly Event[]): string[] {
  const holders = new Map<unknown, { epoch: number; loop: unknown }>();
  const ended = new Set<unknown>();
  const found: string[] = [];
  for (const { type, id, resource, epoch, holder } of events) {
    if (['loop.cancelled', 'loop.landed', 'loop.closed'].includes(type)) ended.add(id);
    if (type === 'lease.released' && holders.get(resource)?.epoch === epoch) holders.delete(resource);
    if (type !== 'lease.taken' || !String(resource).startsWith('checkout/')) continue;
    const before = holders.get(resource);
    if (before && !ended.has(before.loop)) found.push(`${resource} was taken from ${before.loop}`);
    holders.set(resource, { epoch: Number(epoch), loop: (holder as { loop?: unknown }).loop });
  }
  return found;
}

async function absent(project: ScratchProject, landed: readonly Event[]): Promise<string[]> {
  const history = new Set((await project.git('rev-list', 'main')).split('\n'));
  const missing: string[] = [];
  for (const { id, commit } of landed) {
    const work = await project.git('show', `main:${id}.loop`).catch(() => 'nothing');
    if (!history.has(String(commit)) || work !== 'final') missing.push(`${id}: ${commit}, ${work}`);
  }
  return missing;
}
