import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git, ObjectId, RefStep } from '../../ports/git.ts';
import { type GitAnswer, type GitCommand, gitFailed } from './command.ts';
import type { Repository } from './repository.ts';

/**
 * Refs: reading them, and moving several at once or none.
 *
 * The transaction is git's own: it locks every named ref, compares, and renames the new values into place. A process
 * killed in between leaves `<ref>.lock` behind and nothing half moved; we do not remove such a file, because it may be
 * the lock of a living git, but the error names it.
 */
export function gitRefs({
  git,
  commonDir,
}: Repository): Pick<Git, 'ref' | 'refs' | 'branchesWith' | 'symbolicTarget' | 'updateRefs'> {
  const gitDir = commonDir;

  const refs = async (prefix: string): Promise<ReadonlyMap<string, ObjectId>> => {
    const { text } = await git.run({
      gitDir,
      args: ['for-each-ref', '--format=%(refname) %(objectname)', prefix],
    });
    return new Map(text.split('\n').filter(Boolean).map(nameAndValue));
  };
  const branchesWith = async (commit: ObjectId): Promise<readonly string[]> => {
    const args = ['for-each-ref', '--format=%(refname)', '--contains', commit, 'refs/heads/'];
    return (await git.run({ gitDir, args })).text.split('\n').filter(Boolean);
  };
  const ref = async (name: string): Promise<ObjectId | undefined> => {
    const full = fullName(name);
    return (await refs(full)).get(full);
  };
  const holds = async (step: RefStep): Promise<boolean> => {
    const { name, expected } = precondition(step);
    return (await ref(name)) === expected;
  };

  return {
    ref,
    refs,
    branchesWith,
    async symbolicTarget(name) {
      const { code, text } = await git.run(
        { gitDir, args: ['symbolic-ref', '--quiet', fullName(name)] },
        [1],
      );
      return code === 0 ? text : undefined;
    },
    async updateRefs(steps, reason) {
      if (steps.length === 0) return true;
      const command: GitCommand = {
        gitDir,
        args: ['update-ref', '-m', reason, '--create-reflog', '--stdin', '-z'],
        input: ['start', ...steps.flatMap(lines), 'prepare', 'commit'].map((line) => `${line}\0`).join(''),
        config: [
          'core.fsync=committed,reference',
          `core.filesRefLockTimeout=${lockPatienceMs}`,
          `core.packedRefsTimeout=${lockPatienceMs}`,
        ],
      };
      // A second attempt, because another transaction may have come and gone between the refusal and our look.
      for (let attempt = 1; ; attempt++) {
        const answer = await git.ask(command);
        if (answer.code === 0) return true;
        for (const step of steps) if (!(await holds(step))) return false;
        if (attempt === 2) throw await stuck(commonDir, steps, command, answer);
      }
    },
  };
}

/** How long git itself waits for another transaction on the same ref. */
const lockPatienceMs = 1000;

function nameAndValue(line: string): [string, ObjectId] {
  const space = line.indexOf(' ');
  return [line.slice(0, space), line.slice(space + 1)];
}

function fullName(name: string): string {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`;
}

function precondition(step: RefStep): { name: string; expected: ObjectId | undefined } {
  if ('verify' in step) return { name: step.verify, expected: step.is };
  if ('update' in step) return { name: step.update, expected: step.from };
  return { name: step.remove, expected: step.from };
}

/**
 * In git's `-z` language an empty old value means "must not exist". `no-deref`: a worker can make its own branch a
 * symbolic ref to main, and moving the one must never move the other.
 */
function lines(step: RefStep): string[] {
  if ('verify' in step) return ['option no-deref', `verify ${step.verify}`, step.is ?? ''];
  if ('remove' in step) return ['option no-deref', `delete ${step.remove}`, step.from];
  if (step.from === undefined) return ['option no-deref', `create ${step.update}`, step.to];
  return ['option no-deref', `update ${step.update}`, step.to, step.from];
}

async function stuck(commonDir: string, steps: readonly RefStep[], command: GitCommand, answer: GitAnswer) {
  const candidates = [...steps.map((step) => `${precondition(step).name}.lock`), 'packed-refs.lock'];
  for (const name of candidates) {
    const lock = join(commonDir, ...name.split('/'));
    if (
      await access(lock).then(
        () => true,
        () => false,
      )
    )
      return gitFailed(command, answer, { lock });
  }
  return gitFailed(command, answer);
}
