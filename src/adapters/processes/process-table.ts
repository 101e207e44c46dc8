import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One process as the system shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** In the unit of the platform; only compared for equality. */
  readonly startTime: string;
  /** A zombie has ended; only its parent has not noticed yet. */
  readonly zombie: boolean;
  readonly name: string;
}

/** The process with this pid, or undefined when the system shows none. */
export function readProcess(pid: number): ProcessEntry | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (process.platform === 'linux') return parseStat(readOrNothing(`/proc/${pid}/stat`));
  return listProcesses().find((entry) => entry.pid === pid);
}

/** All processes that we may see. */
export function listProcesses(): readonly ProcessEntry[] {
  switch (process.platform) {
    case 'linux':
      return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((name) => parseStat(readOrNothing(`/proc/${name}/stat`)) ?? []);
    case 'win32':
      return listOnWindows();
    default:
      return listByPs();
  }
}

/** What one turn of a search asks the system. */
export interface Look {
  readonly list: () => readonly ProcessEntry[];
  readonly read: (pid: number) => ProcessEntry | undefined;
}

/**
 * On Linux a look at one process costs microseconds, so every question is asked anew. Elsewhere each look starts a
 * program and waits for it: one table answers all questions of a turn (untested).
 */
export function openLook(): Look {
  if (process.platform === 'linux') return { list: listProcesses, read: readProcess };
  let table: readonly ProcessEntry[] | undefined;
  const list = () => {
    table ??= listProcesses();
    return table;
  };
  return { list, read: (pid) => list().find((entry) => entry.pid === pid) };
}

/** Real and effective user of a process; undefined when it is gone or the platform does not tell. */
export function usersOf(pid: number): readonly number[] | undefined {
  const line = /^Uid:\t(\d+)\t(\d+)/m.exec(readOrNothing(`/proc/${pid}/status`) ?? '');
  return line ? [Number(line[1]), Number(line[2])] : undefined;
}

/** Was the process started with exactly this environment entry (`NAME=value`)? Only Linux tells. */
export function startedWith(pid: number, entry: string): boolean {
  return `\0${readOrNothing(`/proc/${pid}/environ`) ?? ''}\0`.includes(`\0${entry}\0`);
}

/** Was it started with a variable of this name? Only Linux tells. */
export function startedWithVariable(pid: number, name: string): boolean {
  return `\0${readOrNothing(`/proc/${pid}/environ`) ?? ''}`.includes(`\0${name}=`);
}

/** Fields as in proc(5). The name is in parentheses and may itself hold spaces and parentheses: count from the last. */
export function parseStat(text: string | undefined): ProcessEntry | undefined {
  if (text === undefined) return undefined;
  const close = text.lastIndexOf(')');
  const [state, parent, group, session, ...rest] = text.slice(close + 2).split(' ');
  const startTime = rest[15];
  if (close < 0 || state === undefined || startTime === undefined) return undefined;
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime,
    zombie: state === 'Z' || state === 'X' || state === 'x',
    name: text.slice(text.indexOf('(') + 1, close),
  };
}

/** A process may end between listing and reading: then there is nothing to read. */
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** macOS and the BSDs. Untested. */
function listByPs(): readonly ProcessEntry[] {
  const env = { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' };
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,pgid=,sess=,stat=,lstart=,comm='], {
    env,
    encoding: 'utf8',
  });
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(
      line,
    );
    if (!match) return [];
    const [, pid, parent, group, , state = '', startTime = '', name = ''] = match;
    const zombie = state.startsWith('Z');
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      startTime,
      zombie,
      name,
    };
  });
}

/** Windows knows no groups and no sessions of this kind. Untested. */
function listOnWindows(): readonly ProcessEntry[] {
  const script =
    'Get-CimInstance Win32_Process | ForEach-Object { "$($_.ProcessId) $($_.ParentProcessId) $($_.CreationDate.ToFileTimeUtc()) $($_.Name)" }';
  const text = execFileSync('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], {
    encoding: 'utf8',
    windowsHide: true,
  });
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^(\d+) (\d+) (\d+) (.*)$/.exec(line);
    if (!match) return [];
    const [, pid, parent, startTime = '', name = ''] = match;
    return { pid: Number(pid), parent: Number(parent), group: 0, session: 0, startTime, zombie: false, name };
  });
}
