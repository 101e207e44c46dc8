import type { WorkOrder } from '../../ports/backend.ts';

/** Name under which a worker sees loopyard's own server; it takes the place of an entry of the project's. */
export const serverName = 'loopyard';

/** The file that several programs read: `{"mcpServers": {…}}`, with loopyard's server for this worker and no other. */
export function mcpServers({ server }: WorkOrder, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ mcpServers: { [serverName]: { type: 'stdio', ...server, ...more } } });
}

/** What a program that takes its prompt only as an argument is told: where the prompt lies, never the prompt itself. */
export const readsPrompt = ({ promptFile }: WorkOrder): string =>
  `Read the file ${promptFile} completely and do what it says. It is your whole task.`;

/** Words that are there only in some case. */
export const when = (condition: unknown, ...words: readonly string[]): readonly string[] =>
  condition ? words : [];
