import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Answer, Session } from '../support/mcp-client.ts';
import type { ScratchProject } from '../support/scratch-project.ts';

/** A loop as status shows it. */
export interface Loop {
  readonly id: string;
  readonly state: string;
  readonly hold?: string;
  readonly iteration: string;
  readonly doing: string;
  readonly tree?: string;
  readonly worker?: string;
  readonly baseline?: string;
  readonly last?: string;
  readonly candidate?: string;
  readonly landed?: string;
  readonly merge?: string;
  readonly question?: string;
  readonly kept?: readonly string[];
  readonly trouble?: string;
  readonly judged?: readonly string[];
}

/** Opens a loop and answers its id. */
export async function opened(session: Session, plan: Answer): Promise<string> {
  const { loop } = await session.call('start_loop', { goal: 'mend the calculator', ...plan });
  return String(loop);
}

export async function look(session: Session, loop: string): Promise<Loop> {
  const { loops } = await session.call('status', { loop });
  const [view] = loops as Loop[];
  if (!view) throw new Error(`status knows nothing of ${loop}`);
  return view;
}

/** Watches a loop with status and its cursor, as a strategist does, until it is as wanted. */
export async function until(
  session: Session,
  loop: string,
  wanted: (loop: Loop) => boolean,
  seconds = 90,
): Promise<Loop> {
  const deadline = Date.now() + seconds * 1_000;
  let view = await look(session, loop);
  let cursor: unknown;
  while (!wanted(view)) {
    if (Date.now() > deadline) throw new Error(`Not reached: ${wanted}\nIt is ${JSON.stringify(view)}`);
    const answer = await session.call('status', { loop, ...(cursor ? { cursor } : {}), wait_s: 5 });
    cursor = answer.cursor;
    const [next] = (answer.loops ?? []) as Loop[];
    if (next) view = next;
  }
  return view;
}

export const isIn =
  (...states: readonly string[]) =>
  (loop: Loop) =>
    states.includes(loop.state);

/** A gate that a worker or check of ours waits at. */
export function gateOf(project: ScratchProject, name: string) {
  const file = project.file(name);
  return {
    file,
    open: () => writeFile(file, ''),
    reached: () => eventually(() => existsSync(`${file}.entered`)),
  };
}

/** Our own loop instead of expect.poll, which cannot tell tests apart that run side by side. */
export async function eventually(what: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1_000;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error(`Not so after ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Branches, stash, index and files of the user's checkout, byte for byte, without what is loopyard's own. */
export async function userSide(project: ScratchProject): Promise<Record<string, string>> {
  const refs = await project.git('for-each-ref', 'refs/heads', 'refs/tags', 'refs/stash');
  return {
    head: await project.git('symbolic-ref', 'HEAD'),
    refs: refs
      .split('\n')
      .filter((line) => !line.includes('refs/heads/loopyard/'))
      .join('\n'),
    index: readFileSync(`${project.path}/.git/index`).toString('base64'),
    config: readFileSync(`${project.path}/.git/config`, 'utf8'),
    status: await project.git('--no-optional-locks', 'status', '--porcelain'),
  };
}
