import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import type { Git } from '../../ports/git.ts';
import { removeTree } from '../take-away.ts';
import { fields, gitFailed } from './command.ts';
import { type Mirror, roomIndex } from './mirror.ts';
import type { Repository } from './repository.ts';
import { escapingLink } from './symbolic-links.ts';

/**
 * Fills a fresh directory with the files of one commit, out of the mirror. The index stays in the mirror, so nothing
 * in the room says how to read it, and no git directory can be found from there.
 *
 * A crash leaves a directory half filled under a name nobody uses twice, and a small index file.
 */
export function gitRooms({ git }: Repository, mirror: Mirror): Pick<Git, 'fillRoom'> {
  return {
    async fillRoom({ path, commit }) {
      await mirror.use(commit, async (gitDir) => {
        await refuseEscapes(git, gitDir, commit);
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await mkdir(path, { mode: 0o700 }).catch((cause: unknown) => {
          throw new LoopyardError(
            'INVALID_ARGUMENT',
            `The room "${path}" cannot be made: it must be a new directory.`,
            {},
            { cause },
          );
        });
        const index = roomIndex(gitDir);
        const here = {
          gitDir,
          workTree: path,
          index,
          config: ['core.bare=false', 'checkout.workers=0', 'core.autocrlf=false'],
        };
        try {
          await git.run({ ...here, args: ['read-tree', commit] });
          await git.run({ ...here, args: ['checkout-index', '--all', '--quiet'] });
        } catch (error) {
          await removeTree(path);
          throw error;
        } finally {
          await rm(index, { force: true });
        }
      });
    },
  };
}

/** A link out of the room would let a check read, or write, what is not in the commit. */
async function refuseEscapes(git: Repository['git'], gitDir: string, commit: string): Promise<void> {
  const { stdout } = await git.run({ gitDir, args: ['ls-tree', '-r', '-z', '--full-tree', commit] });
  const paths: string[] = [];
  const ids: string[] = [];
  for (const entry of fields(stdout)) {
    const [mode, , id] = entry.slice(0, entry.indexOf('\t')).split(' ');
    if (mode !== '120000' || !id) continue;
    paths.push(entry.slice(entry.indexOf('\t') + 1));
    ids.push(id);
  }
  const targets = await readBlobs(git, gitDir, ids);
  const links = new Map(paths.map((path, i) => [path, targets[i] ?? '']));
  const escaping = escapingLink(links);
  if (escaping === undefined) return;
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `The commit has a symbolic link that leads out of the checkout: "${escaping}".`,
    { path: escaping, commit },
  );
}

/** In the order asked for; each answer is a line `<id> blob <size>`, the bytes, and a line end. */
async function readBlobs(git: Repository['git'], gitDir: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const input = ids.map((id) => `${id}\n`).join('');
  const command = { gitDir, args: ['cat-file', '--batch'], input };
  const answer = await git.run(command);
  const texts: string[] = [];
  for (let at = 0; at < answer.stdout.length; ) {
    const start = answer.stdout.indexOf('\n', at) + 1;
    const size = blobSize(answer.stdout.subarray(at, start).toString());
    if (size === undefined) throw gitFailed(command, answer); // one that is missing is told with exit code 0
    texts.push(answer.stdout.subarray(start, start + size).toString());
    at = start + size + 1;
  }
  return texts;
}

function blobSize(line: string): number | undefined {
  const [, size] = / blob (\d+)\n$/.exec(line) ?? [];
  return size === undefined ? undefined : Number(size);
}
