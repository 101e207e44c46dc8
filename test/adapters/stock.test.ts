import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openStock } from '../../src/adapters/stock.ts';
import { temporaryFolder } from '../support/real-processes.ts';

const now = 1_700_000_000_000;

function aStock() {
  const home = temporaryFolder();
  const put = (file: string, text: string, at = now) => {
    const full = path.join(home, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
    utimesSync(full, at / 1_000, at / 1_000);
  };
  return { home, put, stock: openStock(home, { now: () => now }) };
}
const note = (name: string, more = {}) => ({
  name,
  kind: 'runs' as const,
  at: now,
  by: 'keep_days' as const,
  ...more,
});

test('each kind is counted by what it takes on disk, and nothing else in its folder is', async () => {
  const { home, put, stock } = aStock();
  put('runs/worker-a/output.0', 'x'.repeat(10_000), now);
  put('runs/worker-a/status.json', '{}', now - 5_000);
  utimesSync(path.join(home, 'runs/worker-a'), 1, 1);
  put('runs/.forgotten-worker-b/status.json', '{}');
  put('runs/.bell', '.');
  put('evidence/verification-a.json', '{}', now - 9_000);
  put('evidence/.draft-x', '{}');
  put('known-runs/0123abcd', 'verification-a');
  put('archive/a-loop.json', '{}');
  put('generations/journal.7.log.gz', '');
  put('generations/journal.8.log.x.tmp', '');
  expect(await stock.list('runs')).toEqual([
    { kind: 'runs', name: 'worker-a', at: now, bytes: expect.any(Number) },
  ]);
  expect((await stock.list('runs'))[0]?.bytes).toBeGreaterThanOrEqual(10_002);
  const rest = await Promise.all(
    (['evidence', 'known_runs', 'records', 'journal'] as const).map(async (kind) =>
      (await stock.list(kind)).map(({ name, at }) => [name, now - at]),
    ),
  );
  expect(rest).toEqual([[['verification-a', 9_000]], [['0123abcd', 0]], [['a-loop', 0]], [['journal.7', 0]]]);
});

test('a yard without folders holds nothing, and what is gone is removed already', async () => {
  const { stock } = aStock();
  expect(await stock.list('evidence')).toEqual([]);
  await stock.remove('evidence', 'verification-a');
  await stock.renew('runs', ['worker-a']);
  expect(await stock.noted('verification-a')).toBeUndefined();
});

test('a link goes itself, never what it leads to, and no name leads out of the folder', async () => {
  const { home, put, stock } = aStock();
  put('precious', 'work');
  mkdirSync(path.join(home, 'evidence'));
  symlinkSync(path.join(home, 'precious'), path.join(home, 'evidence/verification-a.json'));
  await stock.renew('evidence', ['verification-a']);
  await stock.remove('evidence', 'verification-a');
  expect(readdirSync(path.join(home, 'evidence'))).toEqual([]);
  expect(readFileSync(path.join(home, 'precious'), 'utf8')).toBe('work');
  await expect(stock.remove('evidence', '../precious')).rejects.toThrow('no name of evidence');
});

test('what was renewed is as young as now', async () => {
  const { put, stock } = aStock();
  put('evidence/verification-a.json', '{}', now - 9_000);
  await stock.renew('evidence', ['verification-a', 'verification-gone']);
  expect((await stock.list('evidence')).map(({ at }) => at)).toEqual([now]);
});

test('the newest note of a name is found, beside half a line and in the file that was set aside', async () => {
  const { home, put, stock } = aStock();
  await stock.note([note('worker-a'), note('worker-b', { value: 30 })]);
  await stock.note([note('worker-a', { at: now + 1, by: 'prune' })]);
  expect(await stock.noted('worker-a')).toMatchObject({ at: now + 1, by: 'prune' });
  put('removed.log', `${readFileSync(path.join(home, 'removed.log'), 'utf8')}{"name":"worker-b","ki`);
  await stock.note([note('worker-c')]);
  expect(await stock.noted('worker-b')).toEqual(note('worker-b', { value: 30 }));
  expect(await stock.noted('worker-c')).toEqual(note('worker-c'));

  const many = Array.from({ length: 15_000 }, (_, index) => note(`worker-many-${index}`));
  for (let from = 0; from < many.length; from += 50) await stock.note(many.slice(from, from + 50));
  expect(existsSync(path.join(home, 'removed.log.1'))).toBe(true);
  expect(await stock.noted('worker-many-9')).toMatchObject({ name: 'worker-many-9' });
});
