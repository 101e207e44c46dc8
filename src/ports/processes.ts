import type { Identity, Liveness } from '../domain/lease.ts';
import type { Fact, RunEnd, RunId } from '../domain/worker/run.ts';

/** A command to run under a shim. Everything is explicit: nothing of our own environment leaks in. */
export interface RunSpec {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** A file given as standard input; without it, standard input is empty (never an open pipe: some CLIs hang on one). */
  readonly stdinFile?: string;
  /**
   * Standard input then stays open for what `tell` brings, until the backend's reader says that a turn is over
   * (`finished` or `fatal`). Needs a backend.
   */
  readonly takesWords?: true;
  /** Milliseconds of wall clock after which the tree is stopped with the cause `timed_out`. */
  readonly timeoutMs: number;
  /** Bytes of output kept at each end; the middle of a flood is dropped and counted. */
  readonly keepBytes: number;
  /** Backend whose `read` turns output lines into facts; absent for checks and plain commands. */
  readonly backend?: string;
  /** Walls around it, for a check. Without them it is contained as a worker is, which hides nothing. */
  readonly sandbox?: Sandbox;
  /** The keeper at start. If it is dead when the run ends, the shim starts a new one, so that the loop goes on. */
  readonly keeper?: { readonly identity: Identity; readonly argv: readonly [string, ...string[]] };
}

/**
 * What a check behind walls may touch. Everything else of the machine is read-only, and what holds state, other trees or
 * the user's secrets is not there at all. Absolute paths.
 */
export interface Sandbox {
  /** Existing folders that stay writable. */
  readonly writable: readonly string[];
  /** One of them, which is the temporary folder of the system in there. */
  readonly temp?: string;
  /** Below what is hidden, yet readable: dependencies that lie elsewhere. */
  readonly readable?: readonly string[];
  /** Beside what is always hidden. */
  readonly hidden?: readonly string[];
  /** Otherwise there is the loopback alone. */
  readonly network: boolean;
}

/** One line for a program that works, without its end, and an id fit for a file name. */
export interface Word {
  readonly id: string;
  readonly line: string;
}

/** Whether walls can be had here: `refused` by a system on which bubblewrap is installed but may not do it. */
export type SandboxState = 'works' | 'missing' | 'refused';

/** How far a run has come, as its directory and the process table show it. */
export type RunView =
  | { readonly phase: 'absent' }
  /** Claimed, but no command seen yet. */
  | { readonly phase: 'starting'; readonly shim?: Identity }
  | { readonly phase: 'running'; readonly shim: Identity; readonly activity: RunActivity }
  | { readonly phase: 'ended'; readonly end: RunEnd; readonly facts: readonly Fact[] }
  /** The shim died and left no end behind. Whatever it had started must be stopped before anything else happens. */
  | { readonly phase: 'lost' }
  /** Claimed by a keeper so that a late shim cannot start it any more. */
  | { readonly phase: 'void' };

export interface RunActivity {
  readonly startedAt: number;
  readonly lastOutputAt: number | undefined;
  readonly bytes: number;
  /** When it last said more than that it tries again, as far as its backend's reader can tell; later lines count too. */
  readonly heardAt?: number;
  /** The newest facts the backend's reader found. */
  readonly facts: readonly Fact[];
}

/** What the processes of a run do right now. */
export interface Vitals {
  readonly processes: number;
  /** CPU time they used, and those children of theirs that ended, milliseconds. */
  readonly cpuMs: number;
  /** Every one of them is stopped (SIGSTOP). */
  readonly suspended: boolean;
  /** When the youngest of them started, our own server for the worker apart; milliseconds since 1970. */
  readonly youngestAt?: number;
}

/**
 * Processes that outlived every attempt to stop them. Empty is the proof that the tree is gone. `perhaps`: one that may
 * have got away from the run, and was not touched because that cannot be proven.
 */
export type Survivors = readonly { readonly pid: number; readonly name: string; readonly perhaps?: true }[];

/**
 * The only door to other processes. A run is a command under a small detached shim that survives us; its directory
 * tells any later process how it goes and how it ended.
 */
export interface Processes {
  /** This very process. */
  readonly self: Identity;
  liveness(identity: Identity): Liveness;
  /** How runs are contained here: in a pid namespace that dies with the shim, or by group, parent chain and marker. */
  isolation(): Promise<'pid_namespace' | 'process_group'>;
  /** Found out once, by putting up the very walls of a check. A spec with `sandbox` is for where they work. */
  sandbox(): Promise<SandboxState>;
  /** Variables by which programs find what is installed under the user's home, for a command with another home. */
  toolchains(): Readonly<Record<string, string>>;
  /** Starts the run once: a second call, also from another process, finds it started and changes nothing. */
  start(id: RunId, spec: RunSpec): Promise<void>;
  observe(id: RunId): Promise<RunView>;
  /**
   * Puts a line on the standard input of a run that takes words, after those told before; the same id again changes
   * nothing. False: it takes no more. True is not yet heard: the program may end before, and a `word` fact tells.
   */
  tell(id: RunId, word: Word): Promise<boolean>;
  /** What its processes do; undefined where the system does not tell. */
  vitals(id: RunId): Promise<Vitals | undefined>;
  /** When a file in its working directory changed last, milliseconds since 1970. Looks at many files. */
  lastChange(id: RunId): Promise<number | undefined>;
  /** Resolves when the run has ended, is lost or void; rejects with the signal's reason when that comes first. */
  settled(id: RunId, signal: AbortSignal): Promise<Extract<RunView, { phase: 'ended' | 'lost' | 'void' }>>;
  /**
   * Asks the whole tree to end, waits the grace, kills what is left and proves that it is gone. Also for a lost run and
   * for one that has not started (which is then void). Idempotent. `cause` becomes the end's cause if it is the first.
   */
  stop(id: RunId, options: { graceMs: number; cause: RunEnd['cause'] }): Promise<Survivors>;
  /** Head and tail of what the run printed, with a line between them that says how much is left out. */
  output(id: RunId, limit: { head: number; tail: number }): Promise<string>;
  /** One page of the kept output by byte offset, for following and paging. */
  page(id: RunId, offset: number, bytes: number): Promise<{ text: string; next: number; size: number }>;
  /** Removes the directory of an ended run. */
  forget(id: RunId): Promise<void>;
  /** Yields whenever a run directory changed; may yield without reason, and at least once a second. */
  changes(signal: AbortSignal): AsyncIterable<void>;
  /** Starts the keeper of this yard as a detached process of its own. Resolves when it was started, not when it is up. */
  startKeeper(): Promise<void>;
  /** Whether nothing listens on any of them at this moment. */
  portsAreFree(ports: readonly number[]): Promise<boolean>;
  /** Absolute path of a program as the worker's environment would find it, or undefined. */
  which(program: string, env: Readonly<Record<string, string>>): Promise<string | undefined>;
}
