import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { aProject } from '../support/scratch-project.ts';
import { binFolder } from './install.ts';

const program = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

/** A person with Claude Code and with loopyard as a command. */
async function aPerson() {
  const project = await aProject();
  const bin = project.file('bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'loopyard'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  const env = {
    PATH: [bin, binFolder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  };
  const init = async (...args: readonly string[]) => {
    const { code, stdout } = await project.cli(['init', '--yes', '--json', '--platform', 'claude', ...args], {
      env,
    });
    return { code, report: JSON.parse(stdout) };
  };
  const claude = (cwd: string, ...args: readonly string[]) =>
    spawnSync('claude', args, { cwd, env: { ...project.env, ...env }, encoding: 'utf8' }).stdout;
  return { ...project, init, claude };
}

test('Claude Code connects for a user at once', async () => {
  const person = await aPerson();
  const { code, report } = await person.init('--scope', 'user');
  expect(code).toBe(0);
  expect(report.clients).toEqual([{ platform: 'claude', command: 'claude mcp list', state: 'connected' }]);
  expect(report.steps).toEqual([]);
});

test('Claude Code waits for approval of a project, and connects from a folder below it afterwards', async () => {
  const person = await aPerson();
  const { report } = await person.init('--scope', 'project');
  expect(report.clients).toMatchObject([{ state: 'pending' }]);
  expect(report.steps).toMatchObject([{ platform: 'claude', todo: [expect.stringContaining('approve')] }]);

  mkdirSync(join(person.home, '.claude'), { recursive: true });
  writeFileSync(join(person.home, '.claude', 'settings.json'), '{"enabledMcpjsonServers":["loopyard"]}');
  mkdirSync(join(person.path, 'below'));
  expect(person.claude(join(person.path, 'below'), 'mcp', 'list')).toContain('Connected');
});
