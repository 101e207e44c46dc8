import * as z from 'zod';

/** How a client starts the server. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

type Json = z.infer<ReturnType<typeof z.json>>;

/** A value of a platform file with the launch filled in: `{command}` is a text, `{args}` as many as there are. */
export function withLaunch(value: Json, launch: Launch): Json {
  if (value === '{command}') return launch.command;
  if (Array.isArray(value)) {
    return value.flatMap((item) => (item === '{args}' ? [...launch.args] : [withLaunch(item, launch)]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withLaunch(part, launch)]));
}

const Variables = z.record(z.string(), z.string()).optional();
const Entry = z.union([
  z.object({ command: z.string(), args: z.array(z.string()).default([]), env: Variables }),
  z.object({ command: z.array(z.string()).min(1), environment: Variables }),
  z.object({ cmd: z.string(), args: z.array(z.string()).default([]), envs: Variables }),
]);

/** How the entry of a configuration would start the server, whichever shape it has; undefined when it would not. */
export function launchOf(entry: unknown): (Launch & { env: Readonly<Record<string, string>> }) | undefined {
  const { success, data } = Entry.safeParse(entry);
  if (!success) return undefined;
  if ('cmd' in data) return { command: data.cmd, args: data.args, env: data.envs ?? {} };
  if ('args' in data) return { command: data.command, args: data.args, env: data.env ?? {} };
  const [command = '', ...args] = data.command;
  return { command, args, env: data.environment ?? {} };
}
