import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openGate } from '../../../src/adapters/gate/gate.ts';
import { LoopyardError } from '../../../src/domain/errors.ts';
import { bundle } from '../../support/bundle.ts';
import { readSelf } from '../../support/gate-identity.ts';
import { aDirectory } from '../../support/git-repo.ts';

const clock = { now: Date.now, sleep: (ms: number) => after(ms) };
const program = () => bundle(new URL('../../support/gate-holder.ts', import.meta.url).pathname);

async function aGateIn(directory: string) {
  const warnings: string[] = [];
  const gate = openGate({
    directory,
    ...readSelf(),
    clock,
    log: (_level, message) => warnings.push(message),
  });
  return { gate, warnings };
}

async function aHolder(directory: string) {
  const child = spawn(process.execPath, [await program(), directory, 'forever'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('sections of several processes run one at a time', async () => {
  const directory = await aDirectory();
  const marks = join(directory, 'marks');
  const file = await program();
  const run = () =>
    once(spawn(process.execPath, [file, directory, '15', marks], { stdio: 'inherit' }), 'close');

  await Promise.all([run(), run(), run()]);

  const lines = (await readFile(marks, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(90);
  expect(lines.every((line, i) => line === (i % 2 ? 'out' : 'in'))).toBe(true);
});

test('a dead holder is replaced at once, by one of many waiters', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);
  const holder = await aHolder(directory);
  holder.kill('SIGKILL');
  await once(holder, 'close');
  let inside = 0;
  let most = 0;
  const started = performance.now();

  await Promise.all(
    Array.from({ length: 5 }, () =>
      gate.within('worktrees', 20_000, async () => {
        most = Math.max(most, ++inside);
        await after(5);
        inside--;
      }),
    ),
  );

  expect({ most, warnings }).toEqual({ most: 1, warnings: [] });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(await readdir(directory)).toEqual([]);
});

test('a takeover whose claimant died is finished by the next', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);
  const holder = await aHolder(directory);
  holder.kill('SIGKILL');
  await once(holder, 'close');
  const owner = (await readdir(directory)).find((name) => name.endsWith('.owner')) ?? '';
  const dead = JSON.parse(await readFile(join(directory, owner), 'utf8'));
  const claim = owner.replace(/owner$/, `takeover.${dead.id}`);
  await writeFile(join(directory, claim), JSON.stringify({ ...dead, id: crypto.randomUUID() }));

  expect(await gate.within('worktrees', 20_000, async () => 'entered')).toBe('entered');
  expect(warnings).toEqual([]);
});

test('a live holder is waited for until patience ends, and keeps its lock', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);
  await aHolder(directory);
  const before = (await readdir(directory)).sort();
  const started = performance.now();

  expect(await gate.within('worktrees', 300, async () => 'ran anyway')).toBe('ran anyway');

  expect(performance.now() - started).toBeGreaterThanOrEqual(299);
  expect(warnings).toHaveLength(1);
  expect((await readdir(directory)).sort()).toEqual(before);
});

test('release never removes a lock that has become another’s', async () => {
  const directory = await aDirectory();
  const { gate } = await aGateIn(directory);
  const { self } = readSelf();
  const foreign = JSON.stringify({ id: crypto.randomUUID(), identity: self });

  await gate.within('worktrees', 1000, async () => {
    const owner = (await readdir(directory)).find((name) => name.endsWith('.owner')) ?? '';
    await writeFile(join(directory, owner), foreign);
  });

  const left = await readdir(directory);
  expect(left.map((name) => name.replace(/^.*\./, '')).sort()).toEqual(['lock', 'owner']);
  expect(await readFile(join(directory, left.find((name) => name.endsWith('.owner')) ?? ''), 'utf8')).toBe(
    foreign,
  );
});

test('a lock whose owner cannot be written down is given back, in words of ours', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);
  const names = new Set<string>();
  await gate.within('a', 1000, async () => {
    for (const name of await readdir(directory)) names.add(name);
  });
  const owner = join(directory, [...names].find((name) => name.endsWith('.owner')) ?? '');
  await mkdir(join(owner, 'deep'), { recursive: true });

  await expect(gate.within('a', 60_000, async () => {})).rejects.toBeInstanceOf(LoopyardError);
  expect(await readdir(directory)).toEqual([basename(owner)]);

  await rm(owner, { recursive: true });
  expect(await gate.within('a', 60_000, async () => 'entered')).toBe('entered');
  expect(warnings).toEqual([]);
});

test('a pipe in the place of the owner file is not waited for', async () => {
  const directory = await aDirectory();
  const { gate } = await aGateIn(directory);

  await gate.within('a', 1000, async () => {
    const owner = (await readdir(directory)).find((name) => name.endsWith('.owner')) ?? '';
    await rm(join(directory, owner));
    execFileSync('mkfifo', [join(directory, owner)]);
  });

  expect(await readdir(directory)).toEqual([]);
});

test('patience does not depend on the wall clock', async () => {
  const directory = await aDirectory();
  let now = Date.now();
  const backwards = { now: () => (now -= 3_600_000), sleep: (ms: number) => after(Math.min(ms, 100)) };
  const gate = openGate({ directory, ...readSelf(), clock: backwards, log: () => {} });
  await aHolder(directory);

  expect(await gate.within('worktrees', 300, async () => 'ran anyway')).toBe('ran anyway');
});

test('a lock that is lost while held is nobody’s at once, and closes nothing', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);
  const other = await aGateIn(directory);

  await gate.within('a', 1000, async () => {
    const lock = (await readdir(directory)).find((name) => name.endsWith('.lock')) ?? '';
    await utimes(join(directory, lock), 1, 1);
    // The library looks every five seconds whether its lock is as it left it.
    for (const deadline = performance.now() + 15_000; warnings.length === 0; await after(20))
      if (performance.now() > deadline) throw new Error('nobody noticed');

    expect(await other.gate.within('a', 60_000, async () => 'entered')).toBe('entered');
  });

  expect(other.warnings).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

test('a lock with something in it is released all the same', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);

  await gate.within('a', 1000, async () => {
    const lock = (await readdir(directory)).find((name) => name.endsWith('.lock')) ?? '';
    await writeFile(join(directory, lock, 'foreign'), '');
  });

  expect(await readdir(directory)).toEqual([]);
  expect(warnings).toEqual([]);
});

test('what a section throws comes out, and the gate is open again', async () => {
  const directory = await aDirectory();
  const { gate } = await aGateIn(directory);

  await expect(gate.within('a', 1000, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');

  expect(await readdir(directory)).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)('a directory that cannot be written is reported at once', async () => {
  const directory = await aDirectory();
  await chmod(directory, 0o500);
  const { gate } = await aGateIn(directory);

  await expect(gate.within('a', 60_000, async () => {})).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
});

test('a directory that cannot exist is reported at once', async () => {
  const file = join(await aDirectory(), 'file');
  await writeFile(file, '');
  const { gate } = await aGateIn(join(file, 'gates'));

  await expect(gate.within('a', 60_000, async () => {})).rejects.toMatchObject({ code: 'STATE_UNSAFE' });
});

test('a lock whose maker was killed before it named itself is nobody’s, once it is older than that takes', async () => {
  const directory = await aDirectory();
  const { gate, warnings } = await aGateIn(directory);
  const [lock = ''] = await gate.within('one', 0, async () =>
    (await readdir(directory)).filter((name) => name.endsWith('.lock')),
  );
  const made = join(directory, lock);
  await mkdir(made);
  let open = false;
  await gate.within('one', 200, async () => {
    open = true;
  });
  expect({ open, warnings }).toEqual({ open: true, warnings: [expect.stringContaining('did not open')] });
  const old = new Date(Date.now() - 3_000);
  await utimes(made, old, old);
  await gate.within('one', 10_000, async () => {});
  expect(warnings).toHaveLength(1);
  expect((await readdir(directory)).filter((name) => /\.(lock|takeover)/.test(name))).toEqual([]);
});
