import { existsSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Log } from '../ports/log.ts';

/** Bytes after which the log is set aside; the one before is kept as `.1`. */
const maxBytes = 4_194_304;

export const logFile = (home: string) => path.join(home, 'loopyard.log');

/**
 * JSON lines in the yard's own directory, from all its processes. pino is loaded at the first line, so that a process
 * with nothing to say does not pay for it; until the yard exists there is no place for a log, and none is made.
 */
export function openLog(home: string, process: { name: string; pid: number }): Log {
  let logger: Promise<Logger> | undefined;
  return (level, message, facts = {}) => {
    if (!existsSync(home)) return;
    logger ??= start(home, process);
    void logger.then((log) => log[level](facts, message)).catch(() => undefined);
  };
}

async function start(home: string, process: { name: string; pid: number }): Promise<Logger> {
  const { default: pino } = await import('pino');
  const dest = logFile(home);
  rotate(dest);
  const options = {
    base: { process: process.name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, pino.destination({ dest, append: true, sync: true, mode: 0o600 }));
}

function rotate(file: string): void {
  try {
    if (statSync(file).size > maxBytes) renameSync(file, `${file}.1`);
  } catch {
    // There is none yet, or another process has just set it aside.
  }
}
