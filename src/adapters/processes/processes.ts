import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import { isUsableId } from '../../domain/ids.ts';
import type { RunId } from '../../domain/worker/run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Processes, SandboxState } from '../../ports/processes.ts';
import { errno, isMissing } from '../errno.ts';
import { liveness, selfIdentity } from '../identity.ts';
import { stateError } from '../state-error.ts';
import { startDetached } from './detached-process.ts';
import { findBubblewrap, whyNoWalls } from './isolation.ts';
import { portsAreFree } from './ports-free.ts';
import { watchChanges } from './run-changes.ts';
import { readRecord } from './run-directory.ts';
import { readEnds, readPage } from './run-output.ts';
import { startRun } from './run-start.ts';
import { stopRun, treeOf } from './run-stop.ts';
import { viewRun } from './run-view.ts';
import { newestChange, readVitals } from './run-vitals.ts';
import { leaveWord } from './run-words.ts';
import { toolchainsOf, wallIn } from './sandbox.ts';
import { which } from './which.ts';

export interface ProcessesOptions {
  /** Folder of the run directories; created when needed. */
  readonly runsDir: string;
  /** Command that calls `runShim` with the directory it gets as its last argument. */
  readonly shimArgv: readonly [string, ...string[]];
  readonly keeperArgv: readonly [string, ...string[]];
  /** Environment of shims and keepers. Not that of the commands, which is in their specs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly clock: Clock;
  /** `auto` (the default) uses a pid namespace where it works. */
  readonly containment?: 'auto' | 'process_group';
  /** State, worktrees, rooms and checkout, absolute: a check behind walls sees none of them. */
  readonly hidden?: readonly string[];
}

/** The door to other processes, over run directories. What their files mean is told in `run-directory.ts`. */
export function openProcesses(options: ProcessesOptions): Processes {
  const { runsDir, clock, log, env } = options;
  const self = selfIdentity();
  let probe: Promise<string | undefined> | undefined;
  const bubblewrap = () => {
    probe ??= options.containment === 'process_group' ? Promise.resolve(undefined) : findBubblewrap(env);
    return probe;
  };
  const directoryOf = (id: RunId) => {
    if (!isUsableId(id)) throw new LoopyardError('INTERNAL', `"${id}" cannot be the id of a run.`, { id });
    return path.join(runsDir, id);
  };
  const surroundings = { env, hidden: [runsDir, ...(options.hidden ?? [])] };
  let walls: Promise<SandboxState> | undefined;
  const sandbox = () => {
    walls ??= bubblewrap().then(async (program): Promise<SandboxState> => {
      if (!program) return (await which('bwrap', env)) ? 'refused' : 'missing';
      const why = await whyNoWalls(program, wallIn({ writable: [], network: false }, {}, surroundings).walls);
      if (why !== undefined) log('warn', 'checks run without walls', { why });
      return why === undefined ? 'works' : 'refused';
    });
    return walls;
  };
  const observe = async (id: RunId) => viewRun(directoryOf(id), self, clock);

  return {
    self,
    liveness: (identity) => liveness(self, identity),
    isolation: async () => ((await bubblewrap()) ? 'pid_namespace' : 'process_group'),
    sandbox,
    toolchains: () => toolchainsOf(env),
    async start(id, { sandbox: wanted, ...spec }) {
      const shim = { argv: options.shimArgv, env };
      const walled = wanted ? wallIn(wanted, spec.env, surroundings) : {};
      const described = { ...spec, ...walled, id, bubblewrap: await bubblewrap() };
      await startRun(directoryOf(id), described, shim, clock).catch(inOurWords(runsDir));
    },
    observe,
    tell: async (id, word) => {
      if (!isUsableId(word.id))
        throw new LoopyardError('INTERNAL', `"${word.id}" cannot be the id of a word.`, { id: word.id });
      return leaveWord(directoryOf(id), word);
    },
    async vitals(id) {
      const tree = treeOf(directoryOf(id), self);
      return tree && readVitals(tree, options.shimArgv[1]);
    },
    async lastChange(id) {
      const spec = readRecord(directoryOf(id), 'spec.json');
      return spec && newestChange(spec.cwd);
    },
    async settled(id, signal) {
      for await (const _ of watchChanges(runsDir, clock, signal)) {
        const view = await observe(id);
        if (view.phase === 'ended' || view.phase === 'lost' || view.phase === 'void') return view;
      }
      throw signal.reason;
    },
    async stop(id, request) {
      const stopped = stopRun(directoryOf(id), request, self, { clock, log });
      return stopped.catch(inOurWords(runsDir));
    },
    output: (id, limit) => readEnds(directoryOf(id), limit),
    page: (id, offset, bytes) => {
      const directory = directoryOf(id);
      return readPage(directory, offset, bytes, !existsSync(path.join(directory, 'status.json')));
    },
    async forget(id) {
      const directory = directoryOf(id);
      const { phase } = await observe(id);
      if (phase !== 'ended' && phase !== 'void' && phase !== 'absent') {
        throw new LoopyardError('INTERNAL', `Run ${id} has not ended and cannot be forgotten.`, {
          run: id,
          phase,
        });
      }
      await remove(directory);
    },
    changes: (signal) => watchChanges(runsDir, clock, signal),
    async startKeeper() {
      await mkdir(runsDir, { recursive: true, mode: 0o700 });
      await startDetached(options.keeperArgv, { env, cwd: runsDir });
    },
    portsAreFree,
    which: (program, environment) => which(program, environment),
  };
}

function inOurWords(runsDir: string): (thrown: unknown) => never {
  return (thrown) => {
    throw errno(thrown) === undefined ? thrown : stateError(thrown, runsDir);
  };
}

/** Out of the way at once, so that no half directory is ever taken for a run. */
async function remove(directory: string): Promise<void> {
  const doomed = path.join(path.dirname(directory), `.forgotten-${path.basename(directory)}`);
  await rm(doomed, { recursive: true, force: true });
  try {
    await rename(directory, doomed);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await rm(doomed, { recursive: true, force: true });
}
