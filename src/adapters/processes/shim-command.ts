import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Identity } from '../../domain/lease.ts';
import type { Fact } from '../../domain/worker/run.ts';
import type { Reader } from '../../ports/backend.ts';
import type { Clock } from '../../ports/clock.ts';
import { identityOf } from '../identity.ts';
import { openOwnSync } from '../open-own.ts';
import { openFactWindow } from './fact-window.ts';
import { inNamespace, inSandbox } from './isolation.ts';
import { openLineSplitter } from './line-splitter.ts';
import { watchMemory } from './memory.ts';
import type { Tree } from './process-tree.ts';
import { openRedactedStream } from './redacted-stream.ts';
import { announceChange } from './run-changes.ts';
import { markOf, type RunRecord, replaceRecord } from './run-directory.ts';
import { feedInput } from './run-input.ts';
import { openOutput } from './run-output.ts';
import { which } from './which.ts';

/** A command under way, its output pumped into the run directory. */
export interface Started {
  readonly child: Identity | undefined;
  readonly tree: Tree;
  readonly exited: Promise<HowExited>;
  /** Everything printed has been read. May never resolve: a process that got away can hold the pipe open. */
  readonly drained: Promise<void>;
  bytes(): number;
  /** The most memory the tree was seen to hold. */
  peakRssBytes(): number | undefined;
  /** Stops reading and writes what is left to write; with the exit code, where the command ended by itself. */
  close(exitCode?: number): void;
}

/** `failure`: the command was not reached, because its walls could not be put up or it could not be executed in there. */
export type HowExited =
  | { readonly exitCode?: number; readonly signal?: string }
  | { readonly failure: 'walls' | 'program'; readonly detail: string };

/** Starts the command of a run with exactly the environment of its spec and the two variables that mark it. */
export async function startCommand(
  directory: string,
  spec: RunRecord<'spec.json'>,
  reader: Reader | undefined,
  secrets: readonly string[],
  clock: Clock,
): Promise<Started | { readonly failure: string }> {
  let child: ChildProcess;
  let prompt: Uint8Array | undefined;
  try {
    ({ child, prompt } = await spawnCommand(spec));
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  const output = openOutput(directory, spec.keepBytes);
  const input = child.stdin && prompt ? feedInput(child.stdin, prompt, directory, clock) : undefined;
  const facts = openFacts(directory, reader, clock, () => input?.finish());
  const out = openRedactedStream(secrets, (chunk) => {
    output.write(chunk);
    facts?.write(chunk);
  });
  const err = openRedactedStream(secrets, (chunk) => {
    output.write(chunk);
    facts?.writeError(chunk);
  });
  let complaint = '';
  child.stdout?.on('data', (chunk: Buffer) => out.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    if (spec.walls && complaint.length < 500) complaint += chunk.toString('utf8').slice(0, 500);
    err.write(chunk);
  });
  const reached = spec.walls ? reachedCommand(child) : Promise.resolve(true);
  const exited = new Promise<HowExited>((resolve) => {
    child.once('exit', async (code, signal) => {
      if (code !== null && !(await reached)) return resolve(howItFailed(complaint));
      resolve(howItEnded(code, signal, spec.bubblewrap !== undefined));
    });
  });
  const memory = watchMemory(identity?.pid);
  return {
    child: identity,
    tree: { leader: identity, mark: markOf(spec), walled: spec.bubblewrap !== undefined },
    exited,
    drained: new Promise((resolve) => child.once('close', () => resolve())),
    bytes: () => output.bytes,
    peakRssBytes: memory.peak,
    close(exitCode) {
      memory.stop();
      input?.close();
      out.end();
      err.end();
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      output.close();
      facts?.close(exitCode);
    },
  };
}

async function spawnCommand(
  spec: RunRecord<'spec.json'>,
): Promise<{ child: ChildProcess; prompt: Uint8Array | undefined }> {
  if (!existsSync(spec.cwd)) throw new Error('The working directory does not exist.');
  // Inside a namespace it would be bubblewrap that fails to start the program, in its own words.
  if (spec.bubblewrap && !(await which(spec.argv[0], spec.env, spec.cwd)))
    throw new Error(`spawn ${spec.argv[0]} ENOENT`);
  const [command, ...args] = commandOf(spec);
  const input = spec.stdinFile === undefined ? undefined : openInput(spec.stdinFile);
  try {
    const prompt = spec.takesWords && input !== undefined ? readFileSync(input) : undefined;
    const child = spawn(command, args, {
      cwd: spec.cwd,
      env: { ...spec.env, LOOPYARD_RUN: spec.id, LOOPYARD_RUN_MARK: spec.mark },
      // Of its own session and group, so that a signal to the group means the run and nobody else.
      detached: true,
      stdio: [
        prompt ? 'pipe' : (input ?? 'ignore'),
        'pipe',
        'pipe',
        ...(spec.walls ? (['pipe'] as const) : []),
      ],
      windowsHide: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.on('error', () => undefined);
    return { child, prompt };
  } finally {
    if (input !== undefined) closeSync(input);
  }
}

function commandOf({ bubblewrap, walls, cwd, argv }: RunRecord<'spec.json'>): readonly [string, ...string[]] {
  if (!bubblewrap) return argv;
  return walls ? inSandbox(bubblewrap, walls, cwd, argv) : inNamespace(bubblewrap, argv);
}

/** Bubblewrap reports the exit code of the command on descriptor 3, and none when it did not get that far. */
async function reachedCommand(child: ChildProcess): Promise<boolean> {
  const reports = child.stdio[3];
  let text = '';
  if (!(reports instanceof Readable)) return false;
  reports.on('data', (chunk: Buffer) => {
    if (text.length < 4_096) text += chunk.toString('latin1');
  });
  await new Promise<void>((resolve) => {
    reports.once('close', resolve);
    reports.once('error', () => resolve());
  });
  return text.includes('"exit-code"');
}

/** In the words of bubblewrap: foreign text. */
function howItFailed(complaint: string): HowExited {
  const detail = complaint.split('\n', 1)[0]?.trim() ?? '';
  const failure = detail.startsWith('bwrap: execvp ') ? 'program' : 'walls';
  return { failure, detail: detail || 'bubblewrap gave no reason' };
}

/** The worker can write where its prompt lies: a pipe put there must not hold up the shim. */
function openInput(file: string): number {
  const input = openOwnSync(file, constants.O_RDONLY);
  if (input === undefined) throw new Error('The file for standard input does not exist.');
  return input;
}

/** Facts are for watching: a quarter of a second late is early enough, and a chatty command costs four writes a second. */
function openFacts(directory: string, reader: Reader | undefined, clock: Clock, onTurnOver: () => void) {
  if (!reader) return undefined;
  const window = openFactWindow();
  let due: NodeJS.Timeout | undefined;
  let heardAt: number | undefined;
  const openedAt = clock.now();
  const save = () => {
    due = undefined;
    try {
      replaceRecord(directory, 'facts.json', {
        facts: [...window.list()],
        ...(heardAt === undefined ? {} : { heardAt }),
      });
      announceChange(path.dirname(directory));
    } catch {
      // Full disk or removed directory: the run itself goes on, and whoever can do something about it will notice.
    }
  };
  // A line that only tells of another try is no sign of life, nor is an echo of ours, nor noise on standard error.
  const add = (read: () => readonly Fact[], isWord: boolean) => {
    try {
      const facts = read();
      window.add(facts);
      if (facts.length === 0 ? isWord : facts.some(({ type }) => type !== 'retrying' && type !== 'word'))
        heardAt = clock.now();
      // Otherwise the time of its last output would be taken for it. The first try shows at least that it is up.
      else if (facts.length > 0)
        heardAt ??= facts.some(({ type }) => type === 'retrying') ? clock.now() : openedAt;
      if (facts.some(({ type }) => type === 'finished' || type === 'fatal')) onTurnOver();
    } catch {
      // A backend promises not to throw; should one do so, its worker must not be lost for it.
    }
    due ??= setTimeout(save, 250);
  };
  const lines = openLineSplitter((line) => add(() => reader.line(line), true));
  const errorLines = openLineSplitter((line) => add(() => reader.errorLine?.(line) ?? [], false));
  return {
    write: lines.write,
    writeError: errorLines.write,
    close(exitCode: number | undefined) {
      lines.end();
      errorLines.end();
      if (exitCode !== undefined) add(() => reader.end?.(exitCode) ?? [], false);
      clearTimeout(due);
      if (window.list().length > 0) save();
    },
  };
}

/** Signals that end a process; of the others, an exit code that looks like one was chosen. */
const deadly = /^SIG(?:HUP|INT|QUIT|ILL|TRAP|ABRT|BUS|FPE|KILL|USR1|SEGV|USR2|PIPE|ALRM|TERM|XCPU|XFSZ|SYS)$/;

/**
 * Bubblewrap, like a shell, reports a command killed by signal n as exit code 128 + n. Both are told then: whoever
 * judges knows that the command may also have chosen that number itself. Gemini CLI does: it exits with an HTTP status
 * modulo 256, so 401 looks like 128 + SIGCHLD.
 */
function howItEnded(
  code: number | null,
  signal: string | null,
  walled: boolean,
): { exitCode?: number; signal?: string } {
  if (code === null) return { signal: signal ?? 'unknown' };
  const numbers = Object.entries(os.constants.signals);
  const name = walled && numbers.find(([one, number]) => number === code - 128 && deadly.test(one))?.[0];
  return name ? { exitCode: code, signal: name } : { exitCode: code };
}
