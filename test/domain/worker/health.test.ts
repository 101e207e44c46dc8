import { describe, expect, test } from 'vitest';
import { healthLine, healthOfWorker, type Observed } from '../../../src/domain/worker/health.ts';
import { nameFor, nameThemes, themeNames } from '../../../src/domain/worker/names.ts';
import type { Worker } from '../../../src/domain/worker/worker.ts';
import { aRunEnd, aWorkerEnd, noon } from '../../support/yard-builder.ts';

const minute = 60_000;
const now = noon + 10 * minute;
const worker: Worker = {
  id: 'w',
  state: 'running',
  loop: 'l',
  iteration: 1,
  backend: 'codex',
  startedAt: noon,
};
const stop = { id: 's', reason: 'x', by: 'test', at: noon, graceMs: 0 };
const heard = (minutesAgo: number): Observed => ({
  running: true,
  startedAt: noon,
  heardAt: now - minutesAgo * minute,
});

describe('a worker is', () => {
  test.each<[string, Worker, Observed, string]>([
    ['starting', { ...worker, state: 'starting' }, { running: false }, 'starting'],
    ['working', worker, heard(0.4), 'working'],
    ['silent', worker, heard(4), 'silent since 22:19:20Z (240 s)'],
    ['silent from the start', worker, { running: true, startedAt: noon }, 'silent since 22:13:20Z (600 s)'],
    [
      'silent, and told about',
      { ...worker, quiet: { level: 'warned', since: noon, at: now } },
      heard(4),
      'silent since 22:19:20Z (240 s), warned',
    ],
    [
      'silent, and asked whether it is there',
      { ...worker, quiet: { level: 'noted', since: noon, at: now, nudged: true } },
      heard(4),
      'silent since 22:19:20Z (240 s), nudged',
    ],
    [
      'silent anew after it was told about',
      { ...worker, quiet: { level: 'warned', since: noon, at: now - 5 * minute } },
      heard(4),
      'silent since 22:19:20Z (240 s)',
    ],
    ['waiting', worker, { ...heard(4), waitingFor: 'an answer to q' }, 'waiting for an answer to q'],
    [
      'waiting for a command',
      worker,
      { ...heard(4), toolSince: now - 4 * minute },
      'waiting for a command it runs since 22:19:20Z',
    ],
    [
      'waiting for its service, and that is told at once',
      worker,
      { ...heard(0.1), retrying: 'network' },
      'waiting for its service (network) since 22:23:14Z (6 s)',
    ],
    [
      'waiting for its service in vain, and told about',
      { ...worker, quiet: { level: 'warned', since: noon, at: now } },
      { ...heard(4), retrying: 'network' },
      'waiting for its service (network) since 22:19:20Z (240 s), warned',
    ],
    ['suspended', worker, { ...heard(4), suspended: true }, 'suspended'],
    ['stopping', { ...worker, state: 'stopping', stop }, heard(0), 'stopping'],
    [
      'stopping with its knowledge',
      { ...worker, state: 'stopping', stop: { ...stop, acknowledgedAt: noon } },
      heard(0),
      'stopping, it knows',
    ],
    [
      'ended by itself',
      { ...worker, state: 'ended', end: aWorkerEnd },
      { running: false },
      'ended: exit code 0',
    ],
    [
      'ended, but not all of it',
      { ...worker, state: 'ended', end: { ...aWorkerEnd, survivors: ['7 sleep'] } },
      { running: false },
      'ended: exit code 0; still there: 7 sleep',
    ],
    [
      'ended by its limit',
      { ...worker, state: 'ended', end: { ...aWorkerEnd, run: { ...aRunEnd, cause: 'timed_out' } } },
      { running: false },
      'ended: timed out',
    ],
    [
      'ended by its service',
      { ...worker, state: 'ended', end: { ...aWorkerEnd, infrastructure: { class: 'quota', text: 'x' } } },
      { running: false },
      'ended: quota',
    ],
  ])('%s', (_title, who, seen, line) => expect(healthLine(healthOfWorker(who, seen, now), now)).toBe(line));
});

describe('the name of a worker', () => {
  test.each(themeNames)('is unique among the living, and the same for the same id: %s', (theme) => {
    const taken = new Set<string>();
    for (let n = 0; n < 100; n++) taken.add(nameFor(`worker-${n}`, theme, taken));
    expect(taken.size).toBe(100);
    expect(nameFor('worker-7', theme, new Set())).toBe(nameFor('worker-7', theme, new Set()));
  });

  test.each(themeNames)('is one word of its theme, and none is there twice: %s', (theme) => {
    const names = nameThemes[theme].split(' ');
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^\p{Lu}\p{Ll}+$/u);
  });
});
