import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { HomeFile } from '../../ports/backend.ts';
import type { Programs } from '../../ports/programs.ts';
import { which } from './which.ts';

const longestMs = 5_000;

/** Programs on this machine. `home`: the folder in which people's programs keep their files. */
export function openPrograms(home: string): Programs {
  const answers = new Map<string, Promise<string | undefined>>();
  return {
    which: (program, env) => which(program, env),
    async says(file, args, env) {
      // A program that updates itself is another one under the same name.
      const { mtimeMs, size } = await stat(file);
      const key = JSON.stringify([file, mtimeMs, size, args]);
      const known = answers.get(key) ?? ask(file, args, env);
      answers.set(key, known);
      return known;
    },
    has: (file, env) => isFile(placeOf(file, home, env)),
  };
}

function ask(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env, timeout: longestMs, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
    const child = execFile(file, [...args], options, (error, stdout) =>
      resolve(error || stdout.trim() === '' ? undefined : stdout),
    );
    child.stdin?.end();
  });
}

function placeOf(
  { variable, folder, name }: HomeFile,
  home: string,
  env: Readonly<Record<string, string>>,
): string {
  const named = variable === undefined ? undefined : env[variable];
  return named ? path.join(named, name) : path.join(env.HOME ?? home, folder, name);
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
