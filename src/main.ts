import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorKinds, LoopyardError } from './domain/errors.ts';
import type { ServerFront } from './edges/front.ts';
import type { Listing } from './edges/mcp/schema.ts';
import type { FrontOptions } from './front.ts';
import { isInside } from './inside.ts';
import { mcpLine } from './mcp-line.ts';
import type { ToolRuntime } from './tools/define.ts';

/** Put in by the build. */
declare const LOOPYARD_VERSION: string;
declare const LOOPYARD_INSTRUCTIONS: string;

/** What a keeper that is through gets to write its log and close its files, milliseconds. */
const lastWordsMs = 1_000;

/**
 * The composition root: the only place that knows both the edges and the machine. Every way to start the program loads
 * just its own part, because a client waits for the server and a worker's shim lives as long as the worker.
 */
export async function main(typed: readonly string[]): Promise<void> {
  const argv = await withoutSettings(typed);
  const [command, ...rest] = argv;
  switch (command) {
    case 'shim':
      return shim(rest);
    case 'listings':
      return printListings();
    case 'schema':
      return printSchema();
    case 'keeper':
      if (rest[0] === '--yard') return keeper(rest[1] ?? '');
      return cli(argv);
    default:
      return mcpOrCli(argv);
  }
}

async function shim([directory = '']: readonly string[]): Promise<void> {
  const [{ runShim }, { backends }, { systemClock }] = await Promise.all([
    import('./adapters/processes/shim.ts'),
    import('./backends/index.ts'),
    import('./adapters/clock.ts'),
  ]);
  const reader = (id: string) => backends.find((backend) => backend.id === id)?.reader(systemClock.now);
  await runShim(directory, { reader, clock: systemClock });
}

/** Nobody sees what a keeper prints, so whatever ends it, from a wrong setting on, is in the log. */
async function keeper(commonDir: string): Promise<void> {
  const { openLog } = await import('./adapters/log.ts');
  const log = openLog(path.join(commonDir, 'loopyard'), { name: 'keeper', pid: process.pid });
  try {
    const end = await keep(commonDir);
    log('info', 'keeper left', { end });
  } catch (thrown) {
    log('error', 'keeper failed', { error: thrown instanceof Error ? thrown.stack : String(thrown) });
    process.exitCode = 70;
  }
  // Watchers of the system may hold the loop open for a moment, and the first line of a log loads its writer.
  setTimeout(() => process.exit(), lastWordsMs).unref();
}

/** Removes what killed processes left half-made. */
async function sweepUp({ files, git, clock, log }: ToolRuntime): Promise<void> {
  const { sweep } = await import('./adapters/sweep.ts');
  const removed = await sweep(files.home, git.commonDir, files.place, clock.now());
  if (removed.length > 0) log('info', 'swept up', { removed: removed.slice(0, 20), count: removed.length });
}

async function keep(commonDir: string): Promise<string> {
  const [{ openYard, selfCommand }, { runKeeper }] = await Promise.all([
    import('./open-yard.ts'),
    import('./core/keeper.ts'),
  ]);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  const runtime = await openYard({
    commonDir,
    name: 'keeper',
    env: process.env,
    self: selfCommand(),
    startsKeeper: false,
  });
  // Beside the work, never before it: whoever woke this keeper waits.
  void sweepUp(runtime).catch((thrown) => runtime.log('warn', 'could not sweep', { error: String(thrown) }));
  try {
    return await runKeeper(runtime, stop.signal);
  } finally {
    await runtime.store.close();
  }
}

async function mcpOrCli(argv: readonly string[]): Promise<void> {
  const line = await orRefused(() => mcpLine(argv));
  return line ? mcp(line) : cli(argv);
}

/** A setting on the line wins over the environment, and holds for the keeper that this process may start. */
async function withoutSettings(typed: readonly string[]): Promise<readonly string[]> {
  if (!typed.some((word) => word.startsWith('--set'))) return typed;
  const { settingFlags } = await import('./settings-flags.ts');
  const { argv, env } = await orRefused(() => settingFlags(typed));
  Object.assign(process.env, env);
  return argv;
}

/** For what is read before there is a terminal to report to. */
async function orRefused<T>(read: () => T): Promise<T> {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof LoopyardError)) throw thrown;
    process.stderr.write(`loopyard: ${thrown.message}\n${thrown.hint}\n`);
    process.exit(errorKinds[thrown.kind].exitCode);
  }
}

async function mcp({ workspace }: { workspace?: string }): Promise<void> {
  // Before anything else is loaded: a stray line of a dependency would end the conversation before it began.
  const { claimStdout } = await import('./edges/mcp/stdout.ts');
  claimStdout();
  const [{ serve }, { keepKeepers, openFront }] = await Promise.all([
    import('./edges/mcp/serve.ts'),
    import('./front.ts'),
  ]);
  const bound = boundTo(process.env);
  const inside = isInside(process.env);
  const { front, opened } = openFront(options(inside));
  const stopKeeping = inside ? () => undefined : keepKeepers(opened);
  const role = inside ? 'worker' : 'strategist';
  const code = await serve(inside && !bound ? refusing(front) : front, {
    role,
    listed: listed(role),
    ...(bound ? { bound } : {}),
    ...(workspace === undefined ? {} : { workspace }),
  });
  stopKeeping();
  process.exit(code);
}

async function cli(argv: readonly string[]): Promise<void> {
  const [{ run }, { processTerminal }, { openFront }, { extras }] = await Promise.all([
    import('./edges/cli/run.ts'),
    import('./edges/cli/terminal.ts'),
    import('./front.ts'),
    import('./commands.ts'),
  ]);
  const inside = isInside(process.env);
  const { front } = openFront(options(inside));
  // A worker may look, but it opens, steers and stops nothing: its own server has the tools it needs.
  const all = await front.tools();
  const tools = inside ? all.filter(({ effect }) => effect === 'read') : all;
  process.exit(await run({ ...front, tools, extras: extras(front) }, argv, processTerminal()));
}

function options(inside: boolean): FrontOptions {
  return {
    version: LOOPYARD_VERSION,
    instructions: LOOPYARD_INSTRUCTIONS,
    cwd: process.cwd(),
    home: os.homedir(),
    inside,
  };
}

/** For the build, which writes the lists of tools down so that no start has to make them. */
async function printListings(): Promise<void> {
  const [{ listings }, { tools }] = await Promise.all([
    import('./edges/mcp/schema.ts'),
    import('./tools/index.ts'),
  ]);
  const lists = { strategist: listings(tools, 'strategist'), worker: listings(tools, 'worker') };
  process.stdout.write(JSON.stringify(lists));
}

/** For the build, too: what an editor that opens a file of settings knows about it. */
async function printSchema(): Promise<void> {
  const { configSchema } = await import('./tools/reference.ts');
  process.stdout.write(`${JSON.stringify(configSchema(), undefined, 2)}\n`);
}

function listed(role: 'strategist' | 'worker'): readonly Listing[] {
  return JSON.parse(readFileSync(new URL('../listings.json', import.meta.url), 'utf8'))[role];
}

/** Set in the environment of every worker: its server speaks for that worker and for nobody else. */
function boundTo(env: NodeJS.ProcessEnv): { loop: string; worker: string } | undefined {
  const { LOOPYARD_LOOP: loop, LOOPYARD_WORKER: worker } = env;
  return loop && worker ? { loop, worker } : undefined;
}

/** A worker that hides from its server which loop it belongs to does not become a strategist by that. */
function refusing(front: ServerFront): ServerFront {
  const sentence = 'This server was started by a worker, and is not bound to a live loop.';
  return { ...front, open: () => Promise.reject(new LoopyardError('NOT_ALLOWED_HERE', sentence)) };
}
