import { appendFileSync } from 'node:fs';
import { openJournalStore } from '../../../src/adapters/journal/journal-store.ts';
import { asLoopyardError } from '../../../src/domain/errors.ts';

/** Records a few notes, one transaction each, and tells the witness which of them were acknowledged. */
const [directory = '', witness = '', prefix = '', countText = '1'] = process.argv.slice(2);
const store = await openJournalStore({
  directory,
  clock: { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
  log: () => {},
  chance: Math.random,
});
for (let index = 0; index < Number(countText); index += 1) {
  const id = `${prefix}-${index}`;
  try {
    await store.transact({ name: id }, (tx) =>
      tx.record({ type: 'note.remembered', note: { id, text: 'kept' } }),
    );
    appendFileSync(witness, `${id} ack\n`);
  } catch (error) {
    appendFileSync(witness, `${id} ${asLoopyardError(error).code}\n`);
  }
}
await store.close();
appendFileSync(witness, '- end\n');
