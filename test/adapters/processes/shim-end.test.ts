import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  agent,
  aRealWorld,
  eventually,
  readable,
  running,
  temporaryFolder,
} from '../../support/real-processes.ts';

const never = new AbortController().signal;

test('a shim that finds the disk full at the end writes the end into the space it set aside, and wakes a keeper', async () => {
  const folder = temporaryFolder();
  const [full, woken] = [path.join(folder, 'full'), path.join(folder, 'woken')];
  const program = (await aRealWorld()).shimArgv.at(-1) ?? '';
  const fault = fileURLToPath(new URL('../../support/full-disk.mjs', import.meta.url));
  const { processes, runsDir } = await aRealWorld({
    shimArgv: [process.execPath, '--import', fault, program],
    env: { PATH: process.env.PATH, DISK_IS_FULL: full },
  });
  const argv = [
    process.execPath,
    '-e',
    `require('fs').writeFileSync(${JSON.stringify(woken)}, 'yes')`,
  ] as const;
  const keeper = { identity: { ...processes.self, startTime: '1' }, argv };
  await processes.start('r', agent('ends-politely', [], { keeper }));
  const { shim } = await running(processes, 'r');

  writeFileSync(full, '');
  process.kill(shim.pid, 'SIGTERM');

  expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'stopped', exitCode: 3 } });
  await eventually(() => readable(woken));
  expect(readdirSync(path.join(runsDir, 'r')).filter((name) => name.startsWith('.'))).toEqual([]);
});

test.runIf(process.getuid?.() === 0)('a shim names what it could not stop (needs root)', async () => {
  const { processes } = await aRealWorld();
  const script = `console.log(require('child_process').spawn('sleep', ['60'], { uid: 65534, gid: 65534 }).pid)`;
  await processes.start('r', {
    ...agent('forever'),
    argv: [process.execPath, '-e', `${script}; process.exit()`],
  });

  const view = await processes.settled('r', never);

  const pid = (await processes.output('r', { head: 100, tail: 0 })).trim();
  process.kill(Number(pid), 'SIGKILL');
  expect(view).toMatchObject({ end: { cause: 'exited', survivors: [`${pid} sleep`] } });
});
