import { readFileSync } from 'node:fs';
import type { History, LogLine } from '../../domain/diagnosis/bundle.ts';
import type { Store } from '../../ports/store.ts';
import { logFile } from '../log.ts';

const newestLines = 200;
const newestRecords = 500;

/** What happened lately, in our own words only: kinds of events, and the sentences of the log without their facts. */
export async function historyOf(home: string, open: () => Promise<Store>): Promise<History> {
  return { events: await eventCounts(open), log: lastLines(logFile(home)) };
}

async function eventCounts(open: () => Promise<Store>): Promise<History['events']> {
  const counts: Record<string, number> = {};
  let store: Store | undefined;
  try {
    store = await open();
    const { seq } = await store.read();
    for (const { events } of await store.history(Math.max(0, seq - newestRecords), newestRecords)) {
      for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
    }
  } catch {
    // What is wrong with it is among the findings.
  }
  await store?.close().catch(() => undefined);
  return counts;
}

function lastLines(file: string): readonly LogLine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.trimEnd().split('\n').slice(-newestLines).flatMap(lineOf);
}

function lineOf(line: string): readonly LogLine[] {
  try {
    const { time, level, process, msg } = JSON.parse(line) as Record<string, unknown>;
    const [name = ''] = String(process).split(' ');
    return [{ time: String(time), level: Number(level), process: name, message: String(msg) }];
  } catch {
    return [];
  }
}
