import type { z } from 'zod';
import type { Runtime } from '../core/runtime.ts';
import { complaint } from '../domain/complaint.ts';
import { LoopyardError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { ProjectFile } from '../domain/settings/project-file.ts';
import { shown } from '../domain/text.ts';
import type { Checkout } from '../ports/git.ts';

/** read: changes nothing. write: changes the yard, recoverably. destroy: can end or remove something. */
export type Effect = 'read' | 'write' | 'destroy';

/** Who sees a tool: the agent in the session, a worker about its own loop, a person on the command line. */
export type Role = 'strategist' | 'worker' | 'person';

/** What one call knows beside its arguments. */
export interface Call {
  readonly role: Role;
  /** For the record: `claude-code`, `cli`. */
  readonly client: string;
  /** The checkout the call is about. */
  readonly checkout: Checkout;
  /** The loop and worker this process is bound to; set exactly when the role is worker. */
  readonly bound?: { readonly loop: string; readonly worker: string };
  readonly signal: AbortSignal;
  /** Aborted when the person at the terminal presses Ctrl-C once; only for a tool that `hurries`. */
  readonly hurry?: AbortSignal;
  /** Tells a waiting client how things stand; may go nowhere. */
  progress(message: string): void;
}

/** What the process that serves the call can do beside the yard itself. */
export interface ToolRuntime extends Runtime {
  /** The repository's loopyard.json; undefined when there is none. `config` holds of it what may hold. */
  readonly project?: ProjectFile | undefined;
  /** Makes sure that a keeper is at work for this yard. Cheap when one is. */
  wakeKeeper(): Promise<void>;
}

/** Colours and tables of a terminal, or plain text when there is none. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  /** Aligned columns; the first row is the heading. */
  table(rows: readonly (readonly string[])[]): string;
  /** `3 min ago`. */
  ago(at: number): string;
}

export interface CommandLine {
  /** Words of the command: `loops`, `start`. */
  readonly path: string;
  /** Input fields given by position, in order. The last may be an array. */
  readonly positional?: readonly string[];
  /** Examples for the help, without the program's name. */
  readonly examples: readonly string[];
  /** For a person only, after the description. */
  readonly note?: string;
  /** The first Ctrl-C makes it go faster; only the next one ends it. */
  readonly hurries?: true;
}

interface ToolSpec<Input extends z.ZodObject, Output extends z.ZodObject> {
  /** snake_case, at most 30 characters: the strictest client allows 60 for server and tool together. */
  readonly name: string;
  readonly title: string;
  /** For a model: when to use it. One or two sentences; every session pays for them. */
  readonly description: string;
  readonly effect: Effect;
  /** A second call with the same arguments changes nothing more. */
  readonly idempotent: boolean;
  readonly roles: readonly Role[];
  readonly input: Input;
  readonly output: Output;
  readonly cli?: CommandLine;
  /** Exit code of the command line: 1 for an answer that is a no (a failed verdict), 5 for one that is neither. Default 0. */
  exitCode?(output: z.infer<Output>): 0 | 1 | 5;
  run(input: z.infer<Input>, rt: ToolRuntime, call: Call): Promise<z.infer<Output>>;
  /** The answer for a person at a terminal. */
  render(output: z.infer<Output>, paint: Paint): string;
}

/** A tool as the edges see it: its shape, and one door. */
export interface Tool extends Omit<ToolSpec<z.ZodObject, z.ZodObject>, 'run' | 'render' | 'exitCode'> {
  /** Parses, runs, answers. Throws LoopyardError only. */
  call(raw: unknown, rt: ToolRuntime, call: Call): Promise<Answer>;
  render(output: Answer, paint: Paint): string;
  exitCode(output: Answer): 0 | 1 | 5;
}

export type Answer = Readonly<Record<string, unknown>>;

/** Checks the shape of a tool at compile time and gives it the door both edges use. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  spec: ToolSpec<Input, Output>,
): Tool {
  return {
    ...spec,
    async call(raw, rt, call) {
      const answer = await spec.run(parseInput(spec, raw), rt, call);
      return spec.output.parse(answer);
    },
    render: (output, paint) => spec.render(output as z.infer<Output>, paint),
    exitCode: (output) => spec.exitCode?.(output as z.infer<Output>) ?? 0,
  };
}

/** Every problem at once, each with the value and what would be right, so that a model mends the call in one go. */
export function parseInput<Input extends z.ZodObject>(
  spec: { name: string; input: Input },
  raw: unknown,
): z.infer<Input> {
  const { success, data, error } = spec.input.safeParse(raw ?? {});
  if (success) return data;
  const known = Object.keys(spec.input.shape);
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys
        .map((key) => `There is no argument "${shown(key)}"; ${expected(key, known)}.`)
        .join(' ');
    }
    const where = issue.path.map(String).join('.');
    return where === '' ? `${spec.name} takes one object of arguments.` : `"${where}": ${complaint(issue)}`;
  });
  throw new LoopyardError('INVALID_ARGUMENT', problems.join(' '), { tool: spec.name, arguments: known });
}

function expected(key: string, known: readonly string[]): string {
  const match = nearest(key, known);
  return match ? `did you mean "${match}"` : `expected ${known.join(', ')}`;
}
