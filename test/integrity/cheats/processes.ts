import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cheat } from '../cheat.ts';
import { pretends, right, wrong } from '../world.ts';

/** A process that outlives its worker looks for rooms, and changes what it finds. */
export const processCheats: readonly Cheat[] = [
  {
    name: 'a process stays behind and edits rooms by their path',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work: pretends,
    lurk: ({ tree }) => hunt(() => byPath(tree), mend),
  },
  {
    name: 'a process stays behind and edits rooms by /proc/*/cwd',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work: pretends,
    lurk: ({ tree }) => hunt(() => byProcess(tree), mend),
  },
  {
    name: 'a process stays behind, edits by path and puts it back',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work: pretends,
    lurk: ({ tree }) => hunt(() => byPath(tree), mendForAMoment),
  },
  {
    name: 'a process stays behind, edits by /proc/*/cwd and puts it back',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work: pretends,
    lurk: ({ tree }) => hunt(() => byProcess(tree), mendForAMoment),
  },
];

async function hunt(find: () => readonly string[], change: (room: string) => Promise<void>): Promise<void> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    for (const room of find()) await change(room).catch(() => undefined);
    await pause(3);
  }
}

const product = (room: string) => path.join(room, 'src', 'calc.mjs');

async function mend(room: string): Promise<void> {
  const file = product(room);
  const text = readFileSync(file, 'utf8');
  if (text.includes(wrong)) writeFileSync(file, text.replace(wrong, right));
}

/** Mended code tells when it was read, and is put back then, with its times. */
async function mendForAMoment(room: string): Promise<void> {
  const file = product(room);
  const text = readFileSync(file, 'utf8');
  if (!text.includes(wrong)) return;
  const { atime, mtime } = statSync(file);
  const sign = path.join(room, '..', 'read');
  const telling = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(sign)}, '');\n`;
  writeFileSync(file, telling + text.replace(wrong, right));
  for (let n = 0; n < 3_000 && !existsSync(sign); n += 1) await pause(3);
  writeFileSync(file, text);
  utimesSync(file, atime, mtime);
}

/** Trees below the place of rooms, which is beside the folder of loops. */
function byPath(tree: string): readonly string[] {
  const place = placeOf(tree);
  return ['rooms', 'pool'].flatMap((kind) =>
    names(path.join(place, kind)).flatMap((room) =>
      names(path.join(place, kind, room, 'tree')).map((name) => path.join(place, kind, room, 'tree', name)),
    ),
  );
}

const placeOf = (tree: string) => path.resolve(tree, '..', '..', '..');

function byProcess(tree: string): readonly string[] {
  // Not further: other projects of these tests have rooms of the same name.
  const place = placeOf(tree);
  return names('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const cwd = readlinkSync(`/proc/${pid}/cwd`);
        // Through /proc also where the path means something else here.
        return cwd.startsWith(`${place}/`) && cwd !== tree ? [`/proc/${pid}/cwd`] : [];
      } catch {
        return [];
      }
    });
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
