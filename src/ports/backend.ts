import type { Fact } from '../domain/run.ts';

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
}

export interface Launch {
  readonly argv: readonly [string, ...string[]];
  /** Added to the worker's allow-listed environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Give the prompt file as standard input. */
  readonly promptOnStdin: boolean;
  /** Files to write beside the prompt before the start, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** One kind of worker CLI. Every file in `backends/` exports one as `backend`. */
export interface Backend {
  readonly id: string;
  readonly title: string;
  /** Command that prints a version when the program is installed; undefined when there is nothing to probe. */
  readonly probe: readonly [string, ...string[]] | undefined;
  /** Names of variables the program needs beyond the common allow-list (its login, its configuration folder). */
  readonly env: readonly string[];
  launch(order: WorkOrder): Launch;
  /** One line of standard output as facts; an empty list for noise. Never throws. */
  read(line: string): readonly Fact[];
}
