import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openDependencies } from '../../src/adapters/dependencies/dependencies.ts';
import { openFiles } from '../../src/adapters/files.ts';
import { openGate } from '../../src/adapters/gate/gate.ts';
import { liveness, selfIdentity } from '../../src/adapters/identity.ts';
import { randomIds } from '../../src/adapters/ids.ts';
import { makeRoom, type Room } from '../../src/core/rooms/pristine.ts';
import type { Runtime } from '../../src/core/runtime.ts';
import type { Identity, Liveness } from '../../src/domain/lease.ts';
import { Config } from '../../src/domain/settings/config.ts';
import { emptyYard } from '../../src/domain/yard.ts';
import { aDirectory, aRepository, type TestRepository } from './git-repo.ts';
import { opened } from './open-git.ts';
import { aRealWorld, realClock } from './real-processes.ts';

export interface DependencyWorld {
  readonly repo: TestRepository;
  readonly rt: Runtime;
  /** Where the cache is. */
  readonly cache: string;
  readonly logged: string[];
  readonly runsDir: string;
  tree(ref?: string): Promise<string>;
  /** A room with the files of HEAD, under a name of its own. */
  room(): Promise<Room>;
  /** Another keeper on the same machine, with a repository of its own or with the same. */
  beside(files?: Readonly<Record<string, string>>): Promise<DependencyWorld>;
}

export interface WorldOptions {
  readonly config?: Record<string, unknown>;
  readonly root?: string;
  readonly repo?: TestRepository;
  liveness?(identity: Identity): Liveness;
}

/** Real git, real processes, a real cache in a folder of its own, as `openYard` puts them together. */
export async function aDependencyWorld(
  files: Readonly<Record<string, string>>,
  options: WorldOptions = {},
): Promise<DependencyWorld> {
  const root = options.root ?? (await aDirectory());
  const repo = options.repo ?? (await aRepository({ files }));
  const { git, home } = await opened(repo);
  const place = await mkdtemp(join(root, 'yard-'));
  const cache = join(root, 'dependencies');
  const { processes, runsDir } = await aRealWorld();
  const self = selfIdentity();
  const logged: string[] = [];
  const log = (_level: string, message: string) => void logged.push(message);
  const alive = options.liveness ?? ((other: Identity) => liveness(self, other));
  const gate = openGate({ directory: join(cache, 'gate'), self, liveness: alive, clock: realClock, log });
  const rt = {
    git,
    processes,
    files: openFiles({ home, place }),
    dependencies: openDependencies({ folder: cache, home, self, liveness: alive, gate, log }),
    clock: realClock,
    ids: randomIds,
    log,
    config: Config.parse(options.config ?? {}),
    env: Object.fromEntries(
      Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    ),
    self: { command: process.execPath, args: ['--version'] },
    actor: { name: 'test' },
    store: { read: async () => emptyYard },
  } as unknown as Runtime;
  let rooms = 0;
  return {
    repo,
    rt,
    cache,
    logged,
    runsDir,
    tree: async (ref = 'HEAD') => git.treeOf((await git.resolve(ref)) ?? ''),
    async room() {
      rooms += 1;
      return makeRoom(rt, `r-${rooms}`, await git.treeOf((await git.resolve('HEAD')) ?? ''), 'project');
    },
    beside: (others) => aDependencyWorld(others ?? {}, { ...options, root, ...(others ? {} : { repo }) }),
  };
}
