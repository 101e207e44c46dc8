import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { aProject, program } from '../support/scratch-project.ts';
import { run } from './claude-code.ts';
import { binFolder } from './install.ts';
import { startModelServer, type Turn } from './model-server.ts';
import { openCodeSettings } from './people.ts';

interface Client {
  readonly id: string;
  /** Files of the home that point the client at the scripted model and trust the project. */
  readonly home: (modelUrl: string, project: string) => Readonly<Record<string, string>>;
  readonly env: (modelUrl: string) => Readonly<Record<string, string>>;
  /** What it says of the server right after init, in a project nobody has approved and for the user. */
  readonly says: { readonly project: string; readonly user: string };
  /** The command line of one request. */
  readonly asks: (prompt: string) => readonly [string, ...string[]];
  readonly status: Turn;
  /** What a person does after init in a project, beyond trusting it. */
  readonly approves?: readonly [string, ...string[]];
  /** From where the model is let call `status`: only what each can do, and what is worth its time. */
  readonly asksFrom: readonly ('top' | 'below' | 'user')[];
}

beforeAll(() => {
  // Gemini CLI reads no settings below a folder that everybody may write to, as the system's temporary one is.
  const cache = join(homedir(), '.cache');
  mkdirSync(cache, { recursive: true });
  vi.stubEnv('TMPDIR', cache);
});

const clients: readonly Client[] = [
  {
    id: 'claude',
    home: () => ({}),
    env: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'sk-ant-scripted' }),
    says: { project: 'pending', user: 'connected' },
    asks: (prompt) => ['claude', '-p', prompt, '--allowedTools', 'mcp__loopyard'],
    status: { call: 'mcp__loopyard__status', with: {} },
    asksFrom: ['top', 'below', 'user'],
  },
  {
    id: 'codex',
    home: (url, project) => ({
      '.codex/config.toml': `# mine
model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "${url}/v1"
wire_api = "responses"
experimental_bearer_token = "sk-scripted"
request_max_retries = 0
[analytics]
enabled = false
[projects."${project}"]
trust_level = "trusted"
`,
    }),
    env: () => ({}),
    says: { project: 'listed', user: 'listed' },
    asks: (prompt) => ['codex', 'exec', '--json', '--skip-git-repo-check', prompt],
    status: { call: 'status', namespace: 'mcp__loopyard', with: {} },
    // For a user it is not required, and a first request can be quicker than the server.
    asksFrom: ['top', 'below'],
  },
  {
    id: 'opencode',
    home: (url) => ({ '.config/opencode/opencode.json': JSON.stringify(openCodeSettings(url)) }),
    env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }),
    says: { project: 'connected', user: 'connected' },
    asks: (prompt) => ['opencode', 'run', '--format', 'json', prompt],
    status: { call: 'loopyard_status', with: {} },
    asksFrom: ['top'],
  },
  {
    id: 'gemini',
    home: (_url, project) => ({
      '.gemini/settings.json': `{
  // mine
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "privacy": { "usageStatisticsEnabled": false }
}`,
      '.gemini/trustedFolders.json': JSON.stringify({ [project]: 'TRUST_FOLDER' }),
    }),
    env: (url) => ({
      GEMINI_API_KEY: 'scripted-key',
      GOOGLE_GEMINI_BASE_URL: url,
      GEMINI_CLI_NO_RELAUNCH: 'true',
    }),
    says: { project: 'connected', user: 'connected' },
    asks: (prompt) => ['gemini', '--approval-mode', 'yolo', '-m', 'gemini-3.1-pro-preview', '-p', prompt],
    status: { call: 'mcp_loopyard_status', with: {} },
    asksFrom: ['top'],
  },
  {
    id: 'qwen',
    home: () => ({
      '.qwen/settings.json': JSON.stringify({
        security: { auth: { selectedType: 'openai' } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
        model: { name: 'big' },
      }),
    }),
    env: (url) => ({ OPENAI_API_KEY: 'sk-scripted', OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: 'big' }),
    says: { project: 'pending', user: 'connected' },
    asks: (prompt) => ['qwen', '--approval-mode', 'yolo', '-p', prompt],
    status: { call: 'mcp__loopyard__status', with: {} },
    approves: ['qwen', 'mcp', 'approve', 'loopyard'],
    // Its first request has been seen both with our tools and before they were there.
    asksFrom: [],
  },
];

/** A person with one client, a scripted model behind it, and loopyard as a command. */
async function aPerson(client: Client, { onTestFinished }: TestContext) {
  const project = await aProject();
  const model = await startModelServer([
    { opening: /How do the loops stand/, conversations: [[client.status, { say: 'So they stand.' }]] },
  ]);
  onTestFinished(() => model.close());
  const bin = project.file('bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'loopyard'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  });
  const below = join(project.path, 'below');
  mkdirSync(below);
  for (const [name, text] of Object.entries(client.home(model.url, project.path))) {
    mkdirSync(dirname(join(project.home, name)), { recursive: true });
    writeFileSync(join(project.home, name), text);
  }
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    ...project.env,
    PATH: [bin, binFolder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    XDG_CONFIG_HOME: join(project.home, '.config'),
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    NO_PROXY: '127.0.0.1',
    ...client.env(model.url),
  };
  const init = async (...args: readonly string[]) => {
    const { code, stdout } = await project.cli(
      ['init', '--yes', '--json', '--platform', client.id, ...args],
      { env },
    );
    return { code, report: JSON.parse(stdout) };
  };
  /** One request from a folder; what the model got back of its call. */
  const asks = async (cwd: string) => {
    const from = model.seen.length;
    const ended = await run(client.asks('How do the loops stand?'), { cwd, env, stdin: '' });
    const results = model.seen.slice(from).flatMap((seen) => seen.results);
    if (results.length === 0) throw new Error(`${ended.stdout}\n${ended.stderr}`);
    return results.at(-1);
  };
  const does = (line: readonly [string, ...string[]]) => run(line, { cwd: project.path, env, stdin: '' });
  return { ...project, below, model, init, asks, does };
}

describe.each(clients.map((client) => [client.id, client] as const))('init for %s', (_, client) => {
  test('in a project: what it writes is read, and the model reaches the loops', async (context) => {
    const person = await aPerson(client, context);
    const { code, report } = await person.init('--scope', 'project');
    expect([code, report.clients]).toMatchObject([0, [{ state: client.says.project }]]);
    expect(report.steps.length).toBe(client.says.project === 'connected' ? 0 : 1);
    if (client.approves) await person.does(client.approves);
    for (const place of ['top', 'below'] as const) {
      if (!client.asksFrom.includes(place)) continue;
      const cwd = place === 'top' ? person.path : person.below;
      expect(await person.asks(cwd)).toContain('No loop is open');
    }
  });

  test('for a user: the same, and nothing of theirs is lost', async (context) => {
    const person = await aPerson(client, context);
    const own = Object.keys(client.home('', ''))[0];
    const { code, report } = await person.init('--scope', 'user');
    expect([code, report.clients]).toMatchObject([0, [{ state: client.says.user }]]);
    if (own) expect(readFileSync(join(person.home, own), 'utf8')).toMatch(/mine|scripted|openai/);
    if (client.asksFrom.includes('user')) expect(await person.asks(person.path)).toContain('No loop is open');
  });
});

test('Claude Code waits for approval of a project, and connects from a folder below it afterwards', async (context) => {
  const [claude] = clients;
  if (!claude) throw new Error('There is no client.');
  const person = await aPerson(claude, context);
  await person.init('--scope', 'project');
  mkdirSync(join(person.home, '.claude'), { recursive: true });
  writeFileSync(join(person.home, '.claude', 'settings.json'), '{"enabledMcpjsonServers":["loopyard"]}');
  const { report } = await person.init('--scope', 'project');
  expect(report).toMatchObject({ files: [], clients: [{ state: 'connected' }], steps: [] });
});

test('Claude Code shows its model the skill and the rules, and takes our /loop for its own', async (context) => {
  const [claude] = clients;
  if (!claude) throw new Error('There is no client.');
  const person = await aPerson(claude, context);
  await person.init('--scope', 'project');
  await person.does(claude.asks('/loop How do the loops stand?'));
  const shown = person.model.seen[0]?.opening ?? '';
  expect(shown).toContain('Run a loopyard loop for this goal: How do the loops stand?');
  expect(shown).toContain('loopyard: Runs coding loops until their checks pass');
  expect(shown).toContain('Before opening a loop read the skill');
});
