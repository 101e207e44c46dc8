import type { Readable, Writable } from 'node:stream';
import { claimStdout } from './stdout.ts';

export type EndingSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** What the server needs of the process it runs in; passed in, so that a test can be the process. */
export interface Host {
  readonly input: Readable;
  readonly output: Writable;
  /** One line for whoever reads the client's log of this server. */
  log(line: string): void;
  /** Calls back on the signals that ask a process to end; returns how to stop listening. */
  onSignal(listener: (signal: EndingSignal) => void): () => void;
  /** The process id of the parent now. */
  parent(): number;
}

/** The running process. Standard output is the protocol's from here on. */
export function processHost(): Host {
  return {
    input: process.stdin,
    output: claimStdout(),
    log: (line) => process.stderr.write(`loopyard: ${line}\n`),
    onSignal(listener) {
      const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    // Windows keeps reporting a dead parent's id; there the end of the input has to do (untested).
    parent: () => process.ppid,
  };
}
