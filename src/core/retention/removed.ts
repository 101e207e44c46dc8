import { LoopyardError } from '../../domain/errors.ts';
import type { Removal } from '../../ports/stock.ts';
import type { Runtime } from '../runtime.ts';

/** Throws REMOVED when something of that name was there and is gone: by what, and when. */
export async function refuseRemoved({ stock }: Pick<Runtime, 'stock'>, name: string): Promise<void> {
  const removal = await stock.noted(name);
  if (!removal) return;
  const { kind, at, by } = removal;
  const when = new Date(at).toISOString().slice(0, 10);
  const message = `${what[kind]} ${name} was removed on ${when}, ${removedBy(removal)}.`;
  throw new LoopyardError('REMOVED', message, { name, at, by });
}

const what: Readonly<Record<Removal['kind'], string>> = {
  runs: 'The output of',
  evidence: 'The evidence of',
  known_runs: 'The known run',
  records: 'The record of the loop',
  journal: 'The old part of the journal',
  refs: 'The ref',
};

function removedBy({ by, value }: Removal): string {
  if (by === 'prune') return 'by loopyard prune';
  return `by the setting ${by}${value === undefined ? '' : ` (${value})`}`;
}
