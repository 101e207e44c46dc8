import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { aStoreIn } from '../support/state-directory.ts';
import { type Blows, fight } from './nemesis.ts';
import { judge, type Verdict } from './witness.ts';

const long = process.env.LOOPYARD_STRESS === 'long';
const hammer = fileURLToPath(new URL('programs/hammer.ts', import.meta.url));

async function hammered(
  processes: number,
  seconds: number,
  options: { kind?: string; everyMs?: number } = {},
): Promise<{ verdict: Verdict; blows: Blows; directory: string }> {
  const parent = await mkdtemp(join(tmpdir(), 'loopyard-stress-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const directory = join(parent, 'loopyard');
  const witness = join(parent, 'witness');
  const program = await bundle(hammer);
  const blows = await fight({
    program,
    args: [directory, witness, options.kind ?? 'journal'],
    witness,
    processes,
    seconds,
    ...(options.everyMs === undefined ? {} : { everyMs: options.everyMs }),
  });
  return { verdict: judge(directory, witness), blows, directory };
}

test('the witness finds the losses of a store that does not read back who won', async () => {
  const { verdict } = await hammered(8, long ? 10 : 4, { kind: 'broken' });

  console.log(
    `stress: broken store, ${verdict.acknowledged} acknowledged, ${verdict.lost.length} lost (as it must be)`,
  );
  expect(verdict.lost.length).toBeGreaterThan(0);
});

const battles = [
  { processes: 2, seconds: long ? 60 : 5 },
  { processes: 8, seconds: long ? 60 : 6 },
  { processes: 16, seconds: long ? 60 : 6 },
  { processes: 2, seconds: long ? 120 : 8, everyMs: 400 },
  { processes: 8, seconds: long ? 300 : 15, everyMs: 150 },
  { processes: 16, seconds: long ? 300 : 15, everyMs: 200 },
];

for (const { processes, seconds, everyMs } of battles) {
  const fate = everyMs === undefined ? 'undisturbed' : 'killed and frozen';
  test(`${processes} processes, ${fate}, lose nothing, double nothing and agree`, async () => {
    const { verdict, blows, directory } = await hammered(
      processes,
      seconds,
      everyMs === undefined ? {} : { everyMs },
    );
    const { acknowledged, lost, doubled, p50, p99, slowest } = verdict;
    console.log(
      `stress: N=${processes} ${acknowledged} acknowledged, ${lost.length} lost, ${doubled.length} doubled, ` +
        `${blows.kills} kills, ${blows.freezes} freezes, ${verdict.fenced} fenced, ` +
        `p50 ${p50.toFixed(1)} ms p99 ${p99.toFixed(0)} ms worst ${slowest.toFixed(0)} ms`,
    );

    const { misplaced, twoOwners, zombies, failed } = verdict;
    expect({ lost, doubled, misplaced, twoOwners, zombies, failed }).toEqual({
      lost: [],
      doubled: [],
      misplaced: [],
      twoOwners: [],
      zombies: [],
      failed: [],
    });
    expect(acknowledged).toBeGreaterThan(processes * 10);
    await agreesWithTheProduct(directory, verdict);
  });
}

/** What the product reads is what the witness reads, counted with its own means. */
async function agreesWithTheProduct(directory: string, { records }: Verdict): Promise<void> {
  const store = await aStoreIn(directory);
  const yard = await store.read();
  expect(yard.seq).toBe(records.length);
  for (const resource of ['counter-0', 'counter-1', 'counter-2']) {
    const taken = records
      .flatMap(({ e }) => e)
      .filter((event) => event.type === 'lease.taken' && event.resource === resource);
    expect(yard.leases[resource]?.epoch).toBe(taken.length);
  }
  const history = await store.history(0, Number.MAX_SAFE_INTEGER);
  expect(history.map(({ seq, by }) => [seq, by])).toEqual(
    records.slice(-history.length).map(({ s, w }) => [s, w]),
  );
}
