import type { Runtime } from '../../src/core/runtime.ts';
import type { Identity, Liveness } from '../../src/domain/lease.ts';
import type { StockKind } from '../../src/domain/retention.ts';
import { defaultConfig } from '../../src/domain/settings/config.ts';
import type { Yard } from '../../src/domain/yard.ts';
import type { Files } from '../../src/ports/files.ts';
import type { Host } from '../../src/ports/host.ts';
import type { Processes, RunSpec, RunView, Survivors, Vitals } from '../../src/ports/processes.ts';
import { memoryStore } from './memory-store.ts';
import { aRunEnd, noon } from './yard-builder.ts';

export const anIdentity: Identity = { host: 'h', boot: 'b', namespace: 'n', pid: 42, startTime: '1' };

/** A machine of which a test says how it stands: what is called is written down, and nothing is real. */
export interface Machine {
  /** Runs by id; one that is not here is absent. */
  readonly runs: Map<string, RunView>;
  readonly started: Map<string, RunSpec>;
  readonly stopped: string[];
  /** What each run was told, by id, as its backend puts it. */
  readonly told: Map<string, string>;
  readonly written: Map<string, string>;
  readonly logged: string[];
  survivors: Survivors;
  host: Host;
  vitals: Vitals | undefined;
  /** When a file of a worker changed last. */
  changedAt: number | undefined;
  liveness: Liveness;
  keepersStarted: number;
  now: number;
  /** Called before each write and removal of a file with its path; throws to make it fail. */
  touch(path: string): void;
}

/** A program that is no plain command and takes words as they are. */
export function withListener(rt: Runtime, id: string): void {
  const command = rt.backends.get('command');
  if (!command) throw new Error('There is no backend to make it of.');
  const listener = { ...command, id, nudges: (text: string) => text };
  Object.assign(rt, { backends: new Map([...rt.backends, [id, listener]]) });
}

/** A runtime on a memory store and a scripted machine. A run that is stopped ends as `stopped`; an absent one is void. */
export function aScriptedRuntime(yard: Yard): { rt: Runtime; machine: Machine } {
  const machine: Machine = {
    runs: new Map(),
    started: new Map(),
    stopped: [],
    told: new Map(),
    written: new Map(),
    logged: [],
    survivors: [],
    host: { cpus: 4, memoryBytes: 2 ** 34, freeBytes: 2 ** 33, load: 0 },
    vitals: undefined,
    changedAt: undefined,
    liveness: 'alive',
    keepersStarted: 0,
    now: noon,
    touch: () => undefined,
  };
  const clock = {
    now: () => machine.now,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal?.aborted) resolve();
        setTimeout(resolve, 5);
      }),
  };
  const rt = {
    store: memoryStore(clock, yard),
    processes: processesOf(machine),
    files: filesOf(machine),
    stock: {
      list: async (kind: StockKind) =>
        [...machine.written.keys()].flatMap((path) => {
          const name = kind === 'records' && /^\/home\/archive\/([^/]+)\.json$/.exec(path)?.[1];
          return name ? [{ kind, name, bytes: 0, at: machine.now }] : [];
        }),
      remove: async () => undefined,
      renew: async () => undefined,
      note: async () => undefined,
      noted: async () => undefined,
    },
    clock,
    ids: { next: (prefix: string) => `${prefix}-new`, suffix: () => 'abcd', uuid: () => 'uuid' },
    log: (_level: string, message: string, facts = {}) =>
      void machine.logged.push(`${message} ${JSON.stringify(facts)}`),
    config: defaultConfig,
    backends: new Map([
      [
        'command',
        {
          id: 'command',
          title: 'command',
          family: 'any',
          probe: undefined,
          install: '',
          tried: undefined,
          clients: [],
          login: undefined,
          permissions: { work: 'anything' },
          tools: false,
          usage: 'none',
          tellsAtEnd: true,
          resumes: false,
          nudges: false,
          env: [],
          launch: () => ({ argv: ['work'], promptOnStdin: false }),
          reader: () => ({ line: () => [] }),
        },
      ],
    ]),
    git: {
      commonDir: '/repo/.git',
      refs: async () => new Map(),
      fillRoom: async ({ path }: { path: string }) => void machine.written.set(path, ''),
      orderRoom: async () => undefined,
      forwardRoom: async () => ({ kind: 'pristine' }),
      alteredFiles: async () => [],
      watchRoom: async () => undefined,
      touchedFiles: async () => [],
      pointersIn: async () => [],
      treeOf: async () => 't',
      entries: async () => [],
      blobs: async () => new Map(),
    },
    dependencies: {
      platform: 'test',
      digest: (text: string) => text,
      toolVersion: async () => undefined,
      restore: async () => [],
      release: async () => undefined,
    },
    actor: { name: 'test' },
    env: { PATH: '/bin' },
    host: () => machine.host,
    chance: () => 0,
    self: { command: 'node', args: ['loopyard'] },
  };
  return { rt: rt as unknown as Runtime, machine };
}

function processesOf(machine: Machine): Processes {
  const observe = async (id: string): Promise<RunView> => machine.runs.get(id) ?? { phase: 'absent' };
  const processes: Partial<Processes> = {
    self: anIdentity,
    liveness: () => machine.liveness,
    observe,
    async start(id, spec) {
      if (machine.runs.has(id)) return;
      machine.started.set(id, spec);
      machine.runs.set(id, { phase: 'starting' });
    },
    async stop(id, { cause }) {
      machine.stopped.push(id);
      const view = await observe(id);
      const { phase } = view;
      const facts = phase === 'running' ? view.activity.facts : [];
      if (phase === 'absent') machine.runs.set(id, { phase: 'void' });
      else if (phase !== 'ended' && phase !== 'void')
        machine.runs.set(id, { phase: 'ended', end: { ...aRunEnd, cause }, facts });
      return machine.survivors;
    },
    async tell(_run, { id, line }) {
      machine.told.set(id, line);
      return true;
    },
    forget: async (id) => void machine.runs.delete(id),
    sandbox: async () => 'missing',
    toolchains: () => ({}),
    portsAreFree: async () => true,
    vitals: async () => machine.vitals,
    lastChange: async () => machine.changedAt,
    output: async () => '',
    async *changes(signal) {
      while (!signal.aborted) {
        yield;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async startKeeper() {
      machine.keepersStarted += 1;
    },
  };
  return processes as Processes;
}

function filesOf(machine: Machine): Files {
  const { written } = machine;
  const files: Partial<Files> = {
    home: '/home',
    place: '/place',
    join: (...parts) => parts.join('/'),
    async write(path, text) {
      machine.touch(path);
      written.set(path, text);
    },
    read: async (path) => written.get(path),
    exists: async (path) => written.has(path),
    list: async (folder) =>
      [...written.keys()]
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
    makeDirectory: async (path) => void written.set(`${path}/.`, ''),
    async move(from, to) {
      machine.touch(from);
      const moved = [...written].filter(([path]) => path.startsWith(`${from}/`));
      for (const [path, text] of moved) {
        written.delete(path);
        written.set(`${to}${path.slice(from.length)}`, text);
      }
      return moved.length > 0;
    },
    async remove(path) {
      machine.touch(path);
      for (const known of written.keys())
        if (known === path || known.startsWith(`${path}/`)) written.delete(known);
    },
  };
  return files as Files;
}
