import { findLoop } from '../core/registry.ts';
import { loopyardAuthor } from '../core/workers/rescue.ts';
import { commitWork } from '../core/workers/snapshot.ts';
import { LoopyardError } from '../domain/errors.ts';
import { isEnded, type Loop } from '../domain/loop.ts';
import { shown } from '../domain/text.ts';
import type { VerificationEvent } from '../domain/verification/verification.ts';
import { type AskedChecks, checksFrom } from './asked-checks.ts';
import type { Call, ToolRuntime } from './define.ts';
import { own } from './own.ts';
import { compact } from './views.ts';

/** What a caller of verify said, as far as it decides what is judged. */
export interface Wish {
  readonly ref?: string | undefined;
  readonly refs?: readonly string[] | undefined;
  readonly working_tree: boolean;
  readonly checks?: readonly string[] | undefined;
  readonly loop?: string | undefined;
  readonly base?: string | undefined;
  readonly allow: readonly string[];
  readonly ignore_preexisting: boolean;
  readonly fresh: boolean;
  readonly fail_fast: boolean;
  readonly check_minutes?: number | undefined;
  readonly network?: boolean | undefined;
  readonly parallel?: number | undefined;
}

type Requested = Extract<VerificationEvent, { type: 'verification.requested' }>['verification'];

export interface Subjects {
  /** Everything of each verification but its id and commit. */
  readonly plan: Omit<Requested, 'id' | 'commit' | 'baseline'>;
  readonly commits: readonly string[];
  /** The verification of the base, if the loop has one. */
  readonly baseline: string | undefined;
  readonly notes: readonly string[];
}

/** What is to be verified, with what, and against what. Nothing is recorded yet. */
export async function subjectsOf(wish: Wish, rt: ToolRuntime, call: Call): Promise<Subjects> {
  const named = call.bound?.loop ?? wish.loop;
  const loop = named === undefined ? undefined : await findLoop(rt, named);
  const { checks, note } = await checksOf(wish, rt, call, loop);
  const { commits, notes } = await commitsOf(wish, rt, call, loop);
  const live = loop !== undefined && own((await rt.store.read()).loops, loop.id) !== undefined;
  const base = await baseOf(wish, rt, loop);
  const allow = [...(loop?.allowChanges ?? []), ...wish.allow];
  const plan = compact({
    kind: 'commit' as const,
    loop: live ? loop.id : undefined,
    checks,
    failFast: wish.fail_fast || (loop?.failFast ?? false),
    parallel: wish.parallel ?? loop?.parallel,
    base,
    allowChanges: allow.length > 0 ? allow : undefined,
    ignorePreexisting: wish.ignore_preexisting || loop?.ignorePreexisting ? (true as const) : undefined,
    fresh: wish.fresh ? (true as const) : undefined,
  });
  // The loop's own baseline is of its own checks and base; of anything else it says nothing.
  const known = loop && wish.base === undefined && wish.checks === undefined && loop.onto === undefined;
  return {
    plan,
    commits,
    baseline: known ? loop.baseline?.verification : undefined,
    notes: [...(note === undefined ? [] : [note]), ...notes],
  };
}

/** What the caller names, else what its loop was opened with, else what the repository names. */
async function checksOf(
  wish: Wish,
  rt: ToolRuntime,
  call: Call,
  loop: Loop | undefined,
): Promise<AskedChecks> {
  if (loop && (call.bound || wish.checks === undefined)) return { checks: [...loop.checks] };
  return checksFrom(rt, wish.checks, wish.check_minutes, wish.network);
}

/** A loop's work is compared with what its candidates are compared with; anything else only with what the caller names. */
async function baseOf(wish: Wish, rt: ToolRuntime, loop: Loop | undefined): Promise<string | undefined> {
  if (wish.base !== undefined) return commitNamed(rt, wish.base);
  return loop === undefined ? undefined : (loop.onto ?? loop.base);
}

async function commitsOf(
  wish: Wish,
  rt: ToolRuntime,
  call: Call,
  loop: Loop | undefined,
): Promise<{ commits: readonly string[]; notes: readonly string[] }> {
  if (call.bound && loop?.workspace && !isEnded(loop)) {
    const housed = { ...loop, workspace: loop.workspace };
    const { commit } = await commitWork(rt, housed, `Work in progress of ${loop.id}\n`, 'preview');
    return { commits: [commit], notes: [] };
  }
  const refs = [...(wish.ref === undefined ? [] : [wish.ref]), ...(wish.refs ?? [])];
  const { path } = call.checkout;
  const commits = await Promise.all(
    refs.map(async (ref) => (ref === 'HEAD' ? headOf(rt, path) : commitNamed(rt, ref))),
  );
  if (wish.working_tree) commits.push(await workingTree(rt, path));
  if (commits.length > 0) {
    const names = [...refs, ...(wish.working_tree ? ['the working tree'] : [])].map(shown);
    const told = commits.map((commit, at) => `${commit.slice(0, 12)} is ${names[at]}`).join(', ');
    return { commits: [...new Set(commits)], notes: commits.length > 1 ? [`${told}.`] : [] };
  }
  if (loop?.candidate) return { commits: [loop.candidate.commit], notes: [] };
  const head = await headOf(rt, path);
  const notes = (await rt.git.isClean(path))
    ? []
    : ['HEAD was judged; what is uncommitted in the checkout was not. working_tree judges that.'];
  return { commits: [head], notes };
}

async function headOf(rt: ToolRuntime, checkout: string): Promise<string> {
  const { commit } = await rt.git.head(checkout);
  if (commit !== undefined) return commit;
  throw new LoopyardError('EMPTY_REPOSITORY', `The repository at ${checkout} has no commit yet.`);
}

async function commitNamed(rt: ToolRuntime, ref: string): Promise<string> {
  const commit = await rt.git.resolve(ref);
  if (commit !== undefined) return commit;
  throw new LoopyardError('UNKNOWN_COMMIT', `There is no commit "${shown(ref)}" in this repository.`);
}

/** Tracked, staged and untracked work as a commit that no branch knows; index and files stay as they are. */
async function workingTree(rt: ToolRuntime, checkout: string): Promise<string> {
  const parent = await headOf(rt, checkout);
  const work = await rt.git.snapshot({
    worktree: checkout,
    parent,
    scratch: rt.files.join(rt.files.place, 'scratch'),
    message: 'Working tree\n',
    author: (await rt.git.identity()) ?? loopyardAuthor,
  });
  return work.kind === 'commit' ? work.commit : parent;
}
