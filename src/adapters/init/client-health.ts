import { type ExecFileException, execFile } from 'node:child_process';
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
      (error, stdout, stderr) => resolve(answerIn(error, stripVTControlCharacters(`${stdout}\n${stderr}`))),
    );
    child.stdin?.end();
  });
}

/** One that was killed said nothing that counts; one that failed did, if it spoke of us at all. */
function answerIn(error: ExecFileException | null, text: string): string | undefined {
  return error && (error.killed || !text.includes('loopyard')) ? undefined : text;
}
