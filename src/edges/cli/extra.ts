import type * as z from 'zod';
import { type CommandLine, parseInput } from '../../tools/define.ts';
import type { Terminal } from './terminal.ts';

/** What is said of a command and what is typed after its name: the same for a tool and for a command that is none. */
export interface Face {
  /** Sentences; the first clause stands in lists. */
  readonly description: string;
  readonly input: z.ZodObject;
  readonly cli: CommandLine;
}

/** The words and flags of a line, and the two flags that every command takes. */
export type Line<F extends Face> = z.infer<F['input']> & Common;

interface Common {
  readonly json: boolean;
  readonly workspace: string | undefined;
}

/** A command that is no tool, because it needs the terminal or a process of its own. Resolves with the exit code. */
export interface Extra extends Face {
  run(raw: Readonly<Record<string, unknown>>, common: Common, terminal: Terminal): Promise<number>;
}

export function extraOf<Input extends z.ZodObject>(
  face: Face & { readonly input: Input },
  run: (line: z.infer<Input> & Common, terminal: Terminal) => Promise<number>,
): Extra {
  return {
    ...face,
    run(raw, common, terminal) {
      const input = parseInput({ name: face.cli.path, input: face.input }, raw);
      return run({ ...input, ...common }, terminal);
    },
  };
}
