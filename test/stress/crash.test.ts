import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openJournalStore } from '../../src/adapters/journal/journal-store.ts';
import { bundle } from '../support/bundle.ts';
import { aStoreIn, wallClock } from '../support/state-directory.ts';
import { pause } from './nemesis.ts';

/**
 * For every call by which a process changes the state directory, and every fate that call can meet: the process is
 * killed before it, killed in the middle of a write, frozen while others go on, or told that it failed. Afterwards
 * every acknowledged change is there, and another process can work at once.
 */
const long = process.env.LOOPYARD_STRESS === 'long';
const fates = [
  'kill',
  'torn',
  'freeze',
  'short',
  'ENOSPC',
  'EIO',
  ...(long ? ['EACCES', 'EMFILE', 'EROFS', 'EDQUOT'] : []),
];
const scenario = fileURLToPath(new URL('programs/scenario.ts', import.meta.url));
const shim = fileURLToPath(new URL('programs/fault-shim.mjs', import.meta.url));
const atOnce = 3;

interface Outcome {
  readonly fate: string;
  readonly call: number;
  readonly trouble: readonly string[];
}

async function crashEverywhere(
  name: string,
  prepare: (directory: string) => Promise<void>,
  transactions: number,
) {
  const parent = mkdtempSync(join(tmpdir(), 'loopyard-crash-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const program = await bundle(scenario);
  const template = join(parent, 'template');
  await prepare(join(template, 'loopyard'));
  const counted = join(parent, 'counted');
  const log = join(parent, 'calls');
  const run = (place: string, fate: string, call: number) => {
    if (existsSync(template)) cpSync(template, place, { recursive: true });
    return spawn(
      process.execPath,
      ['--import', shim, program, join(place, 'loopyard'), join(place, 'witness'), 'n', String(transactions)],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          ...process.env,
          FAULT_AT: String(call),
          FAULT_KIND: fate,
          FAULT_UNDER: join(place, 'loopyard'),
          FAULT_LOG: fate === 'none' ? log : '',
        },
      },
    );
  };
  mkdirSync(counted, { recursive: true });
  await ended(run(counted, 'none', 0));
  const calls = readFileSync(log, 'utf8').trim().split('\n');

  const cases = fates.flatMap((fate) =>
    calls.flatMap((call, index) => {
      const partly = fate === 'torn' || fate === 'short';
      return partly && !call.endsWith(' writeSync') ? [] : { fate, call: index + 1 };
    }),
  );
  const outcomes: Outcome[] = [];
  let next = 0;
  const worker = async () => {
    for (let each = cases[next++]; each; each = cases[next++]) {
      const { fate, call } = each;
      const place = mkdtempSync(join(parent, `${fate}-${call}-`));
      const child = run(place, fate, call);
      const trouble = fate === 'freeze' ? [...(await whileFrozen(child, join(place, 'loopyard')))] : [];
      await ended(child);
      // A fate that did not come would make every outcome sound.
      const died = child.signalCode === 'SIGKILL';
      if (died !== (fate === 'kill' || fate === 'torn')) trouble.push('it did not meet its fate');
      outcomes.push({ fate, call, trouble: [...trouble, ...(await afterwards(place))] });
      rmSync(place, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));

  for (const fate of fates) {
    const all = outcomes.filter((outcome) => outcome.fate === fate);
    const sound = all.filter(({ trouble }) => trouble.length === 0);
    console.log(`stress: ${name}, ${fate} at every call: ${sound.length} of ${all.length} sound`);
  }
  expect(calls.length).toBeGreaterThan(transactions * 2);
  expect(outcomes.filter(({ trouble }) => trouble.length > 0)).toEqual([]);
}

/** The zombie: four changes by somebody else while it stands at its call; then it goes on. */
async function whileFrozen(child: ChildProcess, directory: string): Promise<readonly string[]> {
  const stat = `/proc/${child.pid}/stat`;
  while (child.exitCode === null && !/\) T /.test(existsSync(stat) ? readFileSync(stat, 'latin1') : ''))
    await pause(5);
  const trouble: string[] = [];
  const started = Date.now();
  const store = await openJournalStore({ directory, clock: wallClock, log: () => {}, chance: Math.random });
  for (let index = 0; index < 4; index += 1) {
    const note = { id: `other-${index}`, text: 'while frozen' };
    await store.transact({ name: 'other' }, (tx) => tx.record({ type: 'note.remembered', note }));
  }
  if (Date.now() - started > 3_000) trouble.push('others were blocked');
  child.kill('SIGCONT');
  await ended(child);
  const kept = (await store.read()).notes.filter(({ id }) => id.startsWith('other-')).length;
  if (kept !== 4) trouble.push(`${kept} of 4 changes of others were kept`);
  await store.close();
  return trouble;
}

async function afterwards(place: string): Promise<readonly string[]> {
  const directory = join(place, 'loopyard');
  const path = join(place, 'witness');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  const acknowledged = lines.filter((line) => line.endsWith(' ack')).map((line) => line.split(' ')[0]);
  const trouble = lines.filter((line) => / (INTERNAL|STATE_CORRUPT|STATE_TOO_NEW)$/.test(line));
  const started = Date.now();
  const store = await openJournalStore({ directory, clock: wallClock, log: () => {}, chance: Math.random });
  try {
    const ids = (await store.read()).notes.map(({ id }) => id);
    for (const id of acknowledged) if (!ids.includes(id ?? '')) trouble.push(`${id} was lost`);
    if (new Set(ids).size !== ids.length) trouble.push(`something was doubled: ${ids.join()}`);
    await store.transact({ name: 'next' }, (tx) =>
      tx.record({ type: 'note.remembered', note: { id: 'next', text: 'works' } }),
    );
    await store.history(0, 10);
  } catch (error) {
    trouble.push(String(error));
  } finally {
    await store.close();
  }
  if (Date.now() - started > 3_000) trouble.push('could not work again within 3 s');
  return trouble;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

test('a process may end, freeze or fail at any step of creating a store', async () => {
  await crashEverywhere('creation', async () => {}, 1);
});

test('a process may end, freeze or fail at any step of recording across a seal', async () => {
  await crashEverywhere(
    'seal',
    async (directory) => {
      mkdirSync(join(directory, '..'), { recursive: true });
      const store = await aStoreIn(directory);
      for (let index = 0; index < 126; index += 1) {
        await store.transact({ name: 'before' }, (tx) =>
          tx.record({ type: 'note.remembered', note: { id: `old-${index}`, text: 'old' } }),
        );
      }
      await store.close();
    },
    4,
  );
});
