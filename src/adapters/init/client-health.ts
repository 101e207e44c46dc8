import { execFile } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { which } from '../processes/which.ts';

/** What a client says of its servers; undefined when the program is not here or does not answer in time. */
export async function askClient(
  [program = '', ...args]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  timeout = 60_000,
): Promise<string | undefined> {
  const file = await which(program, env);
  if (file === undefined) return undefined;
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { cwd, env, timeout, killSignal: 'SIGKILL' },
      (error, stdout, stderr) =>
        // A client that failed still may have said why; one that was killed said nothing that counts.
        resolve(error?.killed ? undefined : stripVTControlCharacters(`${stdout}\n${stderr}`)),
    );
    child.stdin?.end();
  });
}
