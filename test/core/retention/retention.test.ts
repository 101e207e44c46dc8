import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { archiveLoop } from '../../../src/core/archive.ts';
import { candidateRef, readyRef, rescueRef } from '../../../src/core/places.ts';
import { keepWithin, lastLook } from '../../../src/core/retention/retention.ts';
import type { Evidence } from '../../../src/core/verification/evidence.ts';
import { knownRuns } from '../../../src/core/verification/known-runs.ts';
import { aToolWorld, type ToolWorld } from '../../support/tool-world.ts';
import { aRunEnd, aYard, loopIn, noon } from '../../support/yard-builder.ts';

const day = 86_400_000;
const never = new AbortController().signal;

const tidied = aYard()
  .withLoop({ state: 'landed' })
  .record({ type: 'loop.tidied', id: 'l', removed: [], kept: [] })
  .build();

/** A yard at which a keeper has looked every hour for long, and looks at an instant that a test sets. */
async function aKept(yard = aYard().build()) {
  const world = await aToolWorld(yard);
  let now = noon;
  Object.assign(world.rt.clock, { now: () => now });
  const put = (file: string, text: string, days: number) => {
    const full = join(world.home, file);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, text);
    const at = (noon - days * day) / 1_000;
    utimesSync(full, at, at);
  };
  const lookFile = join(world.home, 'retention.json');
  put('retention.json', JSON.stringify({ at: now, evenSince: 0, things: 0, bytes: 0, named: [] }), 0);
  const { forget } = world.rt.processes;
  return {
    ...world,
    put,
    run(name: string, days: number) {
      put(`runs/${name}/status.json`, '{}', days);
      const at = (noon - days * day) / 1_000;
      utimesSync(join(world.home, 'runs', name), at, at);
      world.runs.set(name, { phase: 'ended', end: aRunEnd, facts: [] });
    },
    judged(id: string, days: number, key = `key-of-${id}`) {
      put(`evidence/${id}.json`, JSON.stringify(evidenceOf(id, key)), days);
      put(`known-runs/${key}`, id, days);
    },
    pass: (ms: number) => {
      now += ms;
      const look = JSON.parse(readFileSync(lookFile, 'utf8'));
      writeFileSync(lookFile, JSON.stringify({ ...look, at: now }));
    },
    /** Nobody looks meanwhile, or the clock is set. */
    leap: (ms: number) => {
      now += ms;
    },
    look: (signal = never) => keepWithin(world.rt, signal),
    names: (folder: string) =>
      existsSync(join(world.home, folder)) ? readdirSync(join(world.home, folder)) : [],
    forget,
  };
}

function evidenceOf(id: string, key: string): Evidence {
  const about = { kind: 'commit', commit: 'c', tree: 't', verdict: 'passed', isolation: 'evident' } as const;
  return { id, ...about, checks: [], notRun: [], key, at: 1 };
}

async function aCommit({ repo }: Pick<ToolWorld, 'repo'>, ref: string, name: string): Promise<void> {
  const commit = await repo.git(
    'commit-tree',
    await repo.git('rev-parse', 'main^{tree}'),
    '-p',
    'main',
    '-m',
    name,
  );
  await repo.git('update-ref', ref, commit);
}

const record = (id: string, daysAgo: number) =>
  JSON.stringify({ ...loopIn(tidied), id, endedAt: noon - daysAgo * day });

test('evidence goes together with what is known of its runs, and what is doubtful stays so', async () => {
  const kept = await aKept();
  kept.judged('verification-old', 40);
  kept.judged('verification-young', 20);
  kept.put('known-runs/doubted', '?', 40);
  kept.put(
    'evidence/verification-replaced.json',
    JSON.stringify(evidenceOf('verification-replaced', 'shared')),
    40,
  );
  kept.put('known-runs/shared', 'verification-young', 40);
  kept.put('evidence/verification-damaged.json', '{"id":', 40);
  await kept.look();
  expect(kept.names('evidence')).toEqual(['verification-young.json']);
  expect(kept.names('known-runs')).toEqual(['doubted', 'key-of-verification-young', 'shared']);
  expect(await knownRuns(kept.rt, 'key-of-verification-young')).toMatchObject({
    verification: 'verification-young',
  });
  expect(await lastLook(kept.rt)).toMatchObject({ things: 4, removed: { things: 3 } });
});

test('cut off anywhere, it leaves nothing that is claimed and gone, and the next look goes on', async () => {
  for (const stop of [0, 1, 2, 3, 4]) {
    const kept = await aKept();
    for (const id of ['verification-a', 'verification-b']) kept.judged(id, 40);
    const { remove } = kept.rt.stock;
    let steps = 0;
    Object.assign(kept.rt.stock, {
      remove: (...args: Parameters<typeof remove>) => {
        if (steps++ === stop) throw new Error('killed');
        return remove(...args);
      },
    });
    await kept.look();
    for (const key of kept.names('known-runs')) {
      const known = await knownRuns(kept.rt, key);
      expect(kept.names('evidence')).toContain(`${known?.verification}.json`);
    }
    await kept.look();
    expect([kept.names('evidence'), kept.names('known-runs')]).toEqual([[], []]);
  }
});

test('what somebody has begun to refer to since it was listed stays', async () => {
  const kept = await aKept(tidied);
  kept.run('worker-old', 40);
  const { list } = kept.rt.stock;
  Object.assign(kept.rt.stock, {
    async list(kind: Parameters<typeof list>[0]) {
      const found = await list(kind);
      if (kind === 'journal')
        Object.assign(kept.rt.store, { read: async () => ({ ...tidied, workers: { 'worker-old': {} } }) });
      return found;
    },
  });
  await kept.look();
  expect(kept.forgotten).toEqual([]);
});

test('a run that goes on is left alone, one whose shim was killed is ended before it goes', async () => {
  const kept = await aKept();
  for (const name of ['worker-runs', 'worker-lost', 'worker-over']) kept.run(name, 40);
  kept.runs.set('worker-runs', { phase: 'starting' });
  kept.runs.set('worker-lost', { phase: 'lost' });
  const stopped: string[] = [];
  Object.assign(kept.rt.processes, { stop: async (run: string) => void stopped.push(run) });
  await kept.look();
  expect(kept.forgotten.sort()).toEqual(['worker-lost', 'worker-over']);
  expect(stopped).toEqual(['worker-lost']);
  expect(await kept.rt.stock.noted('worker-runs')).toBeUndefined();
});

test('two looks at once remove the same once, and both come to an end', async () => {
  const kept = await aKept();
  for (let index = 0; index < 120; index += 1) kept.judged(`verification-${index}`, 40);
  await Promise.all([kept.look(), kept.look()]);
  expect([kept.names('evidence'), kept.names('known-runs')]).toEqual([[], []]);
});

test('a loop that lived for long leaves output that is kept from its end on', async () => {
  const kept = await aKept(tidied);
  kept.run('l-w', 40);
  kept.put('evidence/l-b.json', JSON.stringify(evidenceOf('l-b', 'k')), 40);
  await archiveLoop(kept.rt, loopIn(tidied));
  kept.pass(29 * day);
  await kept.look();
  expect([kept.forgotten, kept.names('evidence')]).toEqual([[], ['l-b.json']]);
  kept.pass(day);
  await kept.look();
  expect([kept.forgotten, kept.names('evidence')]).toEqual([['l-w'], []]);
});

test('a ref that no branch has is named for two weeks before it goes, and a rescue ref never goes', async () => {
  const kept = await aKept();
  const { repo } = kept;
  const refs = async () =>
    (await repo.git('for-each-ref', '--format=%(refname)', 'refs/loopyard/')).split('\n');
  kept.put('archive/old.json', record('old', 91), 91);
  kept.put('archive/young.json', record('young', 10), 10);
  const alone = [
    candidateRef('old', 1),
    candidateRef('young', 1),
    readyRef('nobody'),
    `${rescueRef('old')}.2`,
  ];
  for (const ref of alone) await aCommit(kept, ref, ref);
  await repo.git('update-ref', candidateRef('young', 2), 'main');

  await kept.look();
  expect((await refs()).sort()).toEqual([...alone].sort());
  expect((await lastLook(kept.rt))?.named.map(({ ref }) => ref)).toEqual([candidateRef('old', 1)]);
  kept.pass(13 * day);
  await kept.look();
  expect(await refs()).toContain(candidateRef('old', 1));
  kept.pass(day);
  await kept.look();
  expect((await refs()).sort()).toEqual(alone.filter((ref) => ref !== candidateRef('old', 1)).sort());
  expect(await kept.rt.stock.noted(candidateRef('old', 1))).toMatchObject({
    kind: 'refs',
    by: 'keep_refs_days',
  });

  kept.pass(400 * day);
  await kept.look();
  expect(await refs()).toContain(`${rescueRef('old')}.2`);
  expect(kept.names('archive')).toEqual(['old.json', 'young.json']);
});

test('a ref that moved while it was named is named anew', async () => {
  const kept = await aKept();
  kept.put('archive/old.json', record('old', 91), 91);
  await aCommit(kept, candidateRef('old', 1), 'first');
  await kept.look();
  kept.pass(14 * day);
  await aCommit(kept, candidateRef('old', 1), 'second');
  await kept.look();
  expect((await lastLook(kept.rt))?.named).toMatchObject([{ since: noon + 14 * day }]);
});

test('a clock that is wrong for a day takes nothing with it, and the next looks go on as ever', async () => {
  const kept = await aKept();
  kept.judged('verification-young', 20);
  kept.put('archive/young.json', record('young', 85), 20);
  await aCommit(kept, candidateRef('young', 1), 'work');
  const there = () => [kept.names('evidence'), kept.names('archive')];
  const all = there();
  kept.leap(400 * day);
  for (let hour = 0; hour < 24; hour += 1) {
    await kept.look();
    kept.leap(day / 24);
  }
  expect(there()).toEqual(all);
  kept.leap(-401 * day);
  const next = await kept.look();
  expect(next).toBe(noon + 3_600_000);
  expect((await lastLook(kept.rt))?.named).toEqual([]);
  for (let days = 0; days < 10; days += 1) {
    kept.leap(day);
    await kept.look();
  }
  expect(there()).toEqual([[], all[1]]);
  expect((await lastLook(kept.rt))?.named).toMatchObject([{ since: noon + 5 * day }]);
});

test('a yard at which nobody has looked before is left as it is for three days, whatever its age', async () => {
  const kept = await aKept();
  kept.put('retention.json', '{', 0);
  kept.judged('verification-old', 400);
  await kept.look();
  kept.leap(3 * day - 1);
  await kept.look();
  expect(kept.names('evidence')).toEqual(['verification-old.json']);
  kept.leap(1);
  await kept.look();
  expect(kept.names('evidence')).toEqual([]);
});
