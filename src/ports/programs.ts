import type { HomeFile } from './backend.ts';

/** Programs of this machine and the traces they left, looked at from outside. */
export interface Programs {
  /** Absolute path of a program as this environment finds it, or undefined. */
  which(program: string, env: Readonly<Record<string, string>>): Promise<string | undefined>;
  /**
   * What the file prints when run with these arguments, at most 5 s; undefined when it fails, says nothing or takes
   * longer. Asked once: the answer is kept until the file at that path is another.
   */
  says(
    path: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<string | undefined>;
  /** Whether there is such a file; it is not opened. */
  has(file: HomeFile, env: Readonly<Record<string, string>>): Promise<boolean>;
}
