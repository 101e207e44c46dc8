import { describe, expect, test } from 'vitest';
import { attendVerification, giveUp } from '../../../src/core/verification/verifier.ts';
import { LoopyardError } from '../../../src/domain/errors.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import { anIdentity, aScriptedRuntime } from '../../support/scripted-runtime.ts';
import { aPlan, aRunEnd, aYard } from '../../support/yard-builder.ts';

const room = '/place/rooms/v';
const alone = () =>
  aYard()
    .record({
      type: 'verification.requested',
      verification: { id: 'v', kind: 'commit', commit: 'c', checks: aPlan.checks, failFast: true },
    })
    .build();

function attended() {
  const world = aScriptedRuntime(alone());
  const { rt, machine } = world;
  const signal = new AbortController().signal;
  const verification = async () => (await rt.store.read()).verifications.v;
  const hasRoom = () => [...machine.written.keys()].some((path) => path.startsWith(room));
  return { ...world, verification, hasRoom, attend: () => attendVerification(rt, 'v', signal) };
}

const passing = { phase: 'ended', end: aRunEnd, facts: [] } as const;

type World = Pick<ReturnType<typeof aScriptedRuntime>, 'rt' | 'machine'>;

/** Every check that is started from now on has ended before anybody looks. */
function passAtOnce({ rt, machine }: World): void {
  const start = rt.processes.start.bind(rt.processes);
  Object.assign(rt.processes, {
    async start(id: string, spec: Parameters<typeof start>[1]) {
      await start(id, spec);
      machine.runs.set(id, passing);
    },
  });
}

test('the room is gone when the verdict is recorded, because nobody would come back for it', async () => {
  const world = attended();
  const { rt, attend, verification, hasRoom } = world;
  passAtOnce(world);
  const transact = rt.store.transact.bind(rt.store);
  const rooms: [string | undefined, boolean][] = [];
  rt.store.transact = async (by, work) => {
    const result = await transact(by, work);
    rooms.push([(await verification())?.state, hasRoom()]);
    return result;
  };
  await attend();
  expect(rooms.at(-1)).toEqual(['passed', false]);
  expect(await verification()).toMatchObject({ isolation: 'evident' });
});

test('a room that cannot be removed is logged, and withholds no verdict', async () => {
  const world = attended();
  const { rt, machine, attend, verification } = world;
  passAtOnce(world);
  const fillRoom = async () => {
    machine.touch = (path) => {
      if (path === room) throw new Error('EBUSY');
    };
  };
  Object.assign(rt.git, { fillRoom });
  await attend();
  expect((await verification())?.state).toBe('passed');
  expect(machine.logged.join()).toContain('a room could not be removed');
});

test('what was run counts although its evidence can be written only later', async () => {
  const world = attended();
  const { machine, attend, verification, hasRoom } = world;
  passAtOnce(world);
  machine.touch = (path) => {
    if (path.includes('/evidence/')) throw new Error('ENOSPC');
  };
  await expect(attend()).rejects.toThrow('ENOSPC');
  expect(hasRoom()).toBe(true);
  machine.touch = () => undefined;
  machine.started.clear();
  await attend();
  expect([...machine.started.keys()]).toEqual([]);
  expect((await verification())?.state).toBe('passed');
});

test('without a room nothing was kept apart, and the record says so', async () => {
  const { rt } = underLoop('candidate');
  Object.assign(rt.git, { fillRoom: () => Promise.reject(new Error('no space')) });
  await attendVerification(rt, 'v', new AbortController().signal);
  expect((await rt.store.read()).verifications.v).toMatchObject({ state: 'inconclusive', isolation: 'none' });
});

test('one of no loop is tried again after what may pass, and not after what the commit itself makes impossible', async () => {
  const { rt, attend, verification } = attended();
  Object.assign(rt.git, { fillRoom: () => Promise.reject(new Error('no space')) });
  await expect(attend()).rejects.toMatchObject({ code: 'INTERNAL' });
  expect((await verification())?.state).toBe('running');
  const missing = new LoopyardError('ROOM_INCOMPLETE', 'A submodule is not there.');
  Object.assign(rt.git, { fillRoom: () => Promise.reject(missing) });
  await attend();
  expect(await verification()).toMatchObject({ state: 'inconclusive', reason: 'A submodule is not there.' });
});

test('a failure while a check runs does not leave the check running', async () => {
  const { rt, machine, attend } = attended();
  const observe = rt.processes.observe.bind(rt.processes);
  Object.assign(rt.processes, {
    observe: async (id: string) => {
      if (machine.started.has(id)) throw new Error('EMFILE');
      return observe(id);
    },
  });
  const stop = rt.processes.stop.bind(rt.processes);
  Object.assign(rt.processes, {
    async stop(id: string, options: Parameters<typeof stop>[1]) {
      Object.assign(rt.processes, { observe });
      return stop(id, options);
    },
  });
  await expect(attend()).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(machine.runs.get('v-1')).toMatchObject({ phase: 'ended', end: { cause: 'stopped' } });
});

test('a run whose room is gone proves nothing about a new one: it is done again', async () => {
  const world = attended();
  const { machine, attend, verification } = world;
  machine.runs.set('v-1', passing);
  passAtOnce(world);
  await attend();
  expect([...machine.started.keys()]).toEqual(['v-1']);
  expect((await verification())?.state).toBe('passed');
});

test('a run whose room is there, as a keeper that was killed left both, is not done again', async () => {
  const world = attended();
  const { rt, machine, attend, verification } = world;
  const proofs: string[] = [];
  const alteredFiles = async ({ path }: { path: string }) => {
    proofs.push(path);
    return [];
  };
  Object.assign(rt.git, { alteredFiles });
  machine.runs.set('v-1', passing);
  const path = `${room}/tree/checkout`;
  const made = { verification: 'v', tree: 't', name: 'checkout', boot: anIdentity.boot };
  machine.written.set(path, '').set('/home/rooms/v/made.json', JSON.stringify(made));
  await attend();
  expect([...machine.started.keys()]).toEqual([]);
  expect(proofs).toEqual([path]);
  expect((await verification())?.state).toBe('passed');
});

test('the second try after a failure runs its checks, though the first had to call them off', async () => {
  const world = attended();
  const { rt, machine, attend, verification } = world;
  passAtOnce(world);
  const fillRoom = rt.git.fillRoom.bind(rt.git);
  Object.assign(rt.git, { fillRoom: () => Promise.reject(new Error('no space')) });
  await expect(attend()).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(machine.runs.get('v-1')).toEqual({ phase: 'void' });
  Object.assign(rt.git, { fillRoom });
  await attend();
  expect((await verification())?.state).toBe('passed');
});

test('who calls a verification off need not wait for the setup of its room', async () => {
  const { rt, machine, attend, verification } = attended();
  Object.assign(rt, { config: { ...rt.config, setup: ['install everything'] } });
  const start = rt.processes.start.bind(rt.processes);
  Object.assign(rt.processes, {
    async start(id: string, spec: Parameters<typeof start>[1]) {
      await start(id, spec);
      await rt.store.transact(rt.actor, (tx) =>
        tx.record({ type: 'verification.cancelled', id: 'v', reason: 'Not wanted any more.' }),
      );
    },
  });
  await attend();
  expect([...machine.started.keys()]).toEqual(['v-setup-1']);
  expect(machine.stopped).toEqual(['v-setup-1']);
  expect((await verification())?.state).toBe('cancelled');
});

test('with fail-fast, what stands behind a failure that does not come again is run after all', async () => {
  const checks = ['a', 'b'].map((name) => ({ name, argv: [name] as [string], timeoutMs: 1_000 }));
  const verification = { id: 'v', kind: 'commit' as const, commit: 'c', checks, failFast: true };
  const world = aScriptedRuntime(aYard().record({ type: 'verification.requested', verification }).build());
  const { rt, machine } = world;
  const start = rt.processes.start.bind(rt.processes);
  Object.assign(rt.processes, {
    async start(id: string, spec: Parameters<typeof start>[1]) {
      await start(id, spec);
      const end = id === 'v-1' ? { ...aRunEnd, exitCode: 1 } : aRunEnd;
      machine.runs.set(id, { ...passing, end });
    },
  });
  await attendVerification(rt, 'v', new AbortController().signal);
  expect([...machine.started.keys()]).toEqual(['v-1', 'v-1-again', 'v-2-again']);
  const { state, results } = (await rt.store.read()).verifications.v ?? {};
  expect([state, results?.map(({ name, flaky }) => [name, flaky])]).toEqual([
    'passed',
    [
      ['a', true],
      ['b', undefined],
    ],
  ]);
});

test('a check that rewrites hundreds of files cannot hide the one that decides among them', async () => {
  const verification = { id: 'v', kind: 'commit' as const, commit: 'c', base: 'b', checks: aPlan.checks };
  const asked = {
    type: 'verification.requested' as const,
    verification: { ...verification, failFast: true },
  };
  const world = aScriptedRuntime(aYard().record(asked).build());
  const { rt } = world;
  passAtOnce(world);
  const many = Array.from({ length: 700 }, (_, index) => `generated/${index}.txt`);
  Object.assign(rt.git, {
    treeChanges: async () => [],
    judgedTree: async () => 't',
    alteredFiles: async () => [...many, 'test/sum.test.js'],
  });
  await attendVerification(rt, 'v', new AbortController().signal);
  expect((await rt.store.read()).verifications.v).toMatchObject({
    state: 'tampered',
    reason: expect.stringContaining('test/sum.test.js'),
  });
});

test('the shim of a check starts a keeper when this one is dead by then', async () => {
  const world = attended();
  const { machine, attend } = world;
  passAtOnce(world);
  await attend();
  expect(machine.started.get('v-1')?.keeper).toEqual({
    identity: anIdentity,
    argv: ['node', 'loopyard', 'keeper', '--yard', '/repo/.git'],
  });
});

test('one that is given up ends without a verdict, and its checks with it', async () => {
  const { rt, machine, verification } = attended();
  await giveUp(rt, 'v', 'No space is left.');
  expect(await verification()).toMatchObject({ state: 'inconclusive', reason: 'No space is left.' });
  expect(machine.stopped).toEqual(['v-1']);
});

const underLoop = (kind: 'candidate' | 'merge', ...events: readonly YardEvent[]) => {
  const check = { name: 'run.sh', argv: ['./run.sh'], timeoutMs: 1_000 } as const;
  const plan = { ...aPlan, checks: [{ ...check, argv: [...check.argv] as [string] }] };
  const yard = aYard()
    .withLoop({ plan })
    .record(...events, {
      type: 'verification.requested',
      verification: { id: 'v', kind, loop: 'l', commit: 'c', checks: plan.checks, failFast: true },
    });
  return aScriptedRuntime(yard.build());
};

test('a candidate with a link that leaves its room is tampered with; anything else like it cannot be judged', async () => {
  const outcomes = await Promise.all(
    (['candidate', 'merge'] as const).map(async (kind) => {
      const { rt } = underLoop(kind);
      const escaping = new LoopyardError('INVALID_ARGUMENT', 'The link a leaves the room.', { path: 'a' });
      Object.assign(rt.git, { fillRoom: () => Promise.reject(escaping) });
      await attendVerification(rt, 'v', new AbortController().signal);
      return (await rt.store.read()).verifications.v?.state;
    }),
  );
  expect(outcomes).toEqual(['tampered', 'inconclusive']);
});

describe('the evidence of the base', () => {
  const compared = (kind: 'candidate' | 'merge') => {
    const { checks } = aPlan;
    const yard = aYard()
      .withLoop({ state: kind === 'candidate' ? 'working' : 'verified' })
      .record(
        ...(kind === 'merge'
          ? []
          : [
              {
                type: 'loop.candidate_made' as const,
                id: 'l',
                candidate: { commit: 'c', tree: 't', iteration: 1 },
                usage: {},
              },
              { type: 'loop.verification_started' as const, id: 'l', verification: 'v' },
            ]),
        {
          type: 'verification.requested',
          verification: {
            ...{ id: 'v', kind, loop: 'l', commit: 'c', base: aPlan.base, baseline: 'l-b' },
            ...{ checks, failFast: true },
          },
        },
      );
    const world = aScriptedRuntime(yard.build());
    Object.assign(world.rt.git, { treeChanges: async () => [], judgedTree: async () => 't' });
    passAtOnce(world);
    return world;
  };
  const damage: Readonly<Record<string, string | undefined>> = {
    'is gone': undefined,
    'is damaged': '{"id":"l-b","kind":"basel',
    'is somebody else’s': '{"id":1}',
  };

  test.each(Object.entries(damage))('that %s is made anew, and the candidate waits', async (_, text) => {
    const { rt, machine } = compared('candidate');
    if (text !== undefined) machine.written.set('/home/evidence/l-b.json', text);
    await attendVerification(rt, 'v', new AbortController().signal);
    const { loops, verifications } = await rt.store.read();
    expect([...machine.started.keys()]).toEqual([]);
    expect(verifications.v).toMatchObject({ state: 'inconclusive', reason: expect.stringContaining('l-b') });
    expect(loops.l).toMatchObject({
      state: 'submitted',
      spent: { infrastructureFailures: 1 },
      baseline: { verification: 'verification-new' },
    });
    expect(verifications['verification-new']).toMatchObject({ kind: 'baseline', commit: aPlan.base });
  });

  test('renewed does not forgive the failure that renewed it', async () => {
    const { rt } = compared('candidate');
    await attendVerification(rt, 'v', new AbortController().signal);
    await attendVerification(rt, 'verification-new', new AbortController().signal);
    const { loops, verifications } = await rt.store.read();
    expect(verifications['verification-new']?.state).toBe('passed');
    expect(loops.l).toMatchObject({ baseline: { verdict: 'passed' }, spent: { infrastructureFailures: 1 } });
  });

  test('is made anew for what is to be merged as well', async () => {
    const { rt } = compared('merge');
    await attendVerification(rt, 'v', new AbortController().signal);
    const { verifications } = await rt.store.read();
    expect([verifications.v?.state, verifications['verification-new']?.kind]).toEqual([
      'inconclusive',
      'baseline',
    ]);
  });
});
