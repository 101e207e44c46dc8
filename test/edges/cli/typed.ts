import type { Extra } from '../../../src/edges/cli/extra.ts';
import { run } from '../../../src/edges/cli/run.ts';
import type { Terminal } from '../../../src/edges/cli/terminal.ts';
import type { Front } from '../../../src/edges/front.ts';
import { sampleFront } from '../../support/sample-tools.ts';

export interface Typed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly logged: readonly string[];
}

export interface Circumstances {
  readonly tty?: boolean;
  readonly columns?: number;
  readonly color?: boolean;
  readonly front?: Partial<Front>;
  readonly extras?: readonly Extra[];
  readonly signal?: AbortSignal;
  heard?(stderr: string): void;
}

/** Types a line and reads everything that came of it. */
export async function type(argv: readonly string[], circumstances: Circumstances = {}): Promise<Typed> {
  const { tty = false, columns = 100, color = false, extras = [], signal } = circumstances;
  const logged: string[] = [];
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    stdout: {
      isTTY: tty,
      write(text) {
        stdout += text;
      },
    },
    stderr: {
      isTTY: tty,
      write(text) {
        stderr += text;
        circumstances.heard?.(stderr);
      },
    },
    columns,
    color,
    now: () => 1_000_000,
    signal: signal ?? new AbortController().signal,
    divert: () => {},
    flush: async () => {},
  };
  const front = { ...sampleFront((line) => logged.push(line), circumstances.front), extras };
  return { code: await run(front, argv, terminal), stdout, stderr, logged };
}
