import { readFileSync } from 'node:fs';
import { plain } from '../../domain/text.ts';
import type { ToolRuntime } from '../../tools/define.ts';
import type { Line } from './extra.ts';
import type { keeperFace } from './faces.ts';
import { toJson } from './render.ts';
import type { Terminal } from './terminal.ts';

const mostLines = 500;

/** Says who acts for a yard, or shows the log. */
export async function keeper(
  rt: ToolRuntime,
  { log, json }: Line<typeof keeperFace>,
  logFile: string,
  { stdout }: Terminal,
): Promise<number> {
  if (log) {
    const lines = newestLines(logFile);
    stdout.write(json ? `${toJson({ log: lines.map(parsed) }, 0)}\n` : readable(lines));
    return 0;
  }
  const lease = (await rt.store.read()).leases.keeper;
  const holder = lease?.holder;
  if (holder?.kind !== 'process') {
    stdout.write(json ? '{}\n' : 'No keeper is at work; one starts when there is something to do.\n');
    return 0;
  }
  const { pid } = holder.identity;
  const alive = rt.processes.liveness(holder.identity);
  const isolation = await rt.processes.isolation();
  stdout.write(
    json
      ? `${toJson({ pid, liveness: alive, epoch: lease?.epoch, isolation }, 0)}\n`
      : `keeper: process ${pid}, ${alive}, epoch ${lease?.epoch}, isolation ${isolation}\n`,
  );
  return 0;
}

function newestLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-mostLines);
  } catch {
    return [];
  }
}

function readable(lines: readonly string[]): string {
  return lines.length === 0 ? 'Nothing was logged yet.\n' : lines.map((line) => `${told(line)}\n`).join('');
}

/** One event of the log; a line that is none stays text. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return plain(line);
  }
}

/** One event of the log for people; a line that is none stays as it is. */
function told(line: string): string {
  try {
    const { time, level, process: name, pid: _pid, msg, ...facts } = JSON.parse(line);
    const rest = Object.keys(facts).length > 0 ? ` ${JSON.stringify(facts)}` : '';
    const mark = level === 50 ? 'ERROR' : level === 40 ? 'WARN ' : 'info ';
    return plain(`${time} ${mark} ${name}: ${msg}${rest}`);
  } catch {
    return plain(line);
  }
}
