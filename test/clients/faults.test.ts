import { afterAll, describe, expect, test } from 'vitest';
import { type Cell, type Fault, faults, whatBecomesOf } from './faults.ts';
import { type Client, claude, codex, gemini, opencode } from './people.ts';

/** By their own retries, which are their users' too, the slowest give up after four minutes. */
const patienceMs = 300_000;

const rows: string[] = [];
afterAll(() => console.log(rows.toSorted().join('\n')));

for (const client of [claude(), codex(), opencode(), gemini()]) {
  const second = client.backend === 'codex' ? claude() : codex();
  describe.concurrent(`${client.title} whose model fails with`, () => {
    for (const fault of faults) {
      test(`${fault.name}, alone`, { timeout: 2 * patienceMs }, async (context) => {
        const cell = await whatBecomesOf(client, fault, undefined, context, patienceMs);
        note(client, fault, cell);
        expect(fault.expected).toContain(cell.class);
        expect(cell).toMatchObject({
          charged: 0,
          left: [],
          reaction: expect.stringMatching(/^(held|tries again)/),
        });
      });

      test(`${fault.name}, ${second.title} behind it`, { timeout: 3 * patienceMs }, async (context) => {
        const cell = await whatBecomesOf(client, fault, second, context, 2 * patienceMs);
        note(client, fault, cell, second);
        expect(fault.expected).toContain(cell.class);
        expect(cell).toMatchObject({ charged: 0, left: [], reaction: 'landed' });
      });
    }
  });
}

function note(client: Client, fault: Fault, cell: Cell, second?: Client): void {
  const { seconds, requests, charged, reaction, left, text } = cell;
  rows.push(
    [
      `${client.backend}${second ? ` > ${second.backend}` : ''}`,
      fault.name,
      cell.class ?? 'no failure',
      `${seconds.join('+')} s`,
      `${requests} requests`,
      `charged ${charged}`,
      `left ${left.length}`,
      reaction,
      text?.slice(0, 100),
    ].join(' | '),
  );
  console.log(rows.at(-1));
}
