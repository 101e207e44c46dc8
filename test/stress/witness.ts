import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';

/** Imports nothing of the product and takes no lock: what it finds rests on the bytes and on its own twenty lines. */
export interface Verdict {
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Acknowledged under another number than the record has, or in another order than it happened. */
  readonly misplaced: readonly string[];
  readonly twoOwners: readonly string[];
  /** Done under a lease that somebody else held by then. */
  readonly zombies: readonly string[];
  readonly failed: readonly string[];
  readonly fenced: number;
  readonly records: readonly JournalRecord[];
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

interface JournalRecord {
  readonly s: number;
  readonly w: string;
  readonly e: readonly { type: string; resource?: string; epoch?: number; note?: { text: string } }[];
}

/** First valid record for the next number, chained by hash; from the first generation to the last. */
export function readIndependently(directory: string): readonly JournalRecord[] {
  const records: JournalRecord[] = [];
  let hash = '';
  for (let generation = 1; ; generation += 1) {
    const path = join(directory, `journal.${generation}.log`);
    const archived = join(directory, 'generations', `journal.${generation}.log.gz`);
    if (!existsSync(path) && !existsSync(archived)) return records;
    const text = (existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(archived))).toString(
      'latin1',
    );
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    for (const line of lines) {
      const [crc, json] = [line.slice(0, 8), Buffer.from(line.slice(9), 'latin1')];
      if (crc !== crc32(json).toString(16).padStart(8, '0')) continue;
      const record = JSON.parse(json.toString());
      if (record.format || record.s !== records.length + 1 || record.p !== hash) continue;
      hash = createHash('sha256').update(Buffer.from(line, 'latin1')).digest('hex').slice(0, 32);
      records.push(record);
      if (record.seal) break;
    }
  }
}

interface Line {
  readonly at: bigint;
  readonly pid: string;
  readonly op: string;
  readonly what: string;
  readonly detail: string;
}

export function judge(directory: string, witness: string): Verdict {
  const lines = readFileSync(witness, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => {
      const [at = '0', pid = '', op = '', what = '', ...detail] = line.split(' ');
      return { at: BigInt(at), pid, op, what, detail: detail.join(' ') };
    })
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  const records = readIndependently(directory);
  const seqs = new Map<string, number[]>();
  for (const { s, w } of records) seqs.set(w, [...(seqs.get(w) ?? []), s]);
  const calls = new Map(lines.filter(({ what }) => what === 'call').map(({ op, at }) => [op, at]));
  const acks = lines.filter(({ what }) => what === 'ack');
  const waits = acks.map(({ op, at }) => Number(at - (calls.get(op) ?? at)) / 1e6).sort((a, b) => a - b);
  const quantile = (q: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * q))] ?? 0;

  return {
    acknowledged: acks.length,
    lost: acks.filter(({ op }) => !seqs.has(op)).map(({ op }) => op),
    doubled: [...seqs].filter(([op, all]) => op.startsWith('op-') && all.length > 1).map(([op]) => op),
    misplaced: [
      ...acks
        .filter(({ op, detail }) => seqs.has(op) && seqs.get(op)?.[0] !== Number(detail))
        .map(({ op, detail }) => `${op} said ${detail}, is ${seqs.get(op)}`),
      ...outOfOrder(lines, seqs),
    ],
    twoOwners: overlaps(lines),
    zombies: actsUnderOldEpochs(records, lines),
    failed: lines.filter(({ what }) => what === 'failed').map(({ detail }) => detail),
    fenced: lines.filter(({ what }) => what === 'fenced').length,
    records,
    p50: quantile(0.5),
    p99: quantile(0.99),
    slowest: quantile(1),
  };
}

/** What was called after something else was acknowledged must have the larger number. */
function outOfOrder(lines: readonly Line[], seqs: ReadonlyMap<string, readonly number[]>): string[] {
  const wrong: string[] = [];
  const floorAtCall = new Map<string, number>();
  let acknowledged = 0;
  for (const { op, what } of lines) {
    const seq = seqs.get(op)?.[0];
    if (what === 'call') floorAtCall.set(op, acknowledged);
    if (what !== 'ack' || seq === undefined) continue;
    if (seq <= (floorAtCall.get(op) ?? 0)) wrong.push(`${op} is ${seq}, called after ${floorAtCall.get(op)}`);
    acknowledged = Math.max(acknowledged, seq);
  }
  return wrong;
}

/** Two processes inside at once; a killed one is inside until it was killed. */
function overlaps(lines: readonly Line[]): string[] {
  const inside = new Set<string>();
  const found: string[] = [];
  for (const { pid, what, detail } of lines) {
    if (what === 'enter') {
      if (inside.size > 0) found.push(`${pid} entered ${detail} while ${[...inside].join()} was inside`);
      inside.add(pid);
    }
    if (what === 'leave' || what === 'killed') inside.delete(pid);
  }
  return found;
}

/** Replays who held the lease: every act under it must lie before the next taking. */
function actsUnderOldEpochs(records: readonly JournalRecord[], lines: readonly Line[]): string[] {
  const epochOf = new Map<string, number>();
  const holding = new Map<string, number>();
  for (const { pid, op, what, detail } of lines) {
    if (what === 'enter') holding.set(pid, Number(detail));
    if (what === 'call' && holding.has(pid)) epochOf.set(op, holding.get(pid) ?? 0);
  }
  let current = 0;
  const found: string[] = [];
  for (const { w, e } of records) {
    for (const event of e) {
      if (event.type === 'lease.taken' && event.resource === 'owner') current = event.epoch ?? 0;
      const acted = event.note?.text === 'acted';
      if (acted && epochOf.has(w) && epochOf.get(w) !== current) found.push(w);
    }
  }
  return found;
}
