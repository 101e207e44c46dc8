import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { logFile } from './adapters/log.ts';
import { plain } from './core/fence.ts';
import { findLoop } from './core/registry.ts';
import { openRendering, type Rendering } from './core/workers/transcript.ts';
import { LoopyardError } from './domain/errors.ts';
import { isEnded } from './domain/loop.ts';
import { doctorUsage } from './edges/cli/doctor/usage.ts';
import { initUsage } from './edges/cli/init/options.ts';
import { platformsUsage } from './edges/cli/init/platforms-usage.ts';
import type { Extra } from './edges/cli/program.ts';
import { configUsage, trustUsage } from './edges/cli/settings/usage.ts';
import type { Terminal } from './edges/cli/terminal.ts';
import type { Front } from './edges/front.ts';

/** What these commands need of the front: how to open a yard, from where, and what init writes of it. */
type Doors = Pick<Front, 'open' | 'env' | 'cwd' | 'home' | 'version' | 'instructions'>;

/** Commands that need a terminal or a process of their own, and so are no tools. */
export function extras(front: Doors): readonly Extra[] {
  return [
    {
      name: 'init',
      description: 'connect the AI clients you use to loopyard; --remove takes it out',
      usage: initUsage,
      run: (args, terminal) => init(front, args, terminal),
    },
    {
      name: 'platforms',
      description: 'the AI clients init knows: found here, configured, tried',
      usage: platformsUsage,
      run: (args, terminal) => platforms(front, args, terminal),
    },
    {
      name: 'doctor',
      description: 'look at everything loopyard stands on and say what is wrong; --fix mends what is safe',
      usage: doctorUsage,
      run: (args, terminal) => doctor(front, args, terminal),
    },
    {
      name: 'config',
      description: 'the settings, where each comes from, and what is wrong with them; or set one',
      usage: configUsage,
      run: async (args, terminal) =>
        (await import('./edges/cli/settings/config.ts')).config(
          settingsWorld(front, terminal),
          args,
          terminal,
        ),
    },
    {
      name: 'trust',
      description: "read and accept what this repository's loopyard.json would run",
      usage: trustUsage,
      run: async (args, terminal) =>
        (await import('./edges/cli/settings/trust.ts')).trust(settingsWorld(front, terminal), args, terminal),
    },
    {
      name: 'logs',
      description: 'print what the newest worker of a loop did, readable; --raw as it was printed',
      usage: '<loop> [--follow] [--raw]',
      run: (args, terminal) => logs(front, args, terminal),
    },
    {
      name: 'attach',
      description: "open a shell in a loop's worktree",
      usage: '<loop>',
      run: (args) => attach(front, args),
    },
    {
      name: 'keeper',
      description: 'who acts for this yard, and what it logged',
      usage: '[--log]',
      run: (args, terminal) => keeper(front, args, terminal),
    },
    {
      name: 'mcp',
      description: 'serve MCP over standard input and output (started by clients)',
      usage: '[--workspace <path>]',
      run: async () => {
        throw new LoopyardError('INVALID_ARGUMENT', 'Say it like this: loopyard mcp [--workspace <path>]');
      },
    },
  ];
}

async function init(front: Doors, args: readonly string[], terminal: Terminal): Promise<number> {
  if (front.env.LOOPYARD_WORKER) {
    throw new LoopyardError('NOT_ALLOWED_HERE', 'A worker does not change how its clients are configured.');
  }
  const [command, clients] = await Promise.all([import('./edges/cli/init/init.ts'), clientWorlds(front)]);
  const interactive = process.stdin.isTTY === true && terminal.stdout.isTTY;
  return command.init((workspace) => clients.at(workspace, interactive), args, clients.platforms, terminal);
}

async function platforms(front: Doors, args: readonly string[], terminal: Terminal): Promise<number> {
  const [command, clients] = await Promise.all([
    import('./edges/cli/init/platforms.ts'),
    clientWorlds(front),
  ]);
  return command.platforms((workspace) => clients.at(workspace, false), args, terminal);
}

async function doctor(front: Doors, args: readonly string[], terminal: Terminal): Promise<number> {
  const [command, { openDoctorWorld }] = await Promise.all([
    import('./edges/cli/doctor/doctor.ts'),
    import('./doctor-world.ts'),
  ]);
  const clients = async (project: string | undefined) => (await clientWorlds(front)).open(project, false);
  return command.doctor((workspace) => openDoctorWorld(front, workspace, clients), args, terminal);
}

/** The clients that can be configured, and how to look at them on this machine. */
async function clientWorlds(front: Doors) {
  const [{ loadScaffolding, openInitWorld, projectAt }, { selfCommand }, { gitFinder }] = await Promise.all([
    import('./init-world.ts'),
    import('./open-yard.ts'),
    import('./adapters/git/finder.ts'),
  ]);
  const bin = selfCommand().args[0] ?? '';
  const scaffolding = loadScaffolding(path.join(path.dirname(bin), '..', 'scaffolding'));
  const open = (project: string | undefined, interactive: boolean) =>
    openInitWorld(front, { scaffolding, bin, project, interactive });
  return {
    platforms: scaffolding.platforms.map(({ id }) => id),
    open,
    async at(workspace: string | undefined, interactive: boolean) {
      const place = path.resolve(front.cwd, workspace ?? (front.env.LOOPYARD_WORKSPACE || '.'));
      return open(await projectAt(() => gitFinder({ env: front.env }).locate(place)), interactive);
    },
  };
}

function settingsWorld(front: Doors, terminal: Terminal) {
  return async (workspace: string | undefined) => {
    const { openSettingsWorld } = await import('./settings-world.ts');
    return openSettingsWorld(front, workspace, process.stdin.isTTY === true && terminal.stdout.isTTY);
  };
}

/**
 * Prints what the newest worker of a loop did and, when following, every worker after it, until the loop has ended:
 * readable, or with --raw as its program printed it. All of a worker is shown before the next one begins.
 */
async function logs(front: Doors, args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = { follow: { type: 'boolean', short: 'f' }, raw: { type: 'boolean' } } as const;
  const { positionals, values } = parsed(args, flags);
  const { runtime: rt } = await opened(front, values.workspace);
  const id = only(positionals, 'logs <loop>');
  let shown: { run: string; offset: number; rendering: Rendering } | undefined;
  const drain = async () => {
    for (; shown; ) {
      const page = await rt.processes.page(shown.run, shown.offset, 65_536);
      if (page.next === shown.offset) return;
      terminal.stdout.write(values.raw ? plain(page.text) : shown.rendering.add(page.text));
      shown.offset = page.next;
    }
  };
  for (;;) {
    const loop = await findLoop(rt, id);
    await drain();
    if (loop.worker !== undefined && loop.worker !== shown?.run) {
      if (shown && !values.raw) terminal.stdout.write(shown.rendering.end());
      const worker = (await rt.store.read()).workers[loop.worker];
      const backend = rt.backends.get(worker?.backend ?? loop.backend);
      shown = { run: loop.worker, offset: 0, rendering: openRendering(backend, rt.clock.now) };
      const who = worker?.name === undefined ? loop.worker : `${worker.name} (${loop.worker})`;
      terminal.stdout.write(`── iteration ${loop.iteration}, ${who}\n`);
      await drain();
    }
    if (!values.follow || isEnded(loop) || terminal.signal.aborted) {
      if (shown && !values.raw) terminal.stdout.write(shown.rendering.end());
      return terminal.signal.aborted ? 130 : 0;
    }
    await rt.clock.sleep(250, terminal.signal);
  }
}

async function attach(front: Doors, args: readonly string[]): Promise<number> {
  const { positionals, values } = parsed(args, {});
  const { runtime: rt } = await opened(front, values.workspace);
  const loop = await findLoop(rt, only(positionals, 'attach <loop>'));
  if (!loop.workspace)
    throw new LoopyardError(
      'WRONG_STATE',
      `The loop ${loop.id} has no working tree now: it is ${loop.state}.`,
    );
  const shell =
    process.platform === 'win32' ? (process.env.ComSpec ?? 'cmd.exe') : (process.env.SHELL ?? 'sh');
  const { execa } = await import('execa');
  const { exitCode, signal } = await execa(shell, {
    cwd: loop.workspace.path,
    stdio: 'inherit',
    reject: false,
  });
  if (exitCode === undefined && signal === undefined) {
    throw new LoopyardError('INVALID_ARGUMENT', `The shell "${shell}" (from SHELL) could not be started.`);
  }
  return exitCode ?? 1;
}

async function keeper(front: Doors, args: readonly string[], terminal: Terminal): Promise<number> {
  const { values } = parsed(args, { log: { type: 'boolean' } });
  const { runtime: rt } = await opened(front, values.workspace);
  if (values.log) {
    terminal.stdout.write(readableLog(rt.files.home));
    return 0;
  }
  const lease = (await rt.store.read()).leases.keeper;
  const holder = lease?.holder;
  if (holder?.kind !== 'process')
    terminal.stdout.write('No keeper is at work; one starts when there is something to do.\n');
  else {
    const alive = rt.processes.liveness(holder.identity);
    terminal.stdout.write(
      `keeper: process ${holder.identity.pid}, ${alive}, epoch ${lease?.epoch}, isolation ${await rt.processes.isolation()}\n`,
    );
  }
  return 0;
}

/** The newest lines of the log, one per event, for people. */
function readableLog(home: string): string {
  let text: string;
  try {
    text = readFileSync(logFile(home), 'utf8');
  } catch {
    return 'Nothing was logged yet.\n';
  }
  return text
    .trimEnd()
    .split('\n')
    .slice(-500)
    .map((line) => {
      try {
        const {
          time,
          level,
          process: name,
          pid: _pid,
          msg,
          ...facts
        } = JSON.parse(line) as Record<string, unknown>;
        const rest = Object.keys(facts).length > 0 ? ` ${JSON.stringify(facts)}` : '';
        return plain(
          `${time} ${level === 50 ? 'ERROR' : level === 40 ? 'WARN ' : 'info '} ${name}: ${msg}${rest}`,
        );
      } catch {
        return plain(line);
      }
    })
    .concat('')
    .join('\n');
}

type Flags = Record<string, { type: 'boolean'; short?: string }>;

function parsed(args: readonly string[], flags: Flags) {
  try {
    const options = { workspace: { type: 'string' as const, short: 'C' }, ...flags };
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
    const { workspace, ...rest } = values as { workspace?: string } & Record<string, boolean | undefined>;
    return {
      positionals,
      values: { ...rest, workspace } as {
        workspace: string | undefined;
        follow?: boolean;
        raw?: boolean;
        log?: boolean;
      },
    };
  } catch (cause) {
    const word = args.find((arg) => arg.startsWith('-') && !Object.hasOwn(flags, arg.replace(/^-+/, '')));
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `This command has no flag "${word ?? args.join(' ')}"; see its --help.`,
      {},
      { cause },
    );
  }
}

function only(positionals: readonly string[], usage: string): string {
  const [first, ...more] = positionals;
  if (first === undefined || more.length > 0)
    throw new LoopyardError('INVALID_ARGUMENT', `Say it like this: loopyard ${usage}`);
  return first;
}

function opened(front: Doors, workspace: string | undefined) {
  return front.open(workspace ?? front.env.LOOPYARD_WORKSPACE ?? front.cwd, 'cli');
}
