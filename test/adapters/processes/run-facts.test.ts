import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findBubblewrap } from '../../../src/adapters/processes/isolation.ts';
import { openRedactedStream } from '../../../src/adapters/processes/redacted-stream.ts';
import type { RunSpec } from '../../../src/ports/processes.ts';
import { aRealWorld, eventually, temporaryFolder } from '../../support/real-processes.ts';

const never = new AbortController().signal;
const bubblewrap = await findBubblewrap({ PATH: process.env.PATH });

const node = (program: string, env: Readonly<Record<string, string>> = {}): RunSpec => ({
  argv: [process.execPath, '-e', program],
  cwd: temporaryFolder(),
  env: { PATH: process.env.PATH ?? '', ...env },
  timeoutMs: 60_000,
  keepBytes: 64 * 1024,
});

test.runIf(process.platform === 'linux').each([
  ['process_group' as const, true],
  ['auto' as const, bubblewrap !== undefined],
])(
  'the end of a run contained by %s tells the most memory its tree held, that of a child included',
  async (containment, works) => {
    if (!works) return;
    const { processes } = await aRealWorld({ containment });
    const megabytes = 200;
    // Written to, because memory that is only asked for is not resident; and held for longer than between two looks.
    const holds = `const held = Buffer.alloc(${megabytes} * 1048576, 1); setTimeout(() => held.length, 2500)`;
    await processes.start(
      'r',
      node(`require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(holds)}])`),
    );
    const view = await processes.settled('r', never);
    const peak = view.phase === 'ended' ? (view.end.peakRssBytes ?? 0) : 0;
    expect(peak).toBeGreaterThan(megabytes * 1_048_576);
    expect(peak).toBeLessThan(3 * megabytes * 1_048_576);
  },
);

test('vain tries are no sign of life, also before the first word', async () => {
  const { processes } = await aRealWorld();
  const tries = `setInterval(() => console.log('{"type":"retrying","class":"network","text":"x"}'), 20)`;
  await processes.start('r', { ...node(tries), backend: 'test' });
  const seen = (laterThan: number) =>
    eventually(async () => {
      const view = await processes.observe('r');
      if (view.phase !== 'running' || view.activity.facts.length === 0) return undefined;
      const { heardAt, lastOutputAt = 0 } = view.activity;
      return lastOutputAt > laterThan ? { heardAt, lastOutputAt } : undefined;
    });
  const first = await seen(0);
  expect(first.heardAt).toBeLessThanOrEqual(first.lastOutputAt);
  expect((await seen(first.lastOutputAt + 500)).heardAt).toBe(first.heardAt);
});

test('secrets of the user and of the command reach no file of a run', async () => {
  const { processes, runsDir } = await aRealWorld({
    env: { PATH: process.env.PATH, MY_TOKEN: 'users-own-secret' },
  });
  const program = `process.stdout.write('one users-own-'); setTimeout(() => {
    console.log('secret two'); console.error('three ' + process.env.API_KEY + ' ghp_' + 'a1B2'.repeat(9)); }, 50)`;
  await processes.start('r', node(program, { API_KEY: 'commands-secret' }));
  await processes.settled('r', never);
  const printed = await processes.output('r', { head: 9_999, tail: 0 });
  expect(printed).toContain('one [redacted] two\n');
  expect(printed).toContain('three [redacted] [redacted]\n');
  for (const name of readdirSync(path.join(runsDir, 'r'))) {
    const text = readFileSync(path.join(runsDir, 'r', name), 'utf8');
    expect(text).not.toContain('users-own-secret');
    expect(text).not.toContain('commands-secret');
  }
});

test('bytes that are no text come out as they went in', () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7_919) % 256));
  const shown: Buffer[] = [];
  const stream = openRedactedStream(['ünïcode-sécret'], (chunk) => shown.push(chunk));
  for (let at = 0; at < bytes.length; at += 999) stream.write(bytes.subarray(at, at + 999));
  stream.end();
  expect(Buffer.concat(shown).equals(bytes)).toBe(true);

  const other: Buffer[] = [];
  const text = openRedactedStream(['ünïcode-sécret'], (chunk) => other.push(chunk));
  text.write(Buffer.from('a ünïcode-sécret ß\n'));
  text.end();
  expect(Buffer.concat(other).toString('utf8')).toBe('a [redacted] ß\n');
});
