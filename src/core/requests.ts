import { LoopyardError } from '../domain/errors.ts';
import type { Tx } from '../ports/store.ts';

/**
 * Does a keyed piece of work once: a repeat with the same key gets the first answer and changes nothing. In the same
 * transaction as the work itself, so that a crash leaves both or neither.
 */
export function once(tx: Tx, key: string | undefined, tool: string, work: () => string): string {
  if (key === undefined) return work();
  const earlier = tx.yard.requests.find((request) => request.key === key);
  if (earlier && earlier.tool !== tool) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `The idempotency key "${key}" was used for ${earlier.tool} before; use another one for ${tool}.`,
    );
  }
  if (earlier) return earlier.answer;
  const answer = work();
  tx.record({ type: 'request.answered', key, tool, answer });
  return answer;
}
