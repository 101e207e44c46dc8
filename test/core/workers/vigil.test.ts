import { describe, expect, test } from 'vitest';
import { attendWorker } from '../../../src/core/workers/supervisor.ts';
import { Vigil } from '../../../src/core/workers/vigil.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import type { Fact } from '../../../src/domain/worker/run.ts';
import type { RunActivity } from '../../../src/ports/processes.ts';
import { anIdentity, aScriptedRuntime } from '../../support/scripted-runtime.ts';
import { aYard, loopIn, noon } from '../../support/yard-builder.ts';

const minute = 60_000;

/** A worker that said something at noon, watched every half minute. */
async function watching(
  activity: Partial<RunActivity> = {},
  backend = 'codex',
  ...events: readonly YardEvent[]
) {
  const yard = aYard()
    .withLoop({ plan: { backend } })
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

const retrying = (kind: 'rate_limit' | 'network'): Fact => ({ type: 'retrying', class: kind, text: 'x' });

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
    const { until, machine } = await watching();
    const running = () => {
      machine.vitals = { processes: 3, cpuMs: 5, suspended: false, youngestAt: noon + 100 };
    };
    expect((await until(14, running)).quiet).toBeUndefined();
    expect((await until(24, running)).quiet?.level).toBe('warned');
    expect(await until(27, running)).toMatchObject({ state: 'ended' });
  });

  test.each<[string, Partial<RunActivity>, readonly YardEvent[]]>([
    ['a limit of its service', { facts: [retrying('rate_limit')] }, []],
    [
      'a person',
      {},
      [
        {
          type: 'question.asked',
          question: { id: 'q', loop: 'l', worker: 'l-w', text: 'Which?', deadline: noon + 90 * minute },
        },
      ],
    ],
  ])('is never ended while it waits for %s', async (_what, activity, events) => {
    const { until } = await watching(activity, 'codex', ...events);
    expect(await until(60)).toMatchObject({ state: 'running' });
    expect((await until(60)).quiet).toBeUndefined();
  });

  test('that only tries again and again without an answer is quiet', async () => {
    const { until } = await watching({
      lastOutputAt: noon + 14 * minute,
      heardAt: noon,
      facts: [retrying('network')],
    });
    expect(await until(17)).toMatchObject({ state: 'ended' });
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
    const { until } = await watching({}, 'codex', given);
    expect(await until(1)).toMatchObject({ state: 'ended' });
  });

  test('that is a plain command and never printed anything is not ended for that', async () => {
    const { until } = await watching({ bytes: 0, lastOutputAt: undefined }, 'command');
    expect(await until(60)).toMatchObject({ state: 'running', quiet: { level: 'warned' } });
  });
});

test('a worker that prints nothing at all in its first 30 s counts against its backend, once', async () => {
  const { until, rt } = await watching({ bytes: 0, lastOutputAt: undefined });
  await until(3);
  const { workers, backends } = await rt.store.read();
  expect(workers['l-w']?.unheard).toBe(true);
  expect(backends.codex?.failures).toMatchObject([{ class: 'hang' }]);
});
