import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { systemClock } from './adapters/clock.ts';
import { placeOf } from './adapters/config/place.ts';
import { openSettings } from './adapters/config/settings.ts';
import { openDependencies } from './adapters/dependencies/dependencies.ts';
import { openFiles } from './adapters/files.ts';
import { openGate } from './adapters/gate/gate.ts';
import { openGit } from './adapters/git/git.ts';
import { readHost } from './adapters/host.ts';
import { liveness, selfIdentity } from './adapters/identity.ts';
import { randomIds } from './adapters/ids.ts';
import { openJournalStore } from './adapters/journal/journal-store.ts';
import { openLog } from './adapters/log.ts';
import { openProcesses } from './adapters/processes/processes.ts';
import { openPrograms } from './adapters/processes/programs.ts';
import { openStock } from './adapters/stock.ts';
import { backends } from './backends/index.ts';
import { keeperStarter } from './core/keeper-presence.ts';
import type { Identity } from './domain/lease.ts';
import type { Clock } from './ports/clock.ts';
import type { Dependencies } from './ports/dependencies.ts';
import type { Log } from './ports/log.ts';
import type { ToolRuntime } from './tools/define.ts';

export interface OpenOptions {
  /** Real path of the git directory all worktrees share. */
  readonly commonDir: string;
  /** Who opens it: `mcp claude-code`, `cli`, `keeper`. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Node and the absolute path of this program. */
  readonly self: { readonly command: string; readonly args: readonly string[] };
  /** A worker's process never starts a keeper: it would end together with the worker. */
  readonly startsKeeper: boolean;
}

/** Puts a yard together for one process: the core's ports, met by this machine. Nothing is written yet. */
export async function openYard({
  commonDir,
  name,
  env,
  self,
  startsKeeper,
}: OpenOptions): Promise<ToolRuntime> {
  const home = path.join(commonDir, 'loopyard');
  const clock = systemClock;
  const identity = selfIdentity();
  const log = openLog(home, { name, pid: process.pid });
  const settings = openSettings({ env, commonDir }, (problem) =>
    log('warn', 'the configuration has become wrong; the last good one holds', { problem }),
  );
  const gate = openGate({
    directory: path.join(home, 'gate'),
    self: identity,
    liveness: (other) => liveness(identity, other),
    clock,
    log,
  });
  const store = await openJournalStore({ directory: home, clock, log, chance: Math.random, gate });
  const place = placeOf(commonDir, settings.current().config.place, env);
  const processes = openProcesses({
    runsDir: path.join(home, 'runs'),
    shimArgv: [self.command, ...self.args, 'shim'],
    keeperArgv: [self.command, ...self.args, 'keeper', '--yard', commonDir],
    env,
    log,
    clock,
    hidden: [commonDir, place, ...(path.basename(commonDir) === '.git' ? [path.dirname(commonDir)] : [])],
  });
  const startKeeper = keeperStarter({ store, processes, log }, () => performance.now());
  return {
    store,
    processes,
    git: openGit({ commonDir, home, gate, log, env: { ...env } }),
    files: openFiles({ home, place }),
    stock: openStock(home, clock),
    dependencies: dependenciesAt(path.join(path.dirname(place), 'dependencies'), {
      home,
      self: identity,
      clock,
      log,
    }),
    clock,
    ids: randomIds,
    log,
    get config() {
      return settings.current().config;
    },
    get project() {
      return settings.current().project;
    },
    backends: new Map(backends.map((backend) => [backend.id, backend])),
    programs: openPrograms(homedir()),
    actor: { name },
    env: Object.fromEntries(
      Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
    host: readHost,
    chance: Math.random,
    self,
    async wakeKeeper() {
      if (startsKeeper) await startKeeper();
    },
  };
}

/** Prepared dependencies serve all repositories of their user, so they have a gate of their own. */
function dependenciesAt(
  folder: string,
  { home, self, clock, log }: { home: string; self: Identity; clock: Clock; log: Log },
): Dependencies {
  const alive = (other: Identity) => liveness(self, other);
  const gate = openGate({ directory: path.join(folder, 'gate'), self, liveness: alive, clock, log });
  return openDependencies({ folder, home, self, liveness: alive, gate, log });
}

/** This program as others can start it, wherever they stand. */
export function selfCommand(): { command: string; args: readonly string[] } {
  return { command: process.execPath, args: [realpathSync(process.argv[1] ?? '')] };
}
