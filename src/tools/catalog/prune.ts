import * as z from 'zod';
import { endOf, isLive, type LoopRef, loopRefs, removeRefs } from '../../core/retention/kept-refs.ts';
import { isOver } from '../../core/retention/removal.ts';
import {
  lastLook,
  needs,
  removeWithCare,
  stockWords,
  sum,
  takeStock,
} from '../../core/retention/retention.ts';
import { size } from '../../domain/diagnosis/finding.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { boundsOf, type Going, noticeMs, type StockKind, whatMayGo } from '../../domain/retention.ts';
import { shown } from '../../domain/text.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { isHeld } from '../held.ts';

const names = z.array(z.string());

export const prune = defineTool({
  name: 'prune',
  title: 'Prune what ended loops left',
  description:
    'Remove what loops that have ended left: output, evidence, refs. Shows what it would do unless told yes.',
  effect: 'destroy',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({
    yes: z.boolean().default(false).describe('really do it'),
    dry_run: z.boolean().default(false).describe('only show what would go, which is the default'),
    older_than: z
      .string()
      .max(20)
      .optional()
      .describe('only what is older: 12h, 30d, 8w; with it, records of loops go too'),
    rescue: z.boolean().default(false).describe('also refs whose work no branch has'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    done: z.boolean().describe('false: this is only what would go'),
    bytes: z.number().describe('what it takes on disk, refs apart'),
    left: z.number().describe('bytes that the yard keeps then'),
    refs: names.describe('refs of ended loops'),
    logs: names.describe('kept output of ended workers and checks'),
    evidence: names.describe('verifications whose evidence goes'),
    records: names.describe('loops whose record goes'),
    others: z.number().describe('old parts of the journal, and runs that are known'),
    leaving: names.optional().describe('refs that no branch has and that go by themselves, with the day'),
    kept: names.optional().describe('what could not be removed'),
    next: field.nextStep,
  }),
  cli: {
    path: 'prune',
    examples: ['prune', 'prune --older-than 30d --dry-run', 'prune --yes', 'prune --rescue --yes'],
  },
  async run(args, rt, call) {
    if (args.yes && args.dry_run)
      throw new LoopyardError(
        'INVALID_ARGUMENT',
        '"dry_run" and "yes" contradict each other; leave one out.',
      );
    const olderMs = args.older_than === undefined ? undefined : milliseconds(args.older_than);
    const now = rt.clock.now();
    // Listed before the yard is read: what a loop or a verification opened meanwhile has made is then not among it.
    const listed = await loopRefs(rt);
    const stock = await takeStock(rt);
    const isNeeded = await needs(rt, listed);
    const bounds = {
      outputMs: olderMs ?? 0,
      historyMs: olderMs ?? boundsOf(rt.config).historyMs,
      bytes: Number.POSITIVE_INFINITY,
    };
    const going: Going[] = [];
    for (const item of whatMayGo(stock, bounds, isNeeded, now))
      if (item.kind !== 'runs' || (await isOver(rt, item.name))) going.push({ ...item, by: 'prune' });
    const yard = await rt.store.read();
    const refs: LoopRef[] = [];
    for (const one of listed) {
      if (isLive(yard, one.loop)) continue;
      if (olderMs !== undefined && now - ((await endOf(rt, one.loop)) ?? now) < olderMs) continue;
      if (args.rescue || (one.kind !== 'rescue' && (await isHeld(rt, one.commit)))) refs.push(one);
    }
    const leaving = (await lastLook(rt))?.named ?? [];
    const told = (gone: readonly Going[], goneRefs: readonly LoopRef[]) => ({
      bytes: sum(gone),
      left: sum(stock) - sum(gone),
      refs: goneRefs.map(({ name }) => name),
      logs: named(gone, 'runs'),
      evidence: named(gone, 'evidence'),
      records: named(gone, 'records'),
      others: named(gone, 'known_runs').length + named(gone, 'journal').length,
      ...(leaving.length === 0
        ? {}
        : { leaving: leaving.map(({ ref, since }) => `${ref} on ${dayOf(since + noticeMs)}`) }),
    });
    if (!args.yes) {
      const next =
        refs.length + going.length > 0
          ? `loopyard prune --yes removes them: ${size(sum(going))}.`
          : 'Nothing to prune.';
      return { done: false, ...told(going, refs), next };
    }
    const gone = await removeWithCare(rt, going, listed, call.signal);
    const goneRefs = call.signal.aborted ? [] : await removeRefs(rt, refs, 'prune');
    const kept = [
      ...going.filter((item) => !gone.includes(item)).map(({ name }) => name),
      ...refs.filter((one) => !goneRefs.includes(one)).map(({ name }) => name),
    ];
    const next = kept.length > 0 ? 'Some could not be removed; loopyard keeper --log says why.' : 'Done.';
    return { done: true, ...told(gone, goneRefs), ...(kept.length > 0 ? { kept } : {}), next };
  },
  render: (output, paint) => {
    const verb = output.done ? 'removed' : 'would remove';
    const counted = (kind: StockKind, count: number) =>
      count === 0 ? [] : [`${verb} ${stockWords[kind]}: ${count}`];
    return [
      ...output.refs.map((name) => `${verb} ${name}`),
      ...output.logs.map((run) => `${verb} output of ${run}`),
      ...counted('evidence', output.evidence.length),
      ...counted('records', output.records.length),
      ...counted('journal', output.others),
      ...(output.leaving ?? []).map((ref) => paint.warn(`goes by itself: ${ref}; git branch keeps it`)),
      ...(output.kept ?? []).map((name) => paint.warn(`could not remove ${name}`)),
      paint.dim(`${size(output.bytes)} in all; the yard keeps ${size(output.left)}. ${output.next}`),
    ].join('\n');
  },
});

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function milliseconds(text: string): number {
  const [, count, unit = 'd'] = /^(\d{1,6}(?:\.\d{1,3})?)([hdw])?$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (unitMs[unit] ?? 0);
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `"older_than": "${shown(text)}" is no time; say it like 12h, 30d or 8w.`,
  );
}

const named = (going: readonly Going[], kind: StockKind) =>
  going.filter((item) => item.kind === kind).map(({ name }) => name);

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
