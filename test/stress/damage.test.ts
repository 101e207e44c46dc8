import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openJournalStore } from '../../src/adapters/journal/journal-store.ts';
import { aStoreIn, wallClock } from '../support/state-directory.ts';

/** Every kind of damage to every file: afterwards all is there, or the store says that it is damaged. */
type Damage = (path: string, bytes: Buffer) => void;
const flip = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x04;
  return copy;
};
const middle = (bytes: Buffer) => bytes.length >> 1;
/** Where the last line begins that is not empty. */
const lastLine = (bytes: Buffer) => bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;

const damages: Record<string, Damage> = {
  emptied: (path) => truncateSync(path, 0),
  'cut in half': (path, bytes) => truncateSync(path, middle(bytes)),
  'last byte missing': (path, bytes) => truncateSync(path, Math.max(0, bytes.length - 1)),
  'last line missing': (path, bytes) => truncateSync(path, lastLine(bytes)),
  'first byte flipped': (path, bytes) => writeFileSync(path, flip(bytes, 1)),
  'a bit flipped in the middle': (path, bytes) => writeFileSync(path, flip(bytes, middle(bytes))),
  'a bit flipped at the end': (path, bytes) => writeFileSync(path, flip(bytes, bytes.length - 5)),
  'zeroed in the middle': (path, bytes) =>
    writeFileSync(
      path,
      Buffer.from(bytes).fill(0, middle(bytes), Math.min(bytes.length, middle(bytes) + 64)),
    ),
  'all zeros': (path, bytes) => writeFileSync(path, Buffer.alloc(bytes.length)),
  'zeros appended': (path) => appendFileSync(path, Buffer.alloc(512)),
  'garbage appended': (path) => appendFileSync(path, 'garbage\nmore garbage'),
  'replaced by text': (path) => writeFileSync(path, 'hello\n'),
  'written twice': (path, bytes) => writeFileSync(path, Buffer.concat([bytes, bytes])),
  'a line removed in the middle': (path, bytes) => {
    const start = bytes.lastIndexOf(0x0a, middle(bytes) - 1) + 1;
    const end = bytes.indexOf(0x0a, middle(bytes)) + 1;
    writeFileSync(path, Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]));
  },
  deleted: (path) => rmSync(path),
  'a directory': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  'a pipe': (path) => {
    rmSync(path);
    execFileSync('mkfifo', [path]);
  },
  'a symbolic link': (path) => {
    renameSync(path, `${path}.elsewhere`);
    symlinkSync(`${path}.elsewhere`, path);
  },
  'writable by all': (path) => chmodSync(path, 0o666),
  'linked from elsewhere': (path) => {
    linkSync(path, `${path}.second`);
    linkSync(path, `${path}.third`);
  },
};

const refusals = ['STATE_CORRUPT', 'STATE_UNSAFE', 'STATE_TOO_NEW'];

test('no damage to any file loses anything silently or hangs', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'loopyard-damage-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const template = join(parent, 'template');
  const store = await aStoreIn(template);
  const kept = 3 * 128 - 60;
  for (let index = 0; index < kept; index += 1) {
    await store.transact({ name: 'test' }, (tx) =>
      tx.record({ type: 'note.remembered', note: { id: `note-${index}`, text: 'kept' } }),
    );
  }
  await store.close();
  const files = readdirSync(template).filter((name) => statSync(join(template, name)).isFile());
  const figures = { intact: 0, refused: 0 };
  const silent: string[] = [];

  for (const file of files) {
    for (const [kind, damage] of Object.entries(damages)) {
      const directory = join(parent, 'case');
      cpSync(template, directory, { recursive: true });
      damage(join(directory, file), readFileSync(join(directory, file)));
      const outcome = await look(directory, kept);
      if (outcome === 'intact' || refusals.includes(outcome))
        figures[outcome === 'intact' ? 'intact' : 'refused'] += 1;
      else silent.push(`${file} ${kind}: ${outcome}`);
      rmSync(directory, { recursive: true, force: true });
    }
  }

  const cases = files.length * Object.keys(damages).length;
  console.log(
    `stress: ${cases} damaged files, ${figures.intact} intact, ${figures.refused} refused, ${silent.length} silent or hung`,
  );
  expect(silent).toEqual([]);
  expect(figures.refused).toBeGreaterThan(files.length);
});

/** Reads, looks at the past, and records; what is there must be everything. */
async function look(directory: string, kept: number): Promise<string> {
  const store = await openJournalStore({ directory, clock: wallClock, log: () => {}, chance: Math.random });
  const deadline = new Promise<string>((resolve) => void setTimeout(resolve, 10_000, 'hung').unref());
  const work = async () => {
    try {
      const yard = await store.read();
      if (yard.notes.length !== kept || yard.seq !== kept)
        return `${yard.notes.length} of ${kept} notes are left`;
      await store.transact({ name: 'test' }, (tx) =>
        tx.record({ type: 'note.remembered', note: { id: 'more', text: 'more' } }),
      );
      const last = (await store.history(kept - 5, 10)).map(({ seq }) => seq);
      if (last.join() !== [4, 3, 2, 1, 0, -1].map((back) => kept - back).join())
        return `history ends with ${last.join()}`;
      const whole = await store.history(0, 10_000);
      return whole.length === (whole[0] ? kept + 2 - whole[0].seq : -1) ? 'intact' : 'history has holes';
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    } finally {
      await store.close();
    }
  };
  return await Promise.race([work(), deadline]);
}
