import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Dependencies } from '../../ports/dependencies.ts';
import { which } from '../processes/which.ts';

const Known = z.record(z.string(), z.strictObject({ at: z.number(), version: z.string() }));
type Known = z.infer<typeof Known>;

/** A launcher that chooses among versions may choose another one without changing itself. */
const trustMs = 3_600_000;
const patienceMs = 20_000;
/** Between the end of a program and the last of its output, milliseconds. */
const lastWordsMs = 500;

/**
 * Versions of programs, known for an hour by path, size and time of the program file: asking npm takes as long as
 * proving its whole result. The file is a cache; whoever writes it last wins.
 */
export function toolVersions(folder: string): Dependencies['toolVersion'] {
  const file = join(folder, 'tools.json');
  let known: Promise<Known> | undefined;
  const load = () =>
    readFile(file, 'utf8')
      .then((text) => Known.parse(JSON.parse(text)))
      .catch((): Known => ({}));
  return async (argv, env) => {
    const program = await which(argv[0], env, folder);
    if (program === undefined) return undefined;
    const real = await realpath(program);
    const { size, mtimeMs, ino } = await stat(real);
    const key = [real, size, mtimeMs, ino, ...argv.slice(1)].join(' ');
    known ??= load();
    const all = await known;
    const before = all[key];
    if (before && Math.abs(Date.now() - before.at) < trustMs) return before.version;
    const version = await ask(program, argv.slice(1), env, folder);
    if (version === undefined) return undefined;
    all[key] = { at: Date.now(), version };
    await save(file, all).catch(() => undefined);
    return version;
  };
}

/** Some print it to standard error. One that fails at this would fail at more. */
function ask(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<string | undefined> {
  return mkdir(cwd, { recursive: true, mode: 0o700 }).then(
    () =>
      new Promise((resolve) => {
        const options = { env, cwd, timeout: patienceMs, killSignal: 'SIGKILL' } as const;
        const child = execFile(program, args, options, (error, stdout, stderr) => {
          if (error) resolve(undefined);
          else resolve(`${stdout}${stdout.trim() === '' ? stderr : ''}`.trim().slice(0, 500));
        });
        // What it started may hold its output open when it is gone, as a daemon does: nobody waits for that.
        child.once('exit', () => {
          for (const stream of [child.stdout, child.stderr]) setTimeout(() => stream?.destroy(), lastWordsMs);
        });
        child.stdin?.end();
      }),
  );
}

async function save(file: string, all: Known): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(all), { mode: 0o600 });
  await rename(draft, file);
}
