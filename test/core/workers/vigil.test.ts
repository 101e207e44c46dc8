import { describe, expect, test } from 'vitest';
import { attendWorker } from '../../../src/core/workers/supervisor.ts';
import { Vigil } from '../../../src/core/workers/vigil.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import type { Fact, InfrastructureClass } from '../../../src/domain/worker/run.ts';
import type { RunActivity } from '../../../src/ports/processes.ts';
import { anIdentity, aScriptedRuntime, withListener } from '../../support/scripted-runtime.ts';
import { aYard, loopIn, noon } from '../../support/yard-builder.ts';

const minute = 60_000;

/** A worker that said something at noon, watched every half minute. */
async function watching(
  activity: Partial<RunActivity> = {},
  backend = 'codex',
  events: readonly YardEvent[] = [],
  fallbacks: string[] = [],
) {
  const yard = aYard()
    .withLoop({ plan: { backend, fallbacks } })
    .record(
      { type: 'worker.starting', worker: { id: 'l-w', loop: 'l', iteration: 1, backend } },
      { type: 'loop.iteration_started', id: 'l', iteration: 1, worker: 'l-w' },
      { type: 'worker.started', id: 'l-w' },
      ...events,
    )
    .build();
  const { rt, machine } = aScriptedRuntime(yard);
  const seen = { startedAt: noon, lastOutputAt: noon, bytes: 10, facts: [], ...activity };
  machine.runs.set('l-w', { phase: 'running', shim: anIdentity, activity: seen });
  const vigil = new Vigil();
  const worker = async () => {
    const found = (await rt.store.read()).workers['l-w'];
    if (!found) throw new Error('no worker');
    return found;
  };
  /** Looks every half minute until so many minutes after noon. */
  const until = async (minutes: number, meanwhile: () => void = () => undefined) => {
    while (machine.now < noon + minutes * minute) {
      machine.now += minute / 2;
      meanwhile();
      const now = await worker();
      if (now.state !== 'ended') await attendWorker(rt, loopIn(await rt.store.read()), now, vigil);
    }
    return worker();
  };
  return { rt, machine, until, vigil };
}

const said: Fact = { type: 'said', text: 'Hm.' };
const retrying = (kind: InfrastructureClass): Fact => ({ type: 'retrying', class: kind, text: 'x' });

describe('a quiet worker', () => {
  test('is noted, warned about and ended as hanging, one period each', async () => {
    const { until, machine } = await watching();
    expect((await until(5)).quiet).toBeUndefined();
    expect((await until(6)).quiet?.level).toBe('noted');
    expect((await until(11)).quiet?.level).toBe('warned');
    const { state, quiet, end } = await until(16);
    expect({ state, level: quiet?.level }).toEqual({ state: 'ended', level: 'given_up' });
    expect(end?.run.cause).toBe('stalled');
    expect(end?.infrastructure).toEqual({
      class: 'hang',
      text: expect.stringMatching(/no sign of life for 9\d\d s/),
    });
    expect(machine.stopped).toEqual(['l-w']);
  });

  test('is asked once in a spell whether it is there, where it can be asked', async () => {
    const { rt, until, machine } = await watching();
    withListener(rt, 'codex');
    expect((await until(6)).quiet).toMatchObject({ level: 'noted', nudged: true });
    expect([...machine.told.values()]).toEqual([expect.stringContaining('no sign of life of you for 5 min')]);
    expect((await until(16)).state).toBe('ended');
    expect(machine.told.size).toBe(1);
  });

  test('is not quiet while its processes use CPU time', async () => {
    const { until, machine } = await watching();
    const working = () => {
      machine.vitals = { processes: 2, cpuMs: (machine.now - noon) / 10, suspended: false };
    };
    expect(await until(60, working)).toMatchObject({ state: 'running' });
    expect((await until(60)).quiet).toBeUndefined();
  });

  test('is quiet though its program ticks a little', async () => {
    const { until, machine } = await watching();
    const ticking = () => {
      machine.vitals = { processes: 2, cpuMs: (machine.now - noon) / 100, suspended: false };
    };
    expect(await until(17, ticking)).toMatchObject({ state: 'ended' });
  });

  test('is not quiet while files change', async () => {
    const { until, machine } = await watching();
    const writing = () => {
      machine.changedAt = machine.now - 1_000;
    };
    expect((await until(60, writing)).quiet).toBeUndefined();
  });

  test('has two periods more while a command that it started runs', async () => {
    const { until, machine } = await watching({ heardAt: noon, facts: [said] });
    const running = () => {
      machine.vitals = { processes: 3, cpuMs: 5, suspended: false, youngestAt: noon + 100 };
    };
    expect((await until(14, running)).quiet).toBeUndefined();
    expect((await until(24, running)).quiet?.level).toBe('warned');
    expect(await until(27, running)).toMatchObject({ state: 'ended' });
  });

  test('is never ended while it waits for a person, however limited its service is', async () => {
    const question = { id: 'q', loop: 'l', worker: 'l-w', text: 'Which?', deadline: noon + 90 * minute };
    const { until } = await watching({ facts: [retrying('rate_limit')] }, 'codex', [
      { type: 'question.asked', question },
    ]);
    expect(await until(60)).toMatchObject({ state: 'running' });
    expect((await until(60)).quiet).toBeUndefined();
  });

  test('that only tries again and again without an answer is quiet', async () => {
    const { until } = await watching({
      lastOutputAt: noon + 14 * minute,
      heardAt: noon,
      facts: [said, retrying('network')],
    });
    const { end } = await until(17);
    expect(end?.run.cause).toBe('stalled');
    expect(end?.infrastructure).toEqual({
      class: 'network',
      text: expect.stringMatching(/^It did nothing but try again for 9\d\d s and was ended\. It said: x$/),
    });
  });

  test('is not judged by what happened while nobody looked', async () => {
    const { until, vigil, machine } = await watching();
    await until(4);
    machine.now += 8 * 60 * minute;
    vigil.startAnew();
    expect((await until(8 * 60 + 9)).quiet).toBeUndefined();
    expect((await until(8 * 60 + 10.5)).quiet?.level).toBe('noted');
  });

  test('that was given up is ended by the next keeper', async () => {
    const given = { type: 'worker.quiet', id: 'l-w', level: 'given_up', since: noon, reason: 'x' } as const;
    const { until } = await watching({}, 'codex', [given]);
    expect(await until(1)).toMatchObject({ state: 'ended' });
  });

  test('that is a plain command and never printed anything is not ended for that', async () => {
    const { until } = await watching({ bytes: 0, lastOutputAt: undefined }, 'command');
    expect(await until(60)).toMatchObject({ state: 'running', quiet: { level: 'warned' } });
  });
});

describe('a worker that has done nothing yet', () => {
  const idle = { processes: 2, cpuMs: 0, suspended: false };

  test('loses nothing: for it the whole ladder is one period', async () => {
    const { until, machine } = await watching();
    machine.vitals = idle;
    expect((await until(2.5)).quiet?.level).toBe('noted');
    expect((await until(4)).quiet?.level).toBe('warned');
    const { end } = await until(5.5);
    expect(end?.infrastructure?.class).toBe('hang');
  });

  test.each<[string, Parameters<typeof watching>, boolean]>([
    ['it said something', [{ facts: [said] }], true],
    ['its backend tells nothing on the way', [{}, 'command'], true],
    ['nobody can see its processes', [{}], false],
  ])('is one that might lose something when %s', async (_title, given, isSeen) => {
    const { until, machine } = await watching(...given);
    if (isSeen) machine.vitals = idle;
    expect((await until(9)).quiet?.level).toBe('noted');
    expect((await until(17)).end?.run.cause).toBe('stalled');
  });

  test.each<[string, Partial<RunActivity>]>([
    ['speaks as soon as it is up', { heardAt: noon + 900 }],
    ['complains as soon as it is up', { lastOutputAt: noon + 900 }],
  ])('runs no command when it %s', async (_title, activity) => {
    const { until, machine } = await watching(activity);
    machine.vitals = { ...idle, youngestAt: noon + 800 };
    expect(await until(5.5)).toMatchObject({ state: 'ended' });
  });

  test('runs one that is younger than its word, and may lose that', async () => {
    const { until, machine } = await watching({ heardAt: noon + 900 });
    machine.vitals = { ...idle, youngestAt: noon + 1_000 };
    expect((await until(24)).quiet?.level).toBe('warned');
    expect(await until(27)).toMatchObject({ state: 'ended' });
  });

  test('is given its whole period again after it was not looked at', async () => {
    const { until, vigil, machine } = await watching();
    machine.vitals = idle;
    await until(4);
    machine.now += 8 * 60 * minute;
    vigil.startAnew();
    expect(await until(8 * 60 + 8.5)).toMatchObject({ state: 'running' });
    expect(await until(8 * 60 + 9.5)).toMatchObject({ state: 'ended' });
  });
});

describe('a worker whose service sends it away', () => {
  const limited = { facts: [said, retrying('rate_limit')] };

  test('is not quiet, and is ended after three periods', async () => {
    const { until } = await watching(limited);
    expect(await until(15)).toMatchObject({ state: 'running' });
    const { quiet, end } = await until(16);
    expect(quiet).toBeUndefined();
    expect(end?.run.cause).toBe('kept_waiting');
    expect(end?.infrastructure).toEqual({
      class: 'rate_limit',
      text: expect.stringMatching(/^It did nothing but try again for 9\d\d s and was ended\. It said: x$/),
    });
  });

  test('is ended after one when its loop would go on with another backend', async () => {
    const { until } = await watching(limited, 'codex', [], ['claude']);
    expect(await until(5)).toMatchObject({ state: 'running' });
    expect((await until(6)).end?.infrastructure?.class).toBe('rate_limit');
  });

  test('is left alone where one such failure is no reason to change the backend', async () => {
    const { until } = await watching({ facts: [retrying('overloaded')] }, 'codex', [], ['claude']);
    expect(await until(15)).toMatchObject({ state: 'running' });
  });

  test('is ended half a minute later when no further try can help, if it goes on trying', async () => {
    const tries = { startedAt: noon, bytes: 10, heardAt: noon, facts: [said, retrying('authentication')] };
    const { until, machine } = await watching();
    const trying = () => {
      const activity = { ...tries, lastOutputAt: machine.now };
      machine.runs.set('l-w', { phase: 'running', shim: anIdentity, activity });
    };
    expect((await until(1, trying)).end?.infrastructure?.class).toBe('authentication');
  });

  test('is not, while its newest try may have gone through', async () => {
    const facts = [said, retrying('authentication')];
    const { until } = await watching({ heardAt: noon, lastOutputAt: noon + 5_000, facts });
    expect(await until(5)).toMatchObject({ state: 'running' });
    expect((await until(6)).end?.run.cause).toBe('kept_waiting');
  });

  test('begins to wait anew with each word, and when nobody looked', async () => {
    const { until, vigil, machine } = await watching({ ...limited, heardAt: noon + 10 * minute });
    expect(await until(24)).toMatchObject({ state: 'running' });
    machine.now += 60 * minute;
    vigil.startAnew();
    expect(await until(98)).toMatchObject({ state: 'running' });
    expect(await until(100)).toMatchObject({ state: 'ended' });
  });
});

test('a worker that prints nothing at all in its first 30 s counts against its backend, once', async () => {
  const { until, rt } = await watching({ bytes: 0, lastOutputAt: undefined });
  await until(3);
  const { workers, backends } = await rt.store.read();
  expect(workers['l-w']?.unheard).toBe(true);
  expect(backends.codex?.failures).toMatchObject([{ class: 'hang' }]);
});

test('one whose program tells nothing before its end does not', async () => {
  const { until, rt } = await watching({ bytes: 0, lastOutputAt: undefined });
  withListener(rt, 'codex');
  await until(3);
  expect((await rt.store.read()).backends).toEqual({});
});
