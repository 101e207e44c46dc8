import { argvFrom } from './argv.ts';
import { checkEnvironment } from './environment.ts';
import { runOrFail } from './preparation.ts';
import type { Room } from './pristine.ts';
import type { Runtime } from './runtime.ts';

type Rt = Omit<Runtime, 'backends'>;

const keepBytes = 1_048_576;
/** Of what a person names by hand. */
const limit = { files: 1_000, bytes: 64 * 1024 * 1024 };

/** Copies the files that the user's settings name, and no others, from the main checkout. Answers what to tell. */
export async function giveRoomFiles(rt: Rt, room: Room): Promise<readonly string[]> {
  const { room_files } = rt.config;
  if (room_files.length === 0) return [];
  const from = await mainCheckout(rt);
  if (from === undefined) return ['There is no main checkout to copy room_files from.'];
  const { copied, skipped } = await rt.dependencies.copyFiles(from, room.path, room_files, limit);
  return [
    ...(copied.length > 0
      ? [`The room has copies of ${copied.join(', ')} from the checkout, as room_files says.`]
      : []),
    ...(skipped.length > 0
      ? [`room_files names ${skipped.join(', ')}: tracked, not a regular file in the checkout, or too large.`]
      : []),
  ];
}

/** Paths and contents of these files, for a key: another `.env` may mean another verdict. */
export async function fileDigests(rt: Rt): Promise<readonly (readonly [string, string])[]> {
  const { room_files } = rt.config;
  const from = room_files.length === 0 ? undefined : await mainCheckout(rt);
  if (from === undefined) return [];
  return Promise.all(
    room_files.map(async (path) => [path, await rt.dependencies.fileDigest(from, path)] as const),
  );
}

/** Runs the setup commands in the room, one after the other, in the environment of a check. */
export async function runSetup(
  rt: Rt,
  room: Room,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { setup, setup_timeout_minutes } = rt.config;
  const name = rt.ids.next('setup');
  for (const [index, line] of setup.entries()) {
    const spec = {
      argv: argvFrom(line, 'The setting "setup"'),
      cwd: room.path,
      env: { ...checkEnvironment(rt, room), ...env },
      timeoutMs: setup_timeout_minutes * 60_000,
      keepBytes,
    };
    await runOrFail(rt, `${name}-${index + 1}`, spec, signal, `The setup command "${line.slice(0, 200)}"`);
  }
}

async function mainCheckout(rt: Pick<Rt, 'git'>): Promise<string | undefined> {
  const [main] = await rt.git.worktrees();
  return main?.missing ? undefined : main?.path;
}
