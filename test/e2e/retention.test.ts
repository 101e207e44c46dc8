import { existsSync } from 'node:fs';
import { readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, type ScratchProject, script } from '../support/scratch-project.ts';
import { eventually, gateOf, isIn, opened, until } from './watching.ts';

vi.setConfig({ testTimeout: 240_000 });

/** As if everything lay there for so many days, and a keeper had last looked yesterday. */
async function aged(project: ScratchProject, days: number): Promise<void> {
  await eventually(() => project.keepers().length === 0, 60);
  const then = new Date(Date.now() - days * 86_400_000);
  for (const folder of ['runs', 'evidence', 'known-runs', 'archive']) {
    const root = path.join(project.state, folder);
    if (!existsSync(root)) continue;
    const names = await readdir(root, { recursive: true });
    for (const name of names) await utimes(path.join(root, name), then, then);
  }
  const at = Date.now() - 86_400_000;
  const look = { at, evenSince: then.getTime(), things: 0, bytes: 0, named: [] };
  await writeFile(path.join(project.state, 'retention.json'), JSON.stringify(look));
}

test.concurrent('what was kept long enough goes in the background, and says when and why to whoever asks', async () => {
  const project = await aProject({ env: { LOOPYARD_ARCHIVE_AFTER_MINUTES: '0' } });
  const verified = async (...args: string[]) =>
    JSON.parse((await project.cli(['verify', '--check', 'node --version', '--json', ...args])).stdout);
  const old = await verified();
  const session = await aSession(project);
  const loop = await opened(session, { checks: ['node check.mjs'], command: script('fixes-at-once') });
  await until(session, loop, isIn('verified'));
  await session.close();
  expect(await verified()).toMatchObject({ verdict: 'passed', reused: old.verification });

  await aged(project, 31);
  const { verification: fresh } = await verified('--fresh');
  await eventually(() => !existsSync(path.join(project.state, 'evidence', `${old.verification}.json`)), 60);
  await eventually(() => project.keepers().length === 0, 60);
  for (const [args, what] of [
    [['log', `${old.verification}-1`], `The output of ${old.verification}-1`],
    [['verify', '--explain', old.verification], `The evidence of ${old.verification}`],
    [['verify', '--verification', old.verification], `The evidence of ${old.verification}`],
  ] as const) {
    const asked = await project.cli(args);
    expect([asked.code, asked.stderr]).toEqual([
      2,
      expect.stringMatching(
        new RegExp(`${what} was removed on \\d{4}-\\d\\d-\\d\\d, by the setting keep_days \\(30\\)`),
      ),
    ]);
  }
  // What a loop that has not ended was verified with is as old, and stays.
  const [evidence] = (await project.cli(['history', loop])).stdout.match(/verification-[a-z0-9]+/) ?? [];
  expect((await project.cli(['verify', '--explain', evidence ?? ''])).code).toBe(0);
  expect(await verified()).toMatchObject({ verdict: 'passed', reused: fresh });
  expect((await project.cli(['doctor'])).stdout).toMatch(/kept of what ended: \d+ things, .+ went \d+ h ago/);
  const shown = JSON.parse((await project.cli(['prune', '--dry-run', '--json'])).stdout);
  expect(shown).toMatchObject({ done: false, bytes: expect.any(Number), records: [] });
});

test.concurrent('a loop whose baseline evidence was damaged is judged all the same', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const gate = gateOf(project, 'gate');
  const loop = await opened(session, {
    checks: ['node check.mjs'],
    command: script('fixes-at-once', gate.file),
  });
  await gate.reached();
  const [baseline = ''] = await readdir(path.join(project.state, 'evidence'));
  const file = path.join(project.state, 'evidence', baseline);
  await truncate(file, Math.floor((await readFile(file)).length / 2));
  await gate.open();
  await until(session, loop, isIn('verified'));
  const { loops } = (await session.call('status', { loop })) as { loops: { trouble?: string }[] };
  expect(loops[0]?.trouble).toBeUndefined();
});
