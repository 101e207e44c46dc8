import { argvFrom } from '../core/argv.ts';
import { chooseBackends } from '../core/workers/backend-choice.ts';
import { type BackendFinding, locateBackends } from '../core/workers/backend-discovery.ts';
import { whyNotIn } from '../core/workers/permission-modes.ts';
import { LoopyardError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { shown } from '../domain/text.ts';
import type { Permissions } from '../domain/worker/run.ts';
import type { Call, ToolRuntime } from './define.ts';

interface Input {
  /** Names in order of preference, separated by commas. */
  readonly backend?: string | undefined;
  readonly command?: string | undefined;
  readonly review?: boolean;
}

interface Worker {
  readonly backend: string;
  readonly fallbacks: string[] | undefined;
  readonly command: string[] | undefined;
  readonly noted: readonly string[];
}

/**
 * The backends of a loop, from what it names, who opens it, and what is here. None that does not have the permission mode
 * its workers are to be started in.
 */
export async function backendOf(
  rt: ToolRuntime,
  args: Input,
  mode: Permissions,
  call: Pick<Call, 'client'>,
): Promise<Worker> {
  const asked = args.backend?.split(',').map((id) => id.trim());
  const ids = asked?.filter(Boolean) ?? (args.command === undefined ? [] : ['command']);
  for (const id of ids) known(rt, id);
  const command = commandOf(args, ids);
  if (command !== undefined) await onPath(rt, command[0] ?? '');
  const { able, refusals } = inMode(rt, ids, mode);
  const { client } = call;
  const wishes = { asked: able, client, usual: rt.config.backend, order: rt.config.backends };
  const found = await locateBackends(rt);
  const choice = chooseBackends(
    wishes,
    found.filter(({ id }) => has(rt, id, mode)),
  );
  if ('none' in choice) {
    // Named and missing is the machine's trouble; with nothing named the caller can still name a command.
    if (ids.length > 0) throw new LoopyardError('BACKEND_MISSING', choice.none, { asked: ids });
    throw new LoopyardError('INVALID_ARGUMENT', `"backend": ${choice.none} Install one, or give "command".`);
  }
  const [backend, ...fallbacks] = choice.backends;
  const noted = [
    ...refusals.map((why) => `${why} It is left out.`),
    ...choice.notes,
    ...unreviewed(rt, args, found),
  ];
  return { backend, fallbacks: fallbacks.length > 0 ? fallbacks : undefined, command, noted };
}

const has = (rt: ToolRuntime, id: string, mode: Permissions) =>
  rt.backends.get(id)?.permissions[mode] !== undefined;

/** Those of the named backends that have the mode, and why the others have not; refused when none is left. */
function inMode(rt: ToolRuntime, ids: readonly string[], mode: Permissions) {
  const able = ids.filter((id) => has(rt, id, mode));
  const refusals = ids.flatMap((id) => {
    const backend = rt.backends.get(id);
    return (backend && whyNotIn(backend, mode)) ?? [];
  });
  if (ids.length > 0 && able.length === 0)
    throw new LoopyardError('INVALID_ARGUMENT', `"permissions": ${refusals.join(' ')}`, {
      permissions: mode,
    });
  return { able, refusals };
}

/** A review that nobody here can give would be missed only at the end. */
function unreviewed(rt: ToolRuntime, { review }: Input, found: readonly BackendFinding[]): string[] {
  if (!review || found.some(({ id, program }) => program !== undefined && has(rt, id, 'read_only')))
    return [];
  return [
    'Nobody can review: no program with a read-only mode is installed. What passes goes on without an opinion.',
  ];
}

function known(rt: ToolRuntime, id: string): void {
  if (rt.backends.has(id)) return;
  const all = [...rt.backends.keys()];
  const guess = nearest(id, all);
  throw new LoopyardError(
    'UNKNOWN_BACKEND',
    `There is no backend "${shown(id)}"${guess ? `; did you mean "${guess}"` : ''}. There are: ${all.join(', ')}.`,
    { known: all },
  );
}

function commandOf({ command }: Input, ids: readonly string[]): string[] | undefined {
  if (!ids.includes('command')) {
    if (command === undefined) return undefined;
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `"command" goes with the backend command, not with ${ids.join(', ')}.`,
    );
  }
  if (command !== undefined) return argvFrom(command, 'The worker command');
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    'The backend command needs "command": the worker\'s command line.',
  );
}

async function onPath(rt: ToolRuntime, program: string): Promise<void> {
  if (/[\\/]/.test(program) || (await rt.processes.which(program, rt.env)) !== undefined) return;
  throw new LoopyardError(
    'BACKEND_MISSING',
    `The program "${shown(program)}" of the backend command is not on PATH.`,
    { backend: 'command', program: shown(program) },
  );
}
