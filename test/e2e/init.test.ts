import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { aProject, program, type ScratchProject } from '../support/scratch-project.ts';

/** A project on a machine with `loopyard` as a command, as after a global installation, or without. */
async function aMachine({ installed = false, inGit = true } = {}) {
  const project = await aProject();
  const bin = project.file('bin');
  await mkdir(bin);
  symlinkSync(process.execPath, path.join(bin, 'node'));
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (existsSync(path.join(folder, 'git'))) symlinkSync(path.join(folder, 'git'), path.join(bin, 'git'));
    if (existsSync(path.join(bin, 'git'))) break;
  }
  if (installed) symlinkSync(program, path.join(bin, 'loopyard'));
  const cwd = inGit ? project.path : project.home;
  const init = async (...args: readonly string[]) =>
    project.cli(['init', ...args], { cwd, env: { PATH: bin, XDG_CONFIG_HOME: '' } });
  return { ...project, bin, init };
}

async function filesBelow(folder: string): Promise<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !file.includes(`${path.sep}.git${path.sep}`) && !file.includes(`${path.sep}.state${path.sep}`),
    );
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [path.relative(folder, file), await readFile(file, 'utf8')])),
  );
}

/** The same with the folders, so that an empty one that stayed behind is seen. */
function foldersBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith('.git') && !name.startsWith('.state'))
    .sort();
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

const homeFiles = {
  '.claude.json': '{"numStartups":3,"mcpServers":{},"projects":{"/x":{"allowedTools":[]}}}',
  '.codex/config.toml': '# mine\nmodel = "x" # best\n\n[mcp_servers.other]\ncommand = "y"',
  '.config/opencode/opencode.jsonc':
    '\ufeff{\r\n  // theirs\r\n  "mcp": {\r\n    "other": { "type": "local", "command": ["x"], },\r\n  },\r\n}\r\n',
  '.cursor/mcp.json': '{}\n',
};

describe('init for the user', () => {
  test('writes, proves, finds nothing to do, and gives back every byte', async () => {
    const machine = await aMachine();
    await write(machine.home, homeFiles);
    const [before, folders] = [await filesBelow(machine.home), foldersBelow(machine.home)];

    const first = await machine.init('--yes', '--json');
    expect(first).toMatchObject({ code: 0 });
    const report = JSON.parse(first.stdout);
    expect(report).toMatchObject({
      scope: 'user',
      launcher: 'node',
      written: true,
      platforms: ['claude', 'codex', 'cursor', 'opencode'].filter((id) => report.platforms.includes(id)),
      notes: [expect.stringContaining('configured for this user instead')],
      untouched: [],
      proof: [{ launch: { args: [program, 'mcp'] }, handshake: { ok: true }, stateless: { ok: true } }],
    });
    expect(report.proof[0].handshake.tools).toContain('start_loop');
    const after = await filesBelow(machine.home);
    expect(after['.codex/config.toml']).toContain('# mine\nmodel = "x" # best\n');
    expect(after['.config/opencode/opencode.jsonc']).toContain('    "loopyard": {\r\n');
    expect(await filesBelow(machine.path)).not.toHaveProperty('.mcp.json');

    const second = await machine.init('--yes', '--no-verify');
    expect(second.stdout).toContain('Nothing to do.');
    expect(await filesBelow(machine.home)).toEqual(after);

    expect((await machine.init('--remove', '--yes')).code).toBe(0);
    expect(await filesBelow(machine.home)).toEqual(before);
    expect(foldersBelow(machine.home)).toEqual(folders);
  });

  test('works outside git, and says so', async () => {
    const machine = await aMachine({ inGit: false });
    const { code, stdout } = await machine.init('--yes', '--platform', 'codex');
    expect([code, stdout]).toEqual([0, expect.stringContaining('in no git repository')]);
    expect(await machine.init('--yes', '--platform', 'codex', '--scope', 'project')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Outside git only --scope user is possible.'),
    });
  });

  test('is taken out once where the home itself is a repository', async () => {
    const machine = await aMachine({ inGit: false });
    const before = await filesBelow(machine.home);
    await machine.git('init', '--quiet', '--template=', machine.home);
    await machine.init('--yes', '--no-verify', '--scope', 'user', '--platform', 'codex,cursor');
    const removal = await machine.init('--remove', '--yes');
    expect([removal.code, await filesBelow(machine.home)]).toEqual([0, before]);
  });

  test('takes out exactly its own after the person wrote around it', async () => {
    const machine = await aMachine();
    await write(machine.home, { '.cursor/mcp.json': '{}\n', '.codex/config.toml': 'a = 1\n' });
    await machine.init('--yes', '--no-verify', '--platform', 'cursor,codex');
    const file = (name: string) => path.join(machine.home, name);
    const cursor = await readFile(file('.cursor/mcp.json'), 'utf8');
    await writeFile(
      file('.cursor/mcp.json'),
      cursor.replace('"mcpServers": {', '"mcpServers": {\n    // mine\n    "other": { "command": "x" },'),
    );
    const codex = await readFile(file('.codex/config.toml'), 'utf8');
    await writeFile(file('.codex/config.toml'), `# first\n${codex}\n# last\n[b]\nc = 1\n`);
    expect((await machine.init('--remove', '--yes')).code).toBe(0);
    expect(await filesBelow(machine.home)).toMatchObject({
      '.cursor/mcp.json': '{\n  "mcpServers": {\n    // mine\n    "other": { "command": "x" }\n  }\n}\n',
      '.codex/config.toml': '# first\na = 1\n\n# last\n[b]\nc = 1\n',
    });
  });
});

test('init killed at any moment leaves every file old or new, and the next one and the removal are whole', async () => {
  const machine = await aMachine();
  await write(machine.home, homeFiles);
  const flags = ['--yes', '--no-verify', '--platform', 'claude,codex,cursor,opencode,gemini,kiro'];
  const [before, folders] = [await filesBelow(machine.home), foldersBelow(machine.home)];
  await machine.init(...flags);
  const after = await filesBelow(machine.home);
  const env = { ...machine.env, PATH: machine.bin, XDG_CONFIG_HOME: '' };
  const stages = new Set<number>();
  for (let round = 0; round < 5; round += 1) {
    expect((await machine.init('--remove', '--yes')).code).toBe(0);
    expect(await filesBelow(machine.home)).toEqual(before);
    expect(foldersBelow(machine.home)).toEqual(folders);
    const child = spawn(process.execPath, [program, 'init', ...flags], {
      cwd: machine.path,
      env,
      stdio: 'pipe',
    });
    // The plan is printed before the first file is written; what comes after it takes some milliseconds per file.
    const gone = once(child, 'exit');
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, round * 15));
    child.kill('SIGKILL');
    await gone;
    const found = await filesBelow(machine.home);
    const whole = Object.entries(found).filter(([name]) => !name.includes('.loopyard-'));
    for (const [name, text] of whole) expect([before[name], after[name]]).toContain(text);
    stages.add(whole.filter(([name, text]) => text === after[name]).length);
  }
  expect(stages.size).toBeGreaterThan(1);
  expect((await machine.init(...flags)).code).toBe(0);
  expect(await filesBelow(machine.home)).toEqual(after);
}, 240_000);

describe('init for a project', () => {
  const chosen = ['--platform', 'claude,codex,opencode,gemini,cursor'];

  test('names no path of this machine, from a folder below and in a linked worktree alike', async () => {
    const machine = await aMachine({ installed: true });
    await mkdir(path.join(machine.path, 'below'));
    const [before, folders] = [await filesBelow(machine.path), foldersBelow(machine.path)];
    const from = (cwd: string, ...args: readonly string[]) =>
      machine.cli(['init', ...args], { cwd, env: { PATH: machine.bin } });

    const { code, stdout } = await from(path.join(machine.path, 'below'), '--yes', '--json', ...chosen);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      scope: 'project',
      launcher: 'bin',
      proof: [
        { launch: { command: 'loopyard', args: ['mcp'] }, handshake: { ok: true }, stateless: { ok: true } },
      ],
    });
    const after = await filesBelow(machine.path);
    expect(
      Object.keys(after)
        .filter((name) => !(name in before))
        .sort(),
    ).toEqual([
      '.agents/skills/loopyard/SKILL.md',
      '.claude/commands/loop.md',
      '.claude/skills/loopyard/SKILL.md',
      '.codex/config.toml',
      '.cursor/commands/loop.md',
      '.cursor/mcp.json',
      '.cursor/rules/loopyard.mdc',
      '.gemini/commands/loop.toml',
      '.gemini/settings.json',
      '.mcp.json',
      '.opencode/commands/loop.md',
      'AGENTS.md',
      'GEMINI.md',
      'opencode.json',
    ]);
    for (const text of Object.values(after)) expect(text).not.toContain(machine.root);
    expect(after['.agents/skills/loopyard/SKILL.md']).toBe(after['.claude/skills/loopyard/SKILL.md']);

    await machine.git('add', '--all');
    await machine.git('commit', '--quiet', '-m', 'loopyard');
    const linked = machine.file('linked');
    await machine.git('worktree', 'add', '--quiet', linked);
    expect((await from(linked, '--yes', '--no-verify', ...chosen)).stdout).toContain('Nothing to do.');
    // Nothing is remembered of a file in the new worktree, and still nothing stays.
    expect((await from(linked, '--remove', '--yes')).code).toBe(0);
    expect(await filesBelow(linked)).toMatchObject(before);
    expect(
      Object.keys(await filesBelow(linked))
        .filter((name) => name !== '.git')
        .sort(),
    ).toEqual(Object.keys(before).sort());

    expect((await from(machine.path, '--remove', '--yes')).code).toBe(0);
    expect(await filesBelow(machine.path)).toEqual(before);
    expect(foldersBelow(machine.path)).toEqual(folders);
  });

  test('is refused when only a path of this machine could start it, unless that is wanted', async () => {
    const machine = await aMachine();
    const before = await filesBelow(machine.path);
    const refused = await machine.init('--yes', '--scope', 'project', '--platform', 'claude');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('Use --scope user') });
    expect(await filesBelow(machine.path)).toEqual(before);
    const wanted = await machine.init(
      '--yes',
      '--scope',
      'project',
      '--platform',
      'claude',
      '--launcher',
      'node',
    );
    expect(wanted).toMatchObject({ code: 0, stdout: expect.stringContaining('Do not commit them.') });
  });

  test('leaves what it cannot read or write alone, says where, and does the rest', async () => {
    const machine = await aMachine({ installed: true });
    await write(machine.path, {
      '.mcp.json': '{\n  "mcpServers": {,}\n}\n',
      '.codex/config.toml': 'a = 1\nb = [\n',
      '.gemini/settings.json': '{}',
    });
    chmodSync(path.join(machine.path, '.gemini/settings.json'), 0o444);
    symlinkSync(path.join(machine.home, 'gitconfig'), path.join(machine.path, 'AGENTS.md'));
    const before = { ...(await filesBelow(machine.path)), ...(await filesBelow(machine.home)) };
    const { code, stdout } = await machine.init('--yes', '--json', '--no-verify', ...chosen);
    expect(code).toBe(2);
    const { untouched } = JSON.parse(stdout);
    const place = (name: string) => path.join(machine.path, name);
    expect(untouched).toMatchObject(
      [
        { path: place('.mcp.json'), line: 2, column: 18 },
        { path: place('AGENTS.md'), because: expect.stringContaining('leads out of the project') },
        { path: place('.codex/config.toml'), line: 2 },
        { path: place('.gemini/settings.json'), because: 'It is read-only.' },
      ].toSorted((a, b) => order(untouched, a.path) - order(untouched, b.path)),
    );
    const after = { ...(await filesBelow(machine.path)), ...(await filesBelow(machine.home)) };
    expect(after).toMatchObject(before);
    expect(after).toHaveProperty(['.cursor/mcp.json']);
  });
});

describe('the loopyard.json of init', () => {
  const flags = ['--yes', '--no-verify', '--platform', 'cursor'];

  test('names the detected checks with their reasons, is trusted, and is gone with the last client', async () => {
    const machine = await aMachine({ installed: true });
    await machine.commit({ 'package.json': '{"scripts":{"test":"node check.mjs"}}' });
    const before = await filesBelow(machine.path);
    const shown = await machine.init('--dry-run', '--platform', 'cursor');
    expect(shown.stdout).toContain('npm test because package.json has the script test: node check.mjs');
    expect(shown.stdout).toContain('+    "test": "npm test"');

    expect((await machine.init(...flags)).stdout).toContain('counts as trusting');
    const file = path.join(machine.path, 'loopyard.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ checks: { test: 'npm test' } });
    const trust = await machine.cli(['trust', '--json'], { cwd: machine.path });
    expect(JSON.parse(trust.stdout)).toMatchObject({ state: 'trusted' });
    expect((await machine.init(...flags)).stdout).toContain('Nothing to do.');

    await machine.init(...flags, '--platform', 'kiro');
    await machine.init('--remove', '--yes', '--platform', 'kiro');
    expect(existsSync(file)).toBe(true);
    expect((await machine.init('--remove', '--yes')).code).toBe(0);
    expect(await filesBelow(machine.path)).toEqual(before);
    const listed = await machine.cli(['trust', '--list', '--json'], { cwd: machine.path });
    expect(listed.stdout).not.toContain('loopyard.json');
  });

  test('is not touched, and not trusted, when somebody else wrote it, nor taken out when edited', async () => {
    const machine = await aMachine({ installed: true });
    const theirs = '{ "checks": { "evil": "rm -rf ." } }';
    await machine.commit({ 'package.json': '{"scripts":{"test":"x"}}', 'loopyard.json': theirs });
    expect((await machine.init(...flags)).stdout).toContain('loopyard trust');
    const file = path.join(machine.path, 'loopyard.json');
    expect(await readFile(file, 'utf8')).toBe(theirs);
    const listed = await machine.cli(['trust', '--list', '--json'], { cwd: machine.path });
    expect(listed.stdout).not.toContain('loopyard.json');

    await machine.git('rm', '--quiet', 'loopyard.json');
    await machine.init(...flags, '--no-checks');
    expect(existsSync(file)).toBe(false);
    await machine.init(...flags);
    await writeFile(file, (await readFile(file, 'utf8')).replace('npm test', 'npm run all'));
    expect((await machine.init('--remove', '--yes')).stdout).toContain('was edited since');
    expect(await readFile(file, 'utf8')).toContain('npm run all');
  });
});

describe('init without a yes', () => {
  async function nothingHappens(machine: ScratchProject, ran: () => Promise<{ code: number }>) {
    const before = { ...(await filesBelow(machine.path)), ...(await filesBelow(machine.home)) };
    const { code } = await ran();
    expect({ ...(await filesBelow(machine.path)), ...(await filesBelow(machine.home)) }).toEqual(before);
    expect(existsSync(path.join(machine.home, '.state'))).toBe(false);
    return code;
  }

  test('shows the difference and writes nothing', async () => {
    const machine = await aMachine({ installed: true });
    const dry = () => machine.init('--dry-run', '--platform', 'cursor');
    expect(await nothingHappens(machine, dry)).toBe(0);
    expect((await dry()).stdout).toContain('+      "command": "loopyard",');
    expect(await nothingHappens(machine, () => machine.init('--platform', 'cursor'))).toBe(2);
    expect(await nothingHappens(machine, () => machine.init('--yes'))).toBe(2);
    expect(await nothingHappens(machine, () => machine.init('--yes', '--platform', 'curser'))).toBe(2);
    expect(await nothingHappens(machine, () => machine.init('--remove', '--yes'))).toBe(0);
  });

  test('says one thing when a program asks', async () => {
    const machine = await aMachine({ installed: true });
    const refused = await machine.init('--json', '--platform', 'cursor');
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([2, { error: 'INVALID_ARGUMENT' }]);
    const nothing = await machine.init('--json', '--yes', '--remove');
    expect([nothing.code, JSON.parse(nothing.stdout)]).toMatchObject([0, { written: false, files: [] }]);
    const dry = await machine.init('--json', '--dry-run', '--platform', 'cursor');
    expect(JSON.parse(dry.stdout)).toMatchObject({
      written: false,
      files: [{ change: 'create' }, {}, {}, {}],
    });
  });

  test('is no business of a worker', async () => {
    const machine = await aMachine({ installed: true });
    const env = { LOOPYARD_LOOP: 'x-1234', LOOPYARD_WORKER: 'w-1234' };
    const asked = () => machine.cli(['init', '--yes', '--platform', 'cursor'], { env });
    expect(await nothingHappens(machine, asked)).toBe(2);
  });
});

function order(untouched: readonly { path: string }[], file: string): number {
  return untouched.findIndex((one) => one.path === file);
}
