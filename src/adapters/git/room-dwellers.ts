import { readdir, readlink } from 'node:fs/promises';
import { sep } from 'node:path';

/**
 * The id of a process that works in a folder, or undefined: one that a check left behind could change the next
 * verification's files and put them back. Linux tells; elsewhere nobody is seen.
 */
export async function dwellerIn(folder: string): Promise<number | undefined> {
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const place = await readlink(`/proc/${pid}/cwd`).catch(() => ''); // gone, or another user's
        return place === folder || place.startsWith(`${folder}${sep}`) ? Number(pid) : undefined;
      }),
  );
  return found.find((pid) => pid !== undefined);
}
