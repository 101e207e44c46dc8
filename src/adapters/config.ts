import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Config } from '../domain/config.ts';
import { LoopyardError } from '../domain/errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The user's own file: `LOOPYARD_CONFIG`, or `loopyard/config.json` in the user's configuration folder. */
export function configFile(env: Env): string {
  const folder = env.XDG_CONFIG_HOME || (process.platform === 'win32' ? env.APPDATA : undefined);
  return (
    env.LOOPYARD_CONFIG || path.join(folder || path.join(os.homedir(), '.config'), 'loopyard', 'config.json')
  );
}

/**
 * Defaults, then the user's file, then `LOOPYARD_<KEY>` of the environment for single values. Nothing is read from the
 * repository. Throws INVALID_CONFIG with the file and the field.
 */
export function loadConfig(env: Env): Config {
  const file = configFile(env);
  const { success, data, error } = Config.safeParse({ ...readJson(file), ...fromEnvironment(env) });
  if (success) return data;
  const problems = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `there is no setting ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    return `"${issue.path.join('.')}": ${issue.message}`;
  });
  throw new LoopyardError(
    'INVALID_CONFIG',
    `The configuration (${file} and LOOPYARD_… variables) is not valid: ${problems.join('; ')}.`,
    {
      file,
      known: Object.keys(Config.shape),
    },
  );
}

function readJson(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new LoopyardError(
      'INVALID_CONFIG',
      `The configuration ${file} cannot be read.`,
      { file },
      { cause },
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new LoopyardError('INVALID_CONFIG', `The configuration ${file} is not JSON.`, { file }, { cause });
  }
  throw new LoopyardError('INVALID_CONFIG', `The configuration ${file} is not one JSON object.`, { file });
}

function fromEnvironment(env: Env): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(Config.shape)) {
    const text = env[`LOOPYARD_${key.toUpperCase()}`];
    if (text !== undefined) values[key] = jsonOrText(text);
  }
  return values;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Where worktrees, rooms and context files of a repository live: outside every checkout, so that no test runner or
 * watcher walks into them, and named so that a person recognises the repository.
 */
export function placeFor(
  commonDir: string,
  digest: string,
  configured: string | undefined,
  env: Env,
): string {
  const state = env.XDG_STATE_HOME || (process.platform === 'win32' ? env.LOCALAPPDATA : undefined);
  const root = configured ?? path.join(state || path.join(os.homedir(), '.local', 'state'), 'loopyard');
  const checkout = path.basename(commonDir) === '.git' ? path.dirname(commonDir) : commonDir;
  const name =
    path
      .basename(checkout)
      .replace(/[^\w.-]/g, '_')
      .slice(0, 40) || 'repository';
  return path.join(root, `${name}-${digest.slice(0, 8)}`);
}
