import { afterAll, describe, expect, test } from 'vitest';
import { type Cell, faults, whatBecomesOf } from './faults.ts';
import { type Client, claude, codex, gemini, opencode } from './people.ts';

/** With the retries that are their default, which are their users' too, the slowest give up after four minutes. */
const patienceMs = 300_000;

/** Told at once, each by another program and in another way; the rest is for `npm run test:clients:all`. */
const quick = ['claude > codex: quota', 'codex > claude: 401', 'gemini > codex: 403', 'opencode: 404'];

const clients: readonly Client[] = [claude(), codex(), opencode(), gemini()];
const cells = clients.flatMap((client) => {
  const second = client.backend === 'codex' ? claude() : codex();
  return faults.flatMap((fault) => [
    { name: `${client.backend}: ${fault.name}`, client, fault, second: undefined },
    { name: `${client.backend} > ${second.backend}: ${fault.name}`, client, fault, second },
  ]);
});

const rows: string[] = [];
afterAll(() => console.log(rows.toSorted().join('\n')));

describe.concurrent('a real program whose model fails costs no iteration, leaves no process, and', () => {
  for (const { name, client, fault, second } of cells) {
    if (!process.env.ALL_CLIENTS && !quick.includes(name)) continue;
    const next = second ? `${second.title} lands the work` : 'its loop waits or says what to do';
    test(`${name}: ${next}`, { timeout: 3 * patienceMs }, async (context) => {
      const cell = await whatBecomesOf(client, fault, second, context, second ? 2 * patienceMs : patienceMs);
      rows.push(rowOf(name, cell));

      expect(fault.expected).toContain(cell.class);
      const reaction = expect.stringMatching(second ? /landed$/ : /^(?:held|tries again)/);
      expect(cell).toMatchObject({ charged: 0, left: [], reaction });
    });
  }
});

function rowOf(name: string, cell: Cell): string {
  const { seconds, requests, charged, left, reaction, text = '' } = cell;
  const figures = `${requests} requests | charged ${charged} | left ${left.length}`;
  return `${name} | ${cell.class ?? 'nothing'} | ${seconds.join('+')} s | ${figures} | ${reaction} | ${text.split('\n', 1)[0]?.slice(0, 100)}`;
}
