import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { aProject } from '../support/scratch-project.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

test('the packed package works as a global command and as a dependency of a project', async () => {
  const project = await aProject();
  const packed = project.file('packed');
  mkdirSync(packed);
  // What is tested is what was built; packing must not build it again under the other tests.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', packed], {
    cwd: root,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const tarball = path.join(packed, filename);
  const prefix = project.file('prefix');
  await run('npm', ['install', '--global', '--prefix', prefix, ...quiet, tarball], { env: npmEnv(project) });

  const env = { ...project.env, PATH: `${path.join(prefix, 'bin')}:${project.env.PATH}` };
  const init = async (program: string) => {
    const flags = ['--yes', '--json', '--scope', 'project', '--platform', 'cursor'];
    const ran = await run(program, ['init', ...flags], { cwd: project.path, env });
    return JSON.parse(ran.stdout);
  };
  expect(await init('loopyard')).toMatchObject({
    launcher: 'bin',
    proof: [{ launch: { command: 'loopyard' }, handshake: { ok: true }, stateless: { ok: true } }],
  });

  await run('npm', ['install', '--save-dev', ...quiet, tarball], { cwd: project.path, env: npmEnv(project) });
  await run('npm', ['uninstall', '--global', '--prefix', prefix, ...quiet, 'loopyard'], {
    env: npmEnv(project),
  });
  expect(await init(path.join(project.path, 'node_modules', '.bin', 'loopyard'))).toMatchObject({
    launcher: 'npx',
    proof: [{ launch: { args: ['--no-install', 'loopyard', 'mcp'] }, handshake: { ok: true } }],
  });
  expect(readFileSync(path.join(project.path, '.cursor', 'mcp.json'), 'utf8')).not.toContain(project.root);
}, 240_000);

function npmEnv({ env, home }: { env: Readonly<Record<string, string>>; home: string }) {
  return { ...env, npm_config_cache: path.join(home, '.npm'), npm_config_update_notifier: 'false' };
}
