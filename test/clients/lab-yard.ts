import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { backend } from '../../src/backends/claude.ts';
import type { Fact } from '../../src/domain/worker/run.ts';
import { type Ended, personEnv, run } from './claude-code.ts';
import { type ScriptedTurn, type Seen, startModelServer } from './model-server.ts';

const probe = fileURLToPath(new URL('probe-server.mjs', import.meta.url));

export interface Worked extends Ended {
  readonly session: string;
  readonly facts: readonly Fact[];
  /** What the model was shown, request by request. */
  readonly seen: readonly Seen[];
  /** The MCP servers that were started: `project` from the project's own file, `worker` from the launch. */
  readonly started: readonly string[];
}

export interface LabYard {
  readonly root: string;
  readonly worktree: string;
  readonly context: string;
  /** Starts a worker as a supervisor does, against a model that follows the turns, and lets it run to its end. */
  work(
    turns: readonly ScriptedTurn[],
    differing?: Readonly<Record<string, string | undefined>>,
  ): Promise<Worked>;
}

/** A worktree with the project's own MCP server, rules and hooks, a context folder and a home; gone after the test. */
export function aLabYard(): LabYard {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'loopyard-lab-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const folder = (name: string) => {
    mkdirSync(join(root, name));
    return join(root, name);
  };
  const [home, worktree, context] = [folder('home'), folder('worktree'), folder('context')];
  const starts = join(root, 'starts.txt');
  const server = (name: string) => ({ command: process.execPath, args: [probe, starts, name], env: {} });
  const mcpServers = { loopyard: server('project'), other: server('project') };
  writeFileSync(join(worktree, '.mcp.json'), JSON.stringify({ mcpServers }));
  writeFileSync(join(worktree, 'CLAUDE.md'), 'House rule: tabs.\n');
  mkdirSync(join(worktree, '.claude'));
  writeFileSync(
    join(worktree, '.claude', 'settings.json'),
    JSON.stringify({ hooks: hooksThat('echo hook >> hooked.txt') }),
  );

  async function work(
    turns: readonly ScriptedTurn[],
    differing: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Worked> {
    const model = await startModelServer([{ opening: /Make the check pass/, conversations: [turns] }]);
    const session = randomUUID();
    const put = backend.nudges || String;
    const promptFile = join(context, 'PROMPT.md');
    writeFileSync(promptFile, 'Make the check pass.\n');
    const order = { worktree, context, model: undefined, command: undefined };
    const launch = backend.launch({ ...order, promptFile, session, server: server('worker') });
    for (const [name, text] of Object.entries(launch.files ?? {})) writeFileSync(join(context, name), text);

    const person = { ...personEnv(home, model.url), ...differing };
    const ended = await run(launch.argv, {
      cwd: worktree,
      env: { ...passedOn(person), ...launch.env },
      stdin: `${put(readFileSync(promptFile, 'utf8'))}\n`,
    });
    await model.close();
    const reader = backend.reader(Date.now);
    return {
      ...ended,
      session,
      facts: ended.stdout.split('\n').flatMap((line) => reader.line(line)),
      seen: model.seen,
      started: existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n') : [],
    };
  }
  return { root, worktree, context, work };
}

function hooksThat(command: string) {
  const hook = [{ hooks: [{ type: 'command', command }] }];
  return { SessionStart: hook, UserPromptSubmit: hook, Stop: hook };
}

/** Only what the supervisor would pass on: the common names and those the backend asks for. */
function passedOn(person: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', ...backend.env];
  const known = names.flatMap((name) => (person[name] === undefined ? [] : [[name, person[name]] as const]));
  return Object.fromEntries(known);
}
