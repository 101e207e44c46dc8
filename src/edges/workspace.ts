import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoopyardError } from '../domain/errors.ts';

/** What a call and its process know about where the work is. */
export interface WorkspaceSignals {
  /** The `workspace` argument of the call. */
  readonly argument?: unknown;
  /** The --workspace flag this process was started with. */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `_meta["codex/sandbox-state-meta"].sandboxCwd` of the call. */
  readonly codex?: unknown;
  /** Asks the client for its roots, as URIs; none when it cannot tell. Asked only when nothing before decided. */
  roots?(): Promise<readonly string[]>;
  readonly cwd: string;
  readonly home: string;
}

export interface Workspace {
  readonly path: string;
  /** What decided, for sentences: `the workspace argument`. */
  readonly from: string;
  /** Nobody named it; it is only where the process happens to stand. */
  readonly guessed: boolean;
}

/**
 * Chooses the checkout a call is about. The first signal present decides, and a wrong one is an error rather than a
 * reason to try the next: silently working in another repository than the one named would be worse than any failure.
 * Some clients start every server in the home directory or at the root of the file system, so standing there means
 * nothing. Decided anew for each call, because several clients share one process among windows.
 */
export async function chooseWorkspace(signals: WorkspaceSignals): Promise<Workspace> {
  const named =
    fromArgument(signals.argument) ??
    fromPerson(signals.flag, signals.cwd, 'the --workspace flag') ??
    fromPerson(signals.env.LOOPYARD_WORKSPACE, signals.cwd, 'LOOPYARD_WORKSPACE') ??
    fromText(signals.codex, 'the sandbox of Codex') ??
    fromText(signals.env.CLAUDE_PROJECT_DIR, 'CLAUDE_PROJECT_DIR') ??
    fromText(onlyOne(folders(signals.env.WORKSPACE_FOLDER_PATHS)), 'WORKSPACE_FOLDER_PATHS') ??
    fromText(onlyOne((await signals.roots?.()) ?? []), 'the root of the client');
  if (named) return named;
  const { cwd, home } = signals;
  if (same(cwd, home) || same(cwd, path.parse(cwd).root)) {
    throw noWorkspace(`the server stands in ${cwd}, which is no project`);
  }
  return { path: cwd, from: 'the working directory', guessed: true };
}

/** Says how to name a workspace when none can be told. */
export function noWorkspace(because: string): LoopyardError {
  return new LoopyardError(
    'NO_WORKSPACE',
    `loopyard cannot tell which repository this is about: ${because}. Pass the argument workspace, an absolute path of a git checkout.`,
  );
}

function fromArgument(argument: unknown): Workspace | undefined {
  if (argument === undefined || argument === null || argument === '') return undefined;
  if (typeof argument === 'string' && path.isAbsolute(argument)) {
    return { path: argument, from: 'the workspace argument', guessed: false };
  }
  throw new LoopyardError('INVALID_ARGUMENT', '"workspace": expected the absolute path of a git checkout.', {
    arguments: ['workspace'],
  });
}

/** What a person configured on purpose always decides; relative to where the process stands, as everywhere. */
function fromPerson(text: string | undefined, cwd: string, from: string): Workspace | undefined {
  return text ? { path: path.resolve(cwd, text), from, guessed: false } : undefined;
}

/** A path or file URI that a client offers. What is neither, such as a remote URI, names nothing on this machine. */
function fromText(text: unknown, from: string): Workspace | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const place = text.startsWith('file:') ? localPath(text) : text;
  return place !== undefined && path.isAbsolute(place) ? { path: place, from, guessed: false } : undefined;
}

function localPath(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined; // a root on another machine
  }
}

/** Cursor joins with commas; others follow the platform. */
function folders(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(/,/)
    .flatMap((part) => part.split(path.delimiter))
    .filter((part) => part !== '');
}

function onlyOne(list: readonly string[]): string | undefined {
  return list.length === 1 ? list[0] : undefined;
}

function same(a: string, b: string): boolean {
  return path.resolve(a) === path.resolve(b);
}
