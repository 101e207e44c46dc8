import type { Git, TreeChange } from '../../ports/git.ts';
import { fields } from './command.ts';
import type { Mirror } from './mirror.ts';
import type { Repository } from './repository.ts';

const absent = /^0+$/;

const kinds: Readonly<Record<string, TreeChange['kind']>> = {
  A: 'added',
  D: 'deleted',
  T: 'type_changed',
};

/** Compares two commits in the mirror, where every object is what its id says. */
export function gitTreeChanges({ git }: Pick<Repository, 'git'>, mirror: Mirror): Pick<Git, 'treeChanges'> {
  return {
    treeChanges: (base, commit) =>
      mirror.use([base, commit], async (gitDir) => {
        const args = ['diff-tree', '-r', '--raw', '--no-abbrev', '--no-renames', '-z', base, commit];
        return toChanges(fields((await git.run({ gitDir, args })).stdout));
      }),
  };
}

/** Each is `:<mode> <mode> <id> <id> <status>` and then the path. */
function toChanges(parts: readonly string[]): TreeChange[] {
  const changes: TreeChange[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [from = '', to = '', before = '', after = '', status = ''] = (parts[at] ?? '').slice(1).split(' ');
    changes.push({
      path: parts[at + 1] ?? '',
      kind: kinds[status] ?? 'modified',
      mode: absent.test(to) ? from : to,
      ...(absent.test(before) ? {} : { before }),
      ...(absent.test(after) ? {} : { after }),
    });
  }
  return changes;
}
