import type { FileChange, Git } from '../../ports/git.ts';
import { fields, objectIdPattern } from './command.ts';
import type { Repository } from './repository.ts';

type Queries = Pick<Git, 'resolve' | 'treeOf' | 'isAncestor' | 'changes' | 'patch' | 'isBranchName'>;

/** Questions about commits and trees. They read the object store and no working tree. */
export function gitQueries({ git, commonDir }: Repository): Queries {
  const gitDir = commonDir;
  return {
    async resolve(ref) {
      if (!isPlainName(ref)) return undefined;
      const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
      const { code, text } = await git.ask({ gitDir, args });
      return code === 0 && objectIdPattern.test(text) ? text : undefined;
    },
    async treeOf(commit) {
      return (
        await git.run({
          gitDir,
          args: ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`],
        })
      ).text;
    },
    async isAncestor(ancestor, descendant) {
      return (
        (await git.run({ gitDir, args: ['merge-base', '--is-ancestor', ancestor, descendant] }, [1])).code ===
        0
      );
    },
    async changes(from, to) {
      return toChanges(
        fields((await git.run({ gitDir, args: [...diffTree, '--name-status', '-z', from, to] })).stdout),
      );
    },
    async patch(from, to, maxBytes) {
      const args = [
        ...diffTree,
        '--patch',
        '--no-color',
        '--submodule=short',
        '--src-prefix=a/',
        '--dst-prefix=b/',
        from,
        to,
      ];
      const { stdout } = await git.run({ gitDir, args, maxBytes });
      return stdout.length <= maxBytes ? stdout.toString() : cut(stdout, maxBytes);
    },
    async isBranchName(name) {
      if (!isPlainName(name)) return false;
      const { code, text } = await git.ask({ gitDir, args: ['check-ref-format', '--branch', name] });
      return code === 0 && text === name; // "@{-1}" is accepted too, and means another name
    },
  };
}

const diffTree = ['diff-tree', '-r', '--find-renames', '--no-ext-diff', '--no-textconv'];

/** Short enough, no option, no control characters. */
function isPlainName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what we refuse
  return name.length > 0 && name.length <= 250 && !name.startsWith('-') && !/[\x00-\x1f\x7f]/.test(name);
}

const kinds: Readonly<Record<string, FileChange['kind']>> = {
  A: 'added',
  M: 'modified',
  D: 'deleted',
  T: 'type_changed',
};

/**
 * A rename is told as the new path, and the old one as deleted besides: whoever guards certain files must see that one
 * of them went away, whatever it is called now.
 */
function toChanges(parts: readonly string[]): FileChange[] {
  const changes: FileChange[] = [];
  for (let i = 0; i < parts.length; ) {
    const status = parts[i] ?? '';
    const path = parts[i + 1] ?? '';
    if (status.startsWith('R')) {
      changes.push({ path, kind: 'deleted' }, { path: parts[i + 2] ?? '', kind: 'renamed' });
      i += 3;
    } else {
      changes.push({ path, kind: kinds[status.slice(0, 1)] ?? 'modified' });
      i += 2;
    }
  }
  return changes;
}

function cut(patch: Buffer, maxBytes: number): string {
  const kept = patch.subarray(0, maxBytes);
  const end = kept.lastIndexOf('\n') + 1;
  return `${kept.subarray(0, end).toString()}[cut here: the patch is longer than ${maxBytes} bytes]\n`;
}
