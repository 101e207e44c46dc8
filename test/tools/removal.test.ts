import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { candidateRef, rescueRef } from '../../src/core/places.ts';
import { discard } from '../../src/tools/catalog/discard.ts';
import { prune } from '../../src/tools/catalog/prune.ts';
import { status } from '../../src/tools/catalog/status.ts';
import { verify } from '../../src/tools/catalog/verify.ts';
import { aToolWorld, type ToolWorld } from '../support/tool-world.ts';
import { aPlan, aRunEnd, aYard, loopIn, noon } from '../support/yard-builder.ts';

const ended = aYard()
  .withLoop({ state: 'cancelled' })
  .record({ type: 'loop.tidied', id: 'l', removed: [], kept: [] })
  .build();

/** A commit of its own on the first one, under a ref of ours and in no branch. */
async function kept({ repo }: ToolWorld, ref: string, name: string, parent = 'main'): Promise<string> {
  const tree = await repo.git('rev-parse', `${parent}^{tree}`);
  const commit = await repo.git('commit-tree', tree, '-p', parent, '-m', name);
  await repo.git('update-ref', ref, commit);
  return commit;
}

/** What all rescue refs of the loop reach. */
async function rescued({ repo }: ToolWorld): Promise<string[]> {
  const refs = (await repo.git('for-each-ref', '--format=%(refname)', 'refs/loopyard/rescue/')).split('\n');
  return (await repo.git('log', '--format=%s', ...refs.filter(Boolean))).split('\n');
}

describe('discard', () => {
  test('keeps what tidying rescued beside the tip of the branch', async () => {
    const world = await aToolWorld(ended);
    const leftovers = await kept(world, rescueRef('l'), 'uncommitted work');
    await kept(world, 'refs/heads/loopyard/l', 'the branch');
    const answer = await world.call(discard, { loop: 'l', yes: true });
    expect(await world.repo.git('rev-parse', rescueRef('l'))).toBe(leftovers);
    expect(await rescued(world)).toEqual(expect.arrayContaining(['uncommitted work', 'the branch']));
    expect(answer).toMatchObject({
      removed: ['refs/heads/loopyard/l'],
      kept: [rescueRef('l'), `${rescueRef('l')}.2`],
      next: 'loopyard prune --rescue --yes removes rescue refs too.',
    });
  });

  test('moves a rescue ref along when the tip contains what it kept', async () => {
    const world = await aToolWorld(ended);
    await kept(world, rescueRef('l'), 'earlier');
    const tip = await kept(world, 'refs/heads/loopyard/l', 'later', rescueRef('l'));
    expect(await world.call(discard, { loop: 'l', yes: true })).toMatchObject({ kept: [rescueRef('l')] });
    expect(await world.repo.git('rev-parse', rescueRef('l'))).toBe(tip);
  });

  test('rescues the tenth candidate, and every other that nothing else contains', async () => {
    const world = await aToolWorld(ended);
    await kept(world, candidateRef('l', 8), 'eighth, by itself');
    await kept(world, candidateRef('l', 9), 'ninth');
    await kept(world, candidateRef('l', 10), 'tenth', candidateRef('l', 9));
    const { kept: names, removed } = await world.call(discard, { loop: 'l', yes: true });
    expect(await rescued(world)).toEqual(expect.arrayContaining(['eighth, by itself', 'ninth', 'tenth']));
    expect(names).toHaveLength(2);
    expect(removed).toHaveLength(3);
  });

  test('makes no rescue ref for what a branch of the user has', async () => {
    const world = await aToolWorld(ended);
    await world.repo.git('update-ref', 'refs/heads/loopyard/l', 'main');
    expect(await world.call(discard, { loop: 'l', yes: true })).toMatchObject({ kept: [], next: 'Done.' });
  });

  test('says so when the loop still ends, and touches nothing meanwhile', async () => {
    const world = await aToolWorld(aYard().withLoop({ state: 'working' }).build());
    await kept(world, 'refs/heads/loopyard/l', 'the branch');
    const answer = await world.call(discard, { loop: 'l', yes: true });
    expect(answer).toMatchObject({ state: 'working', removed: [], kept: [] });
    expect(answer.next).toBe('It is still ending: loopyard discard l --yes goes on waiting.');
    expect(await world.repo.git('branch', '--list', 'loopyard/l')).not.toBe('');
  });
});

describe('prune', () => {
  function withRuns(world: ToolWorld, ...names: readonly string[]): void {
    for (const name of names) {
      const run = join(world.home, 'runs', name);
      mkdirSync(run, { recursive: true });
      utimesSync(run, noon / 1_000 - 7_200, noon / 1_000 - 7_200);
    }
    for (const name of names) world.runs.set(name, { phase: 'ended', end: aRunEnd, facts: [] });
  }

  test('leaves the output of checks that a verification in the lists stands on, also of another one', async () => {
    const results = [{ name: 'npm test', run: 'verification-old-1', end: aRunEnd }];
    const checks = aPlan.checks;
    const yard = aYard().record(
      {
        type: 'verification.requested',
        verification: { id: 'verification-new', kind: 'commit', commit: 'c', checks, failFast: false },
      },
      { type: 'verification.started', id: 'verification-new' },
      { type: 'verification.passed', id: 'verification-new', results, isolation: 'evident' },
    );
    const world = await aToolWorld(yard.build());
    withRuns(world, 'verification-old-1', 'verification-old-2', 'verification-new-1');
    expect(await world.call(prune, {})).toMatchObject({ logs: ['verification-old-2'] });
  });

  test('takes only runs for runs, and only those that have ended', async () => {
    const world = await aToolWorld(ended);
    withRuns(world, 'worker-1', 'worker-2', '.forgotten-worker-3');
    writeFileSync(join(world.home, 'runs', '.bell'), '');
    world.runs.set('worker-2', { phase: 'starting' });
    expect(await world.call(prune, {})).toMatchObject({ done: false, logs: ['worker-1'] });
    expect(await world.call(prune, { yes: true })).toMatchObject({ done: true, logs: ['worker-1'] });
    expect(world.forgotten).toEqual(['worker-1']);
  });

  test('goes on when one of them cannot be removed, and names it', async () => {
    const world = await aToolWorld(ended);
    withRuns(world, 'worker-1', 'worker-2');
    await world.repo.git('update-ref', candidateRef('l', 1), 'main');
    const forget = world.rt.processes.forget;
    Object.assign(world.rt.processes, {
      forget: async (run: string) => {
        if (run === 'worker-1') throw new Error('EACCES');
        await forget(run);
      },
    });
    expect(await world.call(prune, { yes: true })).toMatchObject({
      refs: [candidateRef('l', 1)],
      logs: ['worker-2'],
      kept: ['worker-1'],
      next: 'Some could not be removed; loopyard keeper --log says why.',
    });
  });

  test('leaves what a loop has made that was opened while it looked', async () => {
    const world = await aToolWorld(ended);
    await world.repo.git('update-ref', candidateRef('young', 1), 'main');
    const { refs } = world.rt.git;
    Object.assign(world.rt.git, {
      refs: async (prefix: string) => {
        const found = await refs(prefix);
        if (prefix.endsWith('/candidates/') && !(await world.rt.store.read()).loops.young)
          await world.record({ type: 'loop.opened', id: 'young', plan: aPlan, wanted: false });
        return found;
      },
    });
    expect(await world.call(prune, { yes: true })).toMatchObject({ refs: [] });
  });

  test('keeps the second rescue ref of a live loop', async () => {
    const world = await aToolWorld(aYard().withLoop().build());
    await kept(world, `${rescueRef('l')}.2`, 'work');
    await kept(world, `${rescueRef('gone')}.2`, 'work');
    expect(await world.call(prune, { rescue: true, yes: true })).toMatchObject({
      refs: [`${rescueRef('gone')}.2`],
    });
  });

  test('takes of evidence, and of what is older only when told so, what no list refers to', async () => {
    const world = await aToolWorld(ended);
    const put = (folder: string, name: string, text: string, days: number) => {
      const file = join(world.home, folder, name);
      mkdirSync(join(world.home, folder), { recursive: true });
      writeFileSync(file, text);
      utimesSync(file, noon / 1_000 - days * 86_400, noon / 1_000 - days * 86_400);
    };
    put('evidence', 'verification-new.json', '{}', 1);
    put('evidence', 'verification-old.json', '{}', 40);
    put('archive', 'old.json', '{}', 40);
    put('archive', 'l.json', '{}', 40);
    put('archive', 'kept.json', '{}', 40);
    await kept(world, rescueRef('kept'), 'uncommitted work');
    expect(await world.call(prune)).toMatchObject({
      evidence: ['verification-old', 'verification-new'],
      records: [],
    });
    const gone = { evidence: ['verification-old'], records: ['old'], refs: [] };
    expect(await world.call(prune, { older_than: '30d' })).toMatchObject({ done: false, ...gone });
    expect(await world.call(prune, { older_than: '30d', yes: true })).toMatchObject({ done: true, ...gone });
    expect(readdirSync(join(world.home, 'archive'))).toEqual(['kept.json', 'l.json']);
    await expect(world.call(status, { loop: 'old' })).rejects.toThrow(
      'The record of the loop old was removed on 2023-11-14, by loopyard prune.',
    );
    await expect(world.call(verify, { explain: 'verification-old' })).rejects.toMatchObject({
      code: 'REMOVED',
    });
  });

  test('takes of refs, too, only those of loops that ended before that, when told how old', async () => {
    const world = await aToolWorld(ended);
    const folder = join(world.home, 'archive');
    mkdirSync(folder, { recursive: true });
    const daysAgo = { young: 1, old: 40 };
    for (const [id, days] of Object.entries(daysAgo)) {
      const endedAt = noon - days * 86_400_000;
      writeFileSync(join(folder, `${id}.json`), JSON.stringify({ ...loopIn(ended), id, endedAt }));
      await kept(world, rescueRef(id), 'uncommitted work');
    }
    await kept(world, rescueRef('nobody'), 'work of whom, nobody knows');
    expect(await world.call(prune, { rescue: true, older_than: '30d' })).toMatchObject({
      refs: [rescueRef('old')],
    });
    expect((await world.call(prune, { rescue: true })).refs).toHaveLength(3);
  });

  test.each([
    [{ older_than: 'soon' }, '"older_than": "soon" is no time'],
    [{ yes: true, dry_run: true }, 'contradict each other'],
  ])('refuses %o', async (args, why) => {
    const world = await aToolWorld(ended);
    await expect(world.call(prune, args)).rejects.toThrow(why);
  });
});
