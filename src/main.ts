import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Listing } from './edges/mcp/schema.ts';
import type { FrontOptions } from './front.ts';

/** Put in by the build. */
declare const LOOPYARD_VERSION: string;
declare const LOOPYARD_INSTRUCTIONS: string;

/**
 * The composition root: the only place that knows both the edges and the machine. Every way to start the program loads
 * just its own part, because a client waits for the server and a worker's shim lives as long as the worker.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'shim':
      return shim(rest);
    case 'mcp':
      return mcp(rest);
    case 'listings':
      return printListings();
    case 'keeper':
      if (rest[0] === '--yard') return keeper(rest[1] ?? '');
      return cli(argv);
    default:
      return cli(argv);
  }
}

async function shim([directory = '']: readonly string[]): Promise<void> {
  const [{ runShim }, { backends }, { systemClock }] = await Promise.all([
    import('./adapters/processes/shim.ts'),
    import('./backends/index.ts'),
    import('./adapters/clock.ts'),
  ]);
  const reader = (id: string) => backends.find((backend) => backend.id === id)?.read ?? (() => []);
  await runShim(directory, { reader, clock: systemClock });
}

async function keeper(commonDir: string): Promise<void> {
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
  try {
    const end = await runKeeper(runtime, stop.signal);
    runtime.log('info', 'keeper left', { end });
  } catch (thrown) {
    runtime.log('error', 'keeper failed', { error: thrown instanceof Error ? thrown.stack : String(thrown) });
    process.exitCode = 70;
  }
  await runtime.store.close();
  // Watchers of the system may hold the loop open for a moment; the log is written synchronously.
  setTimeout(() => process.exit(), 200).unref();
}

async function mcp(args: readonly string[]): Promise<void> {
  // Before anything else is loaded: a stray line of a dependency would end the conversation before it began.
  const { claimStdout } = await import('./edges/mcp/stdout.ts');
  claimStdout();
  const [{ serve }, { keepKeepers, openFront }] = await Promise.all([
    import('./edges/mcp/serve.ts'),
    import('./front.ts'),
  ]);
  const flag = args.indexOf('--workspace');
  const workspace = flag >= 0 ? args[flag + 1] : undefined;
  const bound = boundTo(process.env);
  const { front, opened } = openFront(options(bound !== undefined));
  const stopKeeping = bound ? () => undefined : keepKeepers(opened);
  const role = bound ? 'worker' : 'strategist';
  const code = await serve(front, {
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
  const bound = boundTo(process.env);
  const { front } = openFront(options(bound !== undefined));
  // A worker may look, but it opens, steers and stops nothing: its own server has the tools it needs.
  const all = await front.tools();
  const tools = bound ? all.filter(({ effect }) => effect === 'read') : all;
  process.exit(await run({ ...front, tools, extras: extras(front) }, argv, processTerminal()));
}

function options(bound: boolean): FrontOptions {
  return {
    version: LOOPYARD_VERSION,
    instructions: LOOPYARD_INSTRUCTIONS,
    cwd: process.cwd(),
    home: os.homedir(),
    bound,
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

function listed(role: 'strategist' | 'worker'): readonly Listing[] {
  return JSON.parse(readFileSync(new URL('../listings.json', import.meta.url), 'utf8'))[role];
}

/** Set in the environment of every worker: its server speaks for that worker and for nobody else. */
function boundTo(env: NodeJS.ProcessEnv): { loop: string; worker: string } | undefined {
  const { LOOPYARD_LOOP: loop, LOOPYARD_WORKER: worker } = env;
  return loop && worker ? { loop, worker } : undefined;
}
