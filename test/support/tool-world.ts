import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFiles } from '../../src/adapters/files.ts';
import { openStock } from '../../src/adapters/stock.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import { defaultConfig } from '../../src/domain/settings/config.ts';
import type { Yard } from '../../src/domain/yard.ts';
import type { RunView } from '../../src/ports/processes.ts';
import type { Answer, Call, Tool, ToolRuntime } from '../../src/tools/define.ts';
import { aDirectory, aRepository, type TestRepository } from './git-repo.ts';
import { memoryStore } from './memory-store.ts';
import { opened } from './open-git.ts';
import { noon } from './yard-builder.ts';

export interface ToolWorld {
  readonly repo: TestRepository;
  readonly rt: ToolRuntime;
  readonly home: string;
  /** What the stand-in for processes says of a run; others are absent. */
  readonly runs: Map<string, RunView>;
  readonly forgotten: string[];
  record(...events: readonly YardEvent[]): Promise<void>;
  call(tool: Tool, args?: object, call?: Partial<Call>): Promise<Answer>;
  /** A worker's call. */
  callAs(worker: string, tool: Tool, args?: object): Promise<Answer>;
}

/** Real git and files, the memory store, and no process at all: what a tool says of a yard, at noon. */
export async function aToolWorld(yard: Yard): Promise<ToolWorld> {
  const repo = await aRepository();
  const { git } = await opened(repo);
  const home = join(await aDirectory(), 'home');
  mkdirSync(home, { recursive: true });
  const store = memoryStore({ now: () => noon }, yard);
  const runs = new Map<string, RunView>();
  const forgotten: string[] = [];
  let ids = 0;
  const rt = {
    git,
    store,
    files: openFiles({ home, place: await aDirectory() }),
    stock: openStock(home, { now: () => noon }),
    clock: { now: () => noon, sleep: async () => {} },
    ids: { next: (noun: string) => `${noun}-${++ids}`, suffix: () => `s${++ids}` },
    processes: {
      vitals: async () => undefined,
      observe: async (id: string) => runs.get(id) ?? { phase: 'absent' },
      forget: async (id: string) => void forgotten.push(id),
      liveness: () => 'alive',
      which: async (program: string) => `/bin/${program}`,
    },
    config: defaultConfig,
    host: () => ({ cpus: 4, memoryBytes: 2 ** 34, freeBytes: 2 ** 33, load: 0 }),
    chance: () => 0,
    backends: new Map([['command', { id: 'command', permissions: { work: 'anything' } }]]),
    actor: { name: 'test' },
    env: {},
    log: () => {},
    wakeKeeper: async () => {},
  } as unknown as ToolRuntime;
  const checkout = { path: repo.path, key: 'repo', commonDir: repo.commonDir };
  const call = (tool: Tool, args: object = {}, more: Partial<Call> = {}) =>
    tool.call(args, rt, {
      role: 'strategist',
      client: 'test',
      checkout,
      signal: new AbortController().signal,
      progress: () => {},
      ...more,
    });
  return {
    repo,
    rt,
    home,
    runs,
    forgotten,
    record: (...events) => store.transact(rt.actor, (tx) => events.forEach((event) => void tx.record(event))),
    call,
    callAs: (worker, tool, args) => call(tool, args, { role: 'worker', bound: { loop: 'l', worker } }),
  };
}
