import { closeSync, constants, existsSync, fstatSync, lstatSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Log } from '../ports/log.ts';
import { openOwnSync } from './open-own.ts';
import { writeAll } from './write-all.ts';

/** Bytes after which the log is set aside; the one before is kept as `.1`. */
const maxBytes = 4_194_304;

export const logFile = (home: string) => path.join(home, 'loopyard.log');

/**
 * JSON lines in the yard's own directory, from all its processes. pino is loaded at the first line, so that a process
 * with nothing to say does not pay for it; until the yard exists there is no place for a log, and none is made.
 *
 * The file is opened for each line. Lines are few, and so a process that lives for days writes into the file that has
 * the name now, whoever set the one before aside, and a failure costs one line.
 */
export function openLog(home: string, process: { name: string; pid: number }): Log {
  let logger: Promise<Logger> | undefined;
  return (level, message, facts = {}) => {
    if (!existsSync(home)) return;
    logger ??= start(logFile(home), process).catch((error: unknown) => {
      logger = undefined;
      throw error;
    });
    void logger.then((log) => log[level](facts, message)).catch(() => undefined);
  };
}

async function start(file: string, process: { name: string; pid: number }): Promise<Logger> {
  const { default: pino } = await import('pino');
  const options = {
    base: { process: process.name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, { write: (line) => appendLine(file, line) });
}

function appendLine(file: string, line: string): void {
  const log = openOwnSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
  if (log === undefined) return;
  try {
    const { size, ino } = fstatSync(log);
    writeAll(log, Buffer.from(line));
    // Of several processes that find it full only those rename that still see it under its name.
    if (size > maxBytes && lstatSync(file).ino === ino) renameSync(file, `${file}.1`);
  } finally {
    closeSync(log);
  }
}
