/** One of the two streams a command writes to. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
}

/** What a command needs of the terminal it is typed in; passed in, so that a test can be one. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly columns: number;
  readonly color: boolean;
  now(): number;
  /** Aborted when the person asks to stop; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** The next Ctrl-C is told here and stops nothing. */
  divert(interrupt: () => void): void;
  /** Resolves when everything written has left the process. */
  flush(): Promise<void>;
}

/** The terminal of this process. The first Ctrl-C asks the command to stop, a second one ends the process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const interruption = new AbortController();
  let diverted: (() => void) | undefined;
  const interrupt = (name: NodeJS.Signals, number: number) => {
    if (diverted && name === 'SIGINT') {
      const told = diverted;
      diverted = undefined;
      return told();
    }
    if (interruption.signal.aborted) process.exit(128 + number);
    interruption.abort(name);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  // Whoever reads us may stop early, as `head` does; that is no failure of ours.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 70));
  stderr.on('error', () => {});
  return {
    stdout: { write: (text) => void stdout.write(text), isTTY: stdout.isTTY === true },
    stderr: { write: (text) => void stderr.write(text), isTTY: stderr.isTTY === true },
    get columns() {
      // A terminal that was not told its size says 0.
      return stdout.columns || 80;
    },
    color: wantsColor(env, stdout.isTTY === true),
    now: () => Date.now(),
    signal: interruption.signal,
    divert(told) {
      diverted = told;
    },
    flush: async () => {
      for (const stream of [stdout, stderr]) {
        await new Promise<void>((resolve) => stream.write('', () => resolve()));
      }
    },
  };
}

/** Colours go to terminals only, unless the person says otherwise: FORCE_COLOR wins over NO_COLOR, as in Node. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTTY: boolean): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.NO_COLOR) return false;
  return isTTY && env.TERM !== 'dumb';
}
