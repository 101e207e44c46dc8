import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openFiles } from '../../src/adapters/files.ts';
import { runKeeper } from '../../src/core/keeper.ts';
import type { Runtime } from '../../src/core/runtime.ts';
import { askToEnd } from '../../src/core/workers/stopping.ts';
import { LoopyardError } from '../../src/domain/errors.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import type { LoopPlan } from '../../src/domain/loop.ts';
import { defaultConfig } from '../../src/domain/settings/config.ts';
import { takenBlocks } from '../../src/domain/settings/ports.ts';
import type { Yard } from '../../src/domain/yard.ts';
import type { Git } from '../../src/ports/git.ts';
import { aDirectory, aRepository, type TestRepository } from './git-repo.ts';
import { opened } from './open-git.ts';
import { eventually } from './real-processes.ts';
import { anIdentity, aScriptedRuntime, type Machine } from './scripted-runtime.ts';
import { aPlan, aRunEnd, aYard, loopIn } from './yard-builder.ts';

/**
 * One loop on its way from nothing to its first worker, in real git with real files; the store and the processes are
 * those of tests. Every call by which a keeper changes anything is counted, and one of them can meet a fate.
 */

/**
 * `killed`: the call is made, and its keeper never hears of it. `torn`: the keeper goes with a part of it done. `fails`:
 * nothing is done, and the keeper is told so.
 */
export type Fate = 'killed' | 'torn' | 'fails';

export interface Blow {
  readonly call: string;
  /** Which call of this name, from 1 on. */
  readonly nth: number;
  readonly fate: Fate;
}

export interface SpawningWorld {
  readonly repo: TestRepository;
  readonly machine: Machine;
  readonly rt: Runtime;
  /** What the keepers did so far, in order: `git.addWorktree`, `files.write PROMPT.md`. */
  readonly calls: readonly string[];
  /** Runs keepers, one after the other as each meets its fate, until something is so. Workers end at once. */
  keep(isSo: (yard: Yard) => boolean, blow?: Blow): Promise<void>;
  record(...events: readonly YardEvent[]): Promise<void>;
  /** A person wants the loop to end at once. */
  stop(): Promise<void>;
  /** What the loop was told of failures, newest last. */
  told(): Promise<readonly string[]>;
}

/** Each port's calls that change something, and how each says that it could not. */
const effects: Readonly<Record<string, { calls: readonly string[]; fails: () => LoopyardError }>> = {
  store: { calls: ['transact'], fails: () => new LoopyardError('DISK_FULL', 'The journal found no space.') },
  git: {
    calls: ['addWorktree', 'removeWorktree', 'updateRefs', 'settleWorktree', 'snapshot', 'followBranch'],
    fails: () => new LoopyardError('GIT_FAILED', 'Git is broken.'),
  },
  files: {
    calls: ['write', 'remove', 'makeDirectory', 'move'],
    fails: () => new LoopyardError('DISK_FULL', 'The files found no space.'),
  },
  processes: {
    calls: ['start', 'stop'],
    fails: () => new LoopyardError('DISK_FULL', 'The run directory found no space.'),
  },
};

export async function aSpawningWorld(
  plan: Partial<LoopPlan> = {},
  differing: Partial<Runtime> = {},
): Promise<SpawningWorld> {
  const repo = await aRepository();
  const { git, home } = await opened(repo);
  const base = (await git.head(repo.path)).commit ?? '';
  const limits = { ...aPlan.limits, iterations: 1 };
  const wish = { ...aPlan, base, checkout: { path: repo.path, key: 'repo' }, limits, ...plan };
  const scripted = aScriptedRuntime(aYard().withLoop({ plan: wish, workspace: 'none' }).build());
  const { machine } = scripted;
  let ids = 0;
  const rt: Runtime = {
    ...scripted.rt,
    git,
    files: openFiles({ home, place: await aDirectory() }),
    config: { ...defaultConfig, worktree_dependencies: false, room_pool: 0, ports: '42000-42063' },
    ids: { next: (prefix) => `${prefix}-${++ids}`, suffix: () => 'abcd', uuid: () => `uuid-${++ids}` },
    dependencies: {
      ...scripted.rt.dependencies,
      copyFiles: async () => ({ copied: [], skipped: [] }),
      linkPaths: async () => [],
    },
    ...differing,
  };
  const calls: string[] = [];
  const dead = new Set<number>();
  let keepers = 0;

  const keep: SpawningWorld['keep'] = async (isSo, blow) => {
    const over = new AbortController();
    let fate = blow;
    let started = 0;
    let present: { over: boolean } | undefined;
    const begin = () => {
      const keeper = { over: false };
      present = keeper;
      const pid = 1_000 + ++keepers;
      started += 1;
      const watched = aMortal(rt, {
        pid,
        dead,
        meets(call) {
          calls.push(call);
          const nth = calls.filter((one) => one === call).length;
          if (call !== fate?.call || nth !== fate.nth) return undefined;
          const met = fate.fate;
          fate = undefined;
          if (met !== 'fails') keeper.over = true;
          return met;
        },
      });
      const ended = () => {
        keeper.over = true;
      };
      runKeeper(watched, over.signal).then(ended, ended);
      return pid;
    };
    let pid = begin();
    try {
      await eventually(async () => {
        machine.now += 1_000;
        if (present?.over) {
          dead.add(pid);
          if (started > 5) throw new Error('Keepers die without a reason.');
          pid = begin();
        }
        for (const [id, { phase }] of machine.runs)
          if (phase === 'starting' || phase === 'running')
            machine.runs.set(id, { phase: 'ended', end: aRunEnd, facts: [] });
        return isSo(await rt.store.read());
      }, 30_000);
    } finally {
      over.abort();
      await eventually(() => present?.over);
      dead.add(pid);
    }
  };

  return {
    repo,
    machine,
    rt,
    calls,
    keep,
    record: (...events) =>
      rt.store.transact(rt.actor, (tx) => events.forEach((event) => void tx.record(event))),
    stop: () =>
      rt.store.transact(rt.actor, (tx) => {
        const request = { id: 'stop-1', reason: 'enough', by: 'test', graceMs: 0 };
        askToEnd(tx, loopIn(tx.yard), request);
      }),
    async told() {
      const records = await rt.store.history(0, 10_000);
      return records.flatMap(({ events }) =>
        events.flatMap((event) =>
          event.type === 'loop.infrastructure_failed' || event.type === 'loop.worker_lost'
            ? [event.reason]
            : [],
        ),
      );
    },
  };
}

interface Mortal {
  readonly pid: number;
  readonly dead: Set<number>;
  meets(call: string): Fate | undefined;
}

/** The ports as one keeper has them: once it is dead, none of its calls does anything or comes back. */
function aMortal(rt: Runtime, { pid, dead, meets }: Mortal): Runtime {
  const never = new Promise<never>(() => undefined);
  let isDead = false;
  const mortal = <T extends object>(name: string, port: T): T =>
    new Proxy(port, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const effect = effects[name];
        const counts = effect?.calls.includes(String(key)) ?? false;
        if (key === 'join' || key === 'now' || key === 'liveness') return value.bind(target);
        if (key === 'watch' || key === 'changes') return value.bind(target);
        return async (...args: readonly unknown[]) => {
          if (isDead) return never;
          const what = typeof args[0] === 'string' ? ` ${args[0].split('/').at(-1)}` : '';
          const fate = counts ? meets(`${name}.${String(key)}${what}`) : undefined;
          if (fate === 'fails') throw effect?.fails();
          if (isDead) return never;
          if (fate !== undefined) isDead = true;
          const result: unknown =
            fate === 'torn' ? await half(rt, args[0]) : await Reflect.apply(value, target, args);
          return isDead ? never : result;
        };
      },
    });
  const self = { ...anIdentity, pid };
  const processes = Object.create(mortal('processes', rt.processes), {
    self: { value: self },
    liveness: { value: (other: { pid: number }) => (dead.has(other.pid) ? 'dead' : 'alive') },
  });
  return {
    ...rt,
    store: mortal('store', rt.store),
    git: mortal('git', rt.git),
    files: mortal('files', rt.files),
    clock: mortal('clock', rt.clock),
    processes,
  };
}

/** What `git worktree add` leaves that is killed in the middle: its branch, its record, and half of the files. */
export async function half({ git }: Pick<Runtime, 'git'>, input: unknown): Promise<void> {
  const worktree = input as Parameters<Git['addWorktree']>[0];
  await git.addWorktree(worktree);
  for (const name of await readdir(worktree.path))
    if (name !== '.git') await rm(join(worktree.path, name), { recursive: true });
}

/** The worker has had its turn, and nothing more is to come. */
export const isSettled = (yard: Yard) =>
  yard.loops.l?.hold?.kind === 'budget' &&
  Object.values(yard.workers).every(({ state }) => state === 'ended');

export const isTidied = (yard: Yard) => yard.loops.l === undefined || yard.loops.l.tidied !== undefined;

/** Nothing is left of the loop: no worktree, branch or ref, no lease, no ports, no slot, no file, no run. */
export async function nothingIsLeft({ repo, rt, machine }: SpawningWorld): Promise<void> {
  const yard = await rt.store.read();
  const left = {
    worktrees: (await rt.git.worktrees()).length - 1,
    refs: (await repo.git('for-each-ref', '--format=%(refname)'))
      .split('\n')
      .filter((ref) => ref !== 'refs/heads/main'),
    leases: Object.entries(yard.leases).flatMap(([name, { holder }]) =>
      holder?.kind === 'loop' ? [name] : [],
    ),
    ports: [...takenBlocks(yard)],
    living: Object.values(yard.workers).filter(({ state }) => state !== 'ended'),
    files: (await readdir(rt.files.place, { recursive: true })).filter((name) => name !== 'loops'),
    runs: [...machine.runs].filter(([, { phase }]) => phase !== 'ended' && phase !== 'void'),
  };
  expect(left).toEqual({ worktrees: 0, refs: [], leases: [], ports: [], living: [], files: [], runs: [] });
}
