import { argvFrom } from '../argv.ts';
import { checkEnvironment } from '../environment.ts';
import type { Runtime } from '../runtime.ts';
import { forgetRun } from '../verification/check-run.ts';
import { checkIsolation, sandboxOf } from '../verification/check-sandbox.ts';
import { runOrFail } from './preparation.ts';
import type { Room } from './pristine.ts';

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

/**
 * Runs the setup commands in the room, one after the other, in the environment of a check and behind its walls, because
 * they run the candidate's code as checks do; but with the network, since many install something. The runs are named
 * after the room: one that a killed keeper has left is ended before the room is set up again.
 */
export async function runSetup(
  rt: Rt,
  room: Room,
  { env, writable }: { readonly env: Readonly<Record<string, string>>; readonly writable: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const { setup, setup_timeout_minutes } = rt.config;
  if (setup.length === 0) return;
  const walled = (await checkIsolation(rt)) === 'sandboxed';
  const runs = setup.map((line, index) => ({ line, run: `${room.id}-setup-${index + 1}` }));
  for (const { run } of runs) await forgetRun(rt, run);
  for (const { line, run } of runs) {
    const argv = argvFrom(line, 'The setting "setup"');
    const sandbox = walled ? await sandboxOf(rt, room, { argv, network: true }, { writable }) : undefined;
    const spec = {
      argv,
      cwd: room.path,
      env: { ...checkEnvironment(rt, room, walled), ...env },
      timeoutMs: setup_timeout_minutes * 60_000,
      keepBytes,
      ...(sandbox ? { sandbox } : {}),
    };
    await runOrFail(rt, run, spec, signal, `The setup command "${line.slice(0, 200)}"`);
  }
}

async function mainCheckout(rt: Pick<Rt, 'git'>): Promise<string | undefined> {
  const [main] = await rt.git.worktrees();
  return main?.missing ? undefined : main?.path;
}
