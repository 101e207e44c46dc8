import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, end, type ScratchProject, script } from '../support/scratch-project.ts';
import { eventually, gateOf, opened } from './watching.ts';

interface Told {
  readonly healthy: boolean;
  readonly findings: readonly { id: string; level: string; what: string; todo?: string }[];
  readonly mended: readonly string[];
}

async function doctor(
  project: ScratchProject,
  args: readonly string[] = [],
  env: Record<string, string> = {},
) {
  const { code, stdout, stderr } = await project.cli(['doctor', '--json', ...args], { env });
  const { healthy, findings, mended } = JSON.parse(stdout) as Told;
  const wrong = findings
    .filter(({ id, level }) => level !== 'ok' && !/^(?:bubblewrap|backends|clients)/.test(id))
    .map(({ id, level }) => `${level} ${id}`);
  return { code, healthy, wrong, mended, stderr, findings };
}

test.concurrent('doctor finds a healthy yard healthy, and works where there is no repository', async () => {
  const project = await aProject();
  await project.cli(['verify', '--check', 'true']);
  expect(await doctor(project)).toMatchObject({ code: 0, healthy: true, wrong: [] });
  const outside = await project.cli(['doctor'], { cwd: project.root });
  expect(outside).toMatchObject({ code: 0, stdout: expect.stringContaining('is not in a git repository') });
});

test.concurrent('a killed keeper, forgotten rooms and lost worktrees are told, and mended once', async () => {
  const project = await aProject();
  const session = await aSession(project);
  const work = gateOf(project, 'gate');
  await opened(session, { checks: ['node check.mjs'], command: script('fixes-at-once', work.file) });
  await work.reached();
  end(session.pid);
  const [keeper] = project.keepers();
  end(keeper?.pid ?? 0, 'SIGSTOP');
  expect(await doctor(project)).toMatchObject({ code: 4, wrong: ['problem keeper'] });
  end(keeper?.pid ?? 0);
  await eventually(() => project.keepers().length === 0);

  const [place = ''] = await placesOf(project);
  const room = path.join(place, 'rooms', 'verification-b2c3d4f5g6');
  await mkdir(path.join(room, 'tree'), { recursive: true });
  const long = new Date(Date.now() - 7_200_000);
  await utimes(room, long, long);
  const lost = path.join(place, 'loops', 'nobodys', 'calc');
  await project.git('worktree', 'add', '--quiet', '-b', 'mine', lost);
  await rm(lost, { recursive: true });
  const kept = path.join(place, 'loops', 'kept', 'calc');
  await project.git('worktree', 'add', '--quiet', '-b', 'loopyard/kept', kept);

  const ill = [
    'problem keeper',
    'note leftover.missing_worktree',
    'note leftover.worktree',
    'note leftover.room',
    'note leftover.branch',
  ];
  const before = await doctor(project);
  expect(before.code).toBe(4);
  expect(before.wrong.filter((line) => !line.includes('loop_folder')).sort()).toEqual(ill.sort());
  const after = await doctor(project, ['--fix']);
  expect(after).toMatchObject({ code: 0, healthy: true });
  expect(after.mended).toHaveLength(3);
  expect(existsSync(room)).toBe(false);
  expect(await project.git('worktree', 'list')).not.toContain('nobodys');
  // What may hold work stays, and a second time there is nothing to mend.
  expect(existsSync(kept)).toBe(true);
  expect((await doctor(project, ['--fix'])).mended).toEqual([]);
  await work.open();
});

test.concurrent('doctor speaks with a damaged journal, an unsafe directory, wrong settings and no git at all', async () => {
  const project = await aProject();
  await project.cli(['verify', '--check', 'true']);
  await eventually(() => project.keepers().length === 0);

  const without = await doctor(project, [], {
    PATH: path.dirname(process.execPath) === '/usr/bin' ? '' : '/nonexistent',
  });
  expect(without).toMatchObject({
    code: 4,
    wrong: ['problem git.version', 'note blind.the_clients', 'note blind.leftovers'],
  });

  await mkdir(path.join(project.home, '.config', 'loopyard'), { recursive: true });
  const config = path.join(project.home, '.config', 'loopyard', 'config.json');
  await writeFile(config, '{ "max_loops": ');
  await chmod(project.state, 0o777);
  const unsafe = await doctor(project);
  expect(unsafe).toMatchObject({ code: 4, wrong: ['problem state', 'problem settings.user.1'] });
  await chmod(project.state, 0o700);

  const journal = path.join(project.state, 'journal.1.log');
  const text = await readFile(journal);
  text[40] = (text[40] ?? 0) ^ 0xff;
  await writeFile(journal, text);
  await truncate(journal, text.length - 20);
  const damaged = await doctor(project);
  expect(damaged.code).toBe(4);
  expect(damaged.wrong).toContain('problem state');
});

test.concurrent('a bundle holds none of the secrets, goals and values around it, and is only for its owner', async () => {
  const project = await aProject({ env: { MY_SERVICE_TOKEN: 'planted-in-env-42' } });
  await mkdir(path.join(project.home, '.config', 'loopyard'), { recursive: true });
  const checks = { leak: 'curl -H planted-in-config-43' };
  await writeFile(path.join(project.home, '.config', 'loopyard', 'config.json'), JSON.stringify({ checks }));
  await project.write({ 'loopyard.json': '{ "checks": { "x": "planted-in-project-44" } }' });
  await project.cli([
    'start',
    'planted goal about zebras',
    '--check',
    'true',
    '--command',
    'true',
    '--mode',
    'guided',
  ]);
  const file = project.file('report.json');
  const { stderr } = await project.cli(['doctor', '--bundle', file]);
  expect(stderr).toContain('findings');
  const text = await readFile(file, 'utf8');
  for (const word of ['planted', 'zebra', project.root, project.home]) expect(text).not.toContain(word);
  expect(Object.keys(JSON.parse(text))).toContain('events');
  expect(await project.cli(['doctor', '--bundle', file])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is there already'),
  });
});

async function placesOf(project: ScratchProject): Promise<string[]> {
  const root = project.env.LOOPYARD_PLACE ?? '';
  return (await readdir(root)).map((name) => path.join(root, name));
}
