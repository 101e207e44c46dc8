import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { YardEvent } from '../../src/domain/events.ts';
import { bundle } from '../support/bundle.ts';
import { aStateDirectory, aStoreIn } from '../support/state-directory.ts';
import { pause } from './nemesis.ts';

const rounds = process.env.LOOPYARD_STRESS === 'long' ? 1_000 : 200;
const waiters = 8;
const program = fileURLToPath(new URL('programs/waiter.ts', import.meta.url));

test(`in ${rounds} rounds, exactly one of ${waiters} waiters takes over from a dead holder`, async () => {
  const parent = mkdtempSync(join(tmpdir(), 'loopyard-takeover-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const witness = join(parent, 'witness');
  const directory = join(parent, 'loopyard');
  const store = await aStoreIn(directory);
  const bundled = await bundle(program);
  const children = Array.from({ length: waiters }, () =>
    spawn(process.execPath, [bundled, directory, witness, String(rounds)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  onTestFinished(() => children.forEach((child) => void child.kill('SIGKILL')));
  const lines = () => (existsSync(witness) ? readFileSync(witness, 'utf8').trim().split('\n') : []);
  const until = async (count: number) => {
    const deadline = Date.now() + 60_000;
    while (lines().length < count) {
      if (Date.now() > deadline) throw new Error(`${lines().length} of ${count} lines after 60 s`);
      await pause(2);
    }
  };
  await until(waiters);

  for (let round = 1; round <= rounds; round += 1) {
    await store.transact({ name: 'test' }, (tx) => tx.record(takenByTheDead(`round-${round}`)));
    await until(waiters * (round + 1));
  }

  const all = lines();
  const winners = Array.from(
    { length: rounds },
    (_, index) => all.filter((line) => line.includes(` round-${index + 1} won`)).length,
  );
  const twice = winners.filter((count) => count > 1).length;
  const never = winners.filter((count) => count === 0).length;
  console.log(
    `stress: ${rounds} takeovers by ${waiters} waiters, ${twice} with two winners, ${never} with none`,
  );
  expect({ twice, never }).toEqual({ twice: 0, never: 0 });
  expect(all.filter((line) => / won (?!2$)/.test(line))).toEqual([]);
});

test('a process that was frozen while it lost its lease is fenced when it goes on', async () => {
  const directory = await aStateDirectory();
  const zombie = await aStoreIn(directory);
  const successor = await aStoreIn(directory);
  await zombie.transact({ name: 'zombie' }, (tx) => tx.record(takenByTheDead('main')));
  await successor.transact({ name: 'successor' }, (tx) => tx.record({ ...takenByTheDead('main'), epoch: 2 }));

  const attempt = zombie.transact({ name: 'zombie', lease: { resource: 'main', epoch: 1 } }, (tx) =>
    tx.record({ type: 'note.remembered', note: { id: 'late', text: 'from the grave' } }),
  );

  await expect(attempt).rejects.toMatchObject({ code: 'FENCED' });
  expect((await successor.read()).notes).toEqual([]);
});

function takenByTheDead(resource: string): Extract<YardEvent, { type: 'lease.taken' }> {
  const identity = { host: 'h', boot: 'b', namespace: 'n', pid: 0, startTime: 's' };
  return {
    type: 'lease.taken',
    resource,
    epoch: 1,
    holder: { kind: 'process', role: 'dead', identity },
    purpose: 'test',
  };
}
