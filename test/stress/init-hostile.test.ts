import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { aProject, program } from '../support/scratch-project.ts';

/** A home without any client, a project, and init for the user with the clients that are named. */
async function aHome(platform = 'cursor') {
  const project = await aProject();
  const at = (name: string) => path.join(project.home, name);
  const put = (name: string, text: string) => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  };
  const flags = ['--json', '--yes', '--no-verify', '--scope', 'user', '--platform', platform];
  const env = { XDG_CONFIG_HOME: '' };
  const init = async (...more: readonly string[]) => {
    const { code, stdout } = await project.cli(['init', ...flags, ...more], { env });
    return { code, report: JSON.parse(stdout) };
  };
  return { ...project, at, put, init, flags, text: (name: string) => readFileSync(at(name), 'utf8') };
}

const config = '.cursor/mcp.json';

test('a configuration that is no configuration is not touched, the reason is told, and the rest is done', async () => {
  const home = await aHome('cursor,kiro,droid,junie,qwen,jetbrains,codex');
  const unusable: readonly [string, (file: string) => void, string][] = [
    ['.cursor/mcp.json', (file) => mkdirSync(file), 'It is not a file.'],
    ['.kiro/settings/mcp.json', (file) => writeFileSync(file, 'null'), 'JSON'],
    ['.factory/mcp.json', (file) => writeFileSync(file, '[]\n'), 'JSON'],
    ['.junie/mcp/mcp.json', (file) => writeFileSync(file, Buffer.from([0xff, 0xfe, 0])), 'UTF-8'],
    ['.qwen/settings.json', (file) => writeFileSync(file, '{"mcpServers":"x"}'), 'mcpServers'],
    [
      '.ai/mcp/mcp.json',
      (file) => {
        writeFileSync(file, '{}');
        truncateSync(file, 33 * 1024 * 1024);
      },
      'larger than 32 MB',
    ],
  ];
  for (const [name, make] of unusable) {
    mkdirSync(path.dirname(home.at(name)), { recursive: true });
    make(home.at(name));
  }
  const stats = () =>
    unusable.map(([name]) => [lstatSync(home.at(name)).size, lstatSync(home.at(name)).mtimeMs]);
  const before = stats();
  const { code, report } = await home.init();
  expect(code).toBe(2);
  expect(stats()).toEqual(before);
  for (const [name, , because] of unusable) {
    const told = report.untouched.find((one: { path: string }) => one.path === home.at(name));
    expect(told).toMatchObject({ because: expect.stringContaining(because), byHand: expect.any(String) });
  }
  expect(home.text('.codex/config.toml')).toContain('[mcp_servers.loopyard]');
});

describe('links', () => {
  test('of a home are followed to the file, which stays where it is, and the link a link', async () => {
    const home = await aHome();
    home.put('dotfiles/mcp.json', '{\n  // mine\n}\n');
    mkdirSync(home.at('.cursor'));
    symlinkSync('../dotfiles/mcp.json', home.at(config));
    expect((await home.init()).code).toBe(0);
    expect(lstatSync(home.at(config)).isSymbolicLink()).toBe(true);
    expect(home.text('dotfiles/mcp.json')).toContain('// mine');
    expect(home.text('dotfiles/mcp.json')).toContain('"loopyard"');
    await home.init('--remove');
    expect(home.text('dotfiles/mcp.json')).toBe('{\n  // mine\n}\n');
  });

  test('that lead to nothing get the file they mean, and lose it again', async () => {
    const home = await aHome();
    mkdirSync(home.at('.cursor'));
    symlinkSync('../dotfiles/mcp.json', home.at(config));
    expect((await home.init()).code).toBe(0);
    expect(home.text('dotfiles/mcp.json')).toContain('"loopyard"');
    await home.init('--remove');
    expect([existsSync(home.at('dotfiles')), lstatSync(home.at(config)).isSymbolicLink()]).toEqual([
      false,
      true,
    ]);
  });
});

test('an empty file is filled, and empty again afterwards', async () => {
  const home = await aHome('cursor,continue');
  home.put(config, '');
  home.put('.continue/config.yaml', '');
  expect((await home.init()).code).toBe(0);
  expect(home.text('.continue/config.yaml')).toMatch(/^name: .+\nversion: .+\nschema: v1\n\nmcpServers:\n/);
  await home.init('--remove');
  expect([home.text(config), home.text('.continue/config.yaml')]).toEqual(['', '']);
});

test.skipIf(process.getuid?.() === 0)(
  'a folder that cannot be written is told, and costs only itself',
  async () => {
    const home = await aHome('cursor,codex');
    mkdirSync(home.at('.cursor'));
    chmodSync(home.at('.cursor'), 0o555);
    const { code, report } = await home.init();
    expect([code, report.untouched]).toMatchObject([
      2,
      [{ because: expect.stringContaining('cannot be written') }],
    ]);
    expect(home.text('.codex/config.toml')).toContain('loopyard');
  },
);

test('an upgrade renews what is ours, keeps what the person chose, and notes the version', async () => {
  const home = await aHome('codex,kiro');
  const old = '/old/loopyard/dist/bin.js';
  home.put(
    '.codex/config.toml',
    `# mine\n[mcp_servers.loopyard]\ncommand = "/old/node" # by init\nargs = ["${old}", "mcp"]\nenabled = false\ntool_timeout_sec = 7\n\n[mcp_servers.other]\ncommand = "x"\n`,
  );
  await home.init();
  const codex = home.text('.codex/config.toml');
  expect(codex).not.toContain('/old/');
  for (const kept of ['# mine', 'enabled = false', 'tool_timeout_sec = 7', '[mcp_servers.other]'])
    expect(codex).toContain(kept);

  const skill = home.at('.kiro/skills/loopyard/SKILL.md');
  const now = readFileSync(skill, 'utf8');
  const version = /loopyard (\S+) [0-9a-f]{8}, written by loopyard init/.exec(now)?.[1];
  writeFileSync(skill, now.replace(`loopyard ${version} `, 'loopyard 0.0.1 '));
  expect((await home.init()).report.files).toMatchObject([{ path: skill, change: 'change' }]);
  expect(readFileSync(skill, 'utf8')).toBe(now);

  writeFileSync(skill, now.replace('# Loops', '# My loops'));
  const { code, report } = await home.init();
  expect([code, report.untouched]).toMatchObject([0, [{ path: skill, kept: true }]]);
  await home.init('--remove');
  expect(readFileSync(skill, 'utf8')).toContain('# My loops');
});

test('folders with spaces and letters from everywhere are only names', async () => {
  const home = await aHome();
  const odd = home.file('ünï cödé 山 $HOME');
  mkdirSync(odd);
  await home.git('init', '--quiet', odd);
  const ran = await home.cli(
    ['init', '--yes', '--json', '--scope', 'project', '--platform', 'cursor', '--launcher', 'node'],
    { cwd: odd },
  );
  expect(ran.code).toBe(0);
  expect(readFileSync(path.join(odd, config), 'utf8')).toContain('"loopyard"');
});

test('two inits at once leave whole files, with everything in them after one more', async () => {
  const home = await aHome('cursor,codex,gemini,kiro');
  home.put(config, '{\n  // mine\n  "mcpServers": { "other": { "command": "x" } }\n}\n');
  const both = await Promise.all([home.init(), home.init()]);
  for (const { code } of both) expect([0, 2]).toContain(code);
  expect((await home.init()).code).toBe(0);
  expect(home.text(config)).toContain('// mine');
  expect(home.text(config).match(/"loopyard"/g)).toHaveLength(1);
  expect((await home.init()).report.files).toEqual([]);
});

test('a platform that is misspelt is answered with the nearest, and the list says what there is', async () => {
  const home = await aHome();
  const { code, report } = await home.init('--platform', 'cluade');
  expect([code, report.message]).toEqual([2, expect.stringContaining('Did you mean "claude"?')]);
  await home.init();
  const { stdout } = await home.cli(['platforms', '--json'], { env: { XDG_CONFIG_HOME: '' } });
  const { platforms } = JSON.parse(stdout);
  expect(platforms.find(({ id }: { id: string }) => id === 'cursor')).toMatchObject({
    signs: ['~/.cursor'],
    scopes: { project: { configured: false }, user: { file: home.at(config), configured: true } },
  });
  expect((await home.cli(['platforms'])).stdout).toContain('documented only');
});

test.skipIf(process.platform !== 'linux' || !existsSync('/usr/bin/script'))(
  'Ctrl-C at a question changes nothing',
  async () => {
    const home = await aHome();
    // A terminal, from the program that records sessions; without a width every letter would be a line.
    const line = `stty cols 120 rows 40; '${process.execPath}' '${program}' init --scope user --platform cursor`;
    const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], {
      cwd: home.path,
      env: { ...home.env, XDG_CONFIG_HOME: '' },
      stdio: 'pipe',
    });
    const gone = once(child, 'exit');
    let shown = '';
    let pressed = false;
    child.stdout.on('data', (data) => {
      shown += data;
      if (pressed || !shown.includes('Write this?')) return;
      pressed = true;
      child.stdin.write('\x03');
    });
    expect((await gone)[0]).toBe(130);
    expect(shown).toContain('Nothing was changed.');
    expect(existsSync(home.at('.cursor'))).toBe(false);
  },
);
