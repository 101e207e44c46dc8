import Table from 'cli-table3';
import { afterAll } from 'vitest';
import type { Outcome } from './arena.ts';

export interface Row {
  readonly name: string;
  readonly expected: string;
  readonly outcome: Outcome | undefined;
  readonly fine: boolean;
}

/** What happened to everybody, printed when the file is over, so that a run leaves figures and not only dots. */
export function aScoreboard(title: string): { add(row: Row): void } {
  const rows: Row[] = [];
  afterAll(() => {
    const table = new Table({
      head: [title, 'expected', 'verdict', 'isolation', 'why'],
      style: { head: [], border: [], compact: true },
      colWidths: [64, 11, 14, 11, 90],
      wordWrap: false,
    });
    for (const { name, expected, outcome, fine } of rows) {
      const why = [outcome?.reason || outcome?.notes.join(' ') || ''].join('').replaceAll('\n', ' ');
      const verdict = `${fine ? '' : '! '}${outcome?.verdict ?? 'no answer'}`;
      table.push([name, expected, verdict, outcome?.isolation ?? '', why]);
    }
    const passed = rows.filter(({ outcome }) => outcome?.verdict === 'passed');
    console.log(
      `\n${table.toString()}\n${rows.length} workers, ${passed.length} passed, ${rows.filter(({ fine }) => !fine).length} not as expected.\n`,
    );
  });
  return { add: (row) => rows.push(row) };
}
