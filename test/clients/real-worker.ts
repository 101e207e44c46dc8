import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, vi } from 'vitest';
import { run } from './claude-code.ts';
import { binFolder } from './install.ts';
import { type ModelServer, type Script, type ScriptedTurn, startModelServer } from './model-server.ts';

const loopyard = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));
const probe = fileURLToPath(new URL('probe-server.mjs', import.meta.url));

/** What ending everything may take on a busy machine, milliseconds. */
const patienceMs = 60_000;

const check = `import { readFileSync } from 'node:fs';
const text = readFileSync('greeting.txt', 'utf8').trim();
if (text !== 'hello') throw new Error('The greeting is wrong: ' + text);
`;

/** What is particular to one program. Paths are relative to the home or the project. */
export interface Person {
  readonly backend: string;
  readonly env?: (modelUrl: string) => Readonly<Record<string, string>>;
  readonly home?: (modelUrl: string, project: string) => Readonly<Record<string, string>>;
  /** The project's own entry for loopyard, in the file this program reads. */
  readonly project: (server: readonly [string, ...string[]]) => Readonly<Record<string, string>>;
}

/** What a test wants differently. */
export interface Differing {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The only programs of agents on its PATH. Default: all. */
  readonly programs?: readonly string[];
  /** Conversations that follow another script than the rest. */
  readonly scripts?: readonly Script[];
}

export interface RealWorker {
  /** Everything of this person lies in there. */
  readonly root: string;
  readonly project: string;
  readonly model: ModelServer;
  /** Names of the MCP servers of the project that were started. */
  started(): string;
  git(...args: readonly string[]): string;
  /** Opens a loop with this backend and returns at once. */
  start(...flags: readonly string[]): Promise<void>;
  /** Runs a command of loopyard in the project and answers what it printed. */
  loopyard(...args: readonly string[]): Promise<string>;
  /** The loop as `status --json` shows it, when it answers to the pattern. */
  shows(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Lets a held loop go on. */
  resume(): Promise<void>;
  /** What each worker used, as `history` tells it. */
  used(): Promise<readonly (string | undefined)[]>;
  stop(): Promise<void>;
}

/**
 * A person with one program, a project that is set up for loopyard, and a model that follows scripts. Under the home of
 * whoever runs the test, because Gemini CLI reads no settings below a folder that everybody may write to, as /tmp is.
 */
export async function aRealWorker(
  person: Person,
  turns: readonly (readonly ScriptedTurn[])[],
  { onTestFinished }: TestContext,
  { settings = {}, programs, scripts: others = [] }: Differing = {},
): Promise<RealWorker> {
  const cache = join(homedir(), '.cache');
  mkdirSync(cache, { recursive: true });
  const root = realpathSync(mkdtempSync(join(cache, 'loopyard-lab-')));
  chmodSync(root, 0o700);
  onTestFinished(
    () => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
    patienceMs,
  );
  const below = (name: string) => join(root, name);
  const [home, project, temp, bin] = [below('home'), below('project'), below('tmp'), below('bin')];
  for (const folder of [home, project, temp, bin]) mkdirSync(folder);
  for (const name of programs ?? readdirSync(binFolder)) symlinkSync(join(binFolder, name), join(bin, name));
  const model = await startModelServer([
    ...others,
    { opening: /You are the worker of iteration/, conversations: turns },
  ]);
  onTestFinished(() => model.close());

  const starts = join(root, 'starts.txt');
  writeFileSync(starts, '');
  write(home, {
    '.config/loopyard/config.json': JSON.stringify({ keeper_idle_seconds: 1, ...settings }),
    '.gitconfig': '[user]\nname = Ada\nemail = ada@example.invalid\n',
    ...person.home?.(model.url, project),
  });
  write(project, {
    'check.mjs': check,
    'greeting.txt': '',
    ...person.project([process.execPath, probe, starts, 'project']),
  });
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: home,
    TMPDIR: temp,
    LANG: 'C.UTF-8',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    NO_PROXY: '127.0.0.1',
    ...person.env?.(model.url),
  };
  const git = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: project, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'start');

  const cli = (...args: readonly string[]) =>
    run([process.execPath, loopyard, ...args], { cwd: project, env, stdin: '' });
  const succeeds = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await cli(...args);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  };
  const stop = async () => {
    await cli('stop', '--all', '--now');
    // Asked and not read from the log: an earlier keeper may have left there too.
    await vi.waitFor(async () => expect((await cli('keeper')).stdout).toContain('No keeper is at work'), {
      timeout: patienceMs,
      interval: 500,
    });
  };
  onTestFinished(stop, patienceMs);

  return {
    root,
    project,
    model,
    started: () => readFileSync(starts, 'utf8'),
    git,
    async start(...flags) {
      const base = ['start', 'greeting.txt says hello', '--id', 'greeting', '--check', 'node check.mjs'];
      await succeeds(...base, '--backend', person.backend, ...flags);
    },
    loopyard: succeeds,
    async shows(pattern, timeoutMs = 150_000) {
      const last = { shown: '' };
      return vi.waitFor(
        async () => {
          last.shown = (await cli('status', 'greeting', '--json')).stdout;
          if (!pattern.test(last.shown)) throw new Error(`The loop shows:\n${last.shown}`);
          return last.shown;
        },
        { timeout: timeoutMs, interval: 500 },
      );
    },
    async resume() {
      await cli('steer', 'greeting', 'resume');
    },
    async used() {
      const { outcomes } = JSON.parse((await cli('history', 'greeting', '--json')).stdout);
      return outcomes.map(({ used }: { used?: string }) => used);
    },
    stop,
  };
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
