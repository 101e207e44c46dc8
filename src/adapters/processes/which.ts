import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';

/** Absolute path of a program as a process with this environment and directory would find it. */
export async function which(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
  cwd?: string,
): Promise<string | undefined> {
  if (program === '') return undefined;
  const named = program.includes('/') || program.includes(path.sep);
  const folders = named ? [cwd ?? '.'] : variable(env, 'PATH').split(path.delimiter).filter(path.isAbsolute);
  for (const folder of folders) {
    for (const ending of endings(env, program)) {
      const candidate = path.resolve(folder, program + ending);
      if (await isProgram(candidate)) return candidate;
    }
  }
  return undefined;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** Windows: a program is found with any of the endings in PATHEXT, and by its full name. Untested. */
function endings(env: Readonly<Record<string, string | undefined>>, program: string): readonly string[] {
  if (process.platform !== 'win32') return [''];
  const known = (variable(env, 'PATHEXT') || '.EXE;.CMD;.BAT;.COM').split(';');
  const hasOne = known.some((ending) => program.toUpperCase().endsWith(ending.toUpperCase()));
  return hasOne ? [''] : known;
}

/** Names of variables have no case on Windows. */
function variable(env: Readonly<Record<string, string | undefined>>, name: string): string {
  if (process.platform !== 'win32') return env[name] ?? '';
  const key = Object.keys(env).find((other) => other.toUpperCase() === name);
  return (key && env[key]) ?? '';
}
