import type { Fact, Permissions } from '../domain/worker/run.ts';

/** Who makes the model behind a program; `any` where the user's configuration of the program decides. */
export type Family = 'anthropic' | 'openai' | 'google' | 'alibaba' | 'moonshot' | 'any';

/** What a backend is given to start one iteration. */
export interface WorkOrder {
  /** Absolute path of the file that holds the whole prompt. Long prompts never go on a command line. */
  readonly promptFile: string;
  readonly worktree: string;
  /** Folder with plan, notes, feedback and the other files of the loop; the worker may read and write it. */
  readonly context: string;
  readonly model: string | undefined;
  /** Argument vector the user gave, for backends that run any command. */
  readonly command: readonly string[] | undefined;
  /** How to start loopyard's own server for this worker. */
  readonly server: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** A fresh UUID, for CLIs that let the caller choose the session id. */
  readonly session: string;
  /** Absent is `work`. A mode for which `permissions` of the backend says nothing is refused with a sentence. */
  readonly permissions?: Permissions;
  /** Session to go on with, as a `session` fact told it; given only to a backend with `resumes`. */
  readonly resume?: string;
}

export interface Launch {
  readonly argv: readonly [string, ...string[]];
  /** Added to the worker's allow-listed environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Give the prompt file as standard input; otherwise standard input is empty, never an open pipe. */
  readonly promptOnStdin: boolean;
  /** Files to write beside the prompt before the start, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Reads one run of a program from its first line to its end. It may remember; it never throws. */
export interface Reader {
  /** One line of standard output as facts; an empty list for noise. */
  line(text: string): readonly Fact[];
  /** One line of standard error, for programs that say only there what went wrong. */
  errorLine?(text: string): readonly Fact[];
  /** The program ended by itself and every line was read. Not called for one that was stopped, timed out or killed. */
  end?(exitCode: number): readonly Fact[];
}

/** A file under the user's home, in the folder that a variable names or else in the usual one. */
export interface HomeFile {
  readonly variable?: string;
  readonly folder: string;
  readonly name: string;
}

/** Traces of a login that can be seen without the network and without reading a secret. */
export interface Login {
  /** Any of these variables is a login. */
  readonly variables: readonly string[];
  /** So is any of these files. */
  readonly files: readonly HomeFile[];
  /** These files may hold one, which cannot be told without reading them. */
  readonly perhaps?: readonly HomeFile[];
  /** What a person does to log in, as the end of a sentence: `run codex login`. */
  readonly how: string;
}

/** One kind of worker CLI. Every file in `backends/` exports one as `backend`. */
export interface Backend {
  readonly id: string;
  readonly title: string;
  readonly family: Family;
  /** Command that prints a version when the program is installed; undefined when there is nothing to probe. */
  readonly probe: readonly [string, ...string[]] | undefined;
  /** How a person gets the program, as the end of a sentence: `npm install -g @openai/codex`. */
  readonly install: string;
  /** Version of the real program this backend was driven with; undefined: written from its documentation, untried. */
  readonly tried: string | undefined;
  /** Names under which the program introduces itself to MCP servers. */
  readonly clients: readonly string[];
  /** Undefined where there is nothing to log in to, or where its traces are not known. */
  readonly login: Login | undefined;
  /** Names of variables the program needs beyond the common allow-list (its login, its configuration folder). */
  readonly env: readonly string[];
  /** In plain words, what each mode means here. A mode that is absent cannot be had. */
  readonly permissions: Readonly<Partial<Record<Permissions, string>>>;
  /** Loopyard's worker tools are attached; otherwise the worker has the files of its context and nothing else. */
  readonly tools: boolean;
  /** What it reports of its use, so that a budget can bind it; `cost` means tokens and money. */
  readonly usage: 'none' | 'tokens' | 'cost';
  /** Nothing of what it does is told before its end. Absent: each deed is told, so that without one it has done nothing. */
  readonly tellsAtEnd?: true;
  /** It can go on with a session of an earlier run. */
  readonly resumes: boolean;
  /**
   * Takes words while it works: how one is put, as a line of standard input, where the prompt then comes the same way.
   * Its reader tells `word` when the program has it, and `finished` or `fatal` when a turn is over, after which standard
   * input is closed and the program ends.
   */
  readonly nudges: false | ((text: string, id?: string) => string);
  launch(order: WorkOrder): Launch;
  /** A fresh reader for one run. `now` in milliseconds since 1970, for limits that end "in 20 seconds". */
  reader(now: () => number): Reader;
}
