import * as z from 'zod';
import { openLoop } from '../../core/registry.ts';
import { LoopyardError } from '../../domain/errors.ts';
import { busyPolicies, isolations, type LoopPlan, modes, priorities } from '../../domain/loop.ts';
import { limitsFor } from '../../domain/settings/config.ts';
import { brief, plain, shown } from '../../domain/text.ts';
import { checksFrom } from '../asked-checks.ts';
import { type Call, defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { targetNamed } from '../target.ts';
import { treeNotes } from '../tree-notes.ts';
import { compact } from '../views.ts';
import { backendOf } from '../worker-choice.ts';

const input = z.strictObject({
  goal: z.string().trim().min(1).max(20_000).describe('for a worker with an empty memory'),
  checks: z
    .array(z.string().min(1))
    .min(1)
    .max(20)
    .optional()
    .describe('commands that decide; no shell; default: loopyard.json'),
  mode: z.enum(modes).default('auto').describe('guided: each worker is asked for with spawn_worker'),
  backend: z.string().max(200).optional().describe('e.g. codex,claude'),
  command: z.string().min(1).optional().describe('worker command line; prompt on stdin'),
  model: z.string().min(1).max(100).optional().describe('for the backend').meta(field.rare),
  permissions: z
    .enum(['work', 'skip_all'])
    .optional()
    .describe('skip_all: no approvals at all; default from the configuration')
    .meta(field.rare),
  isolation: z.enum(isolations).default('worktree').describe('in_place: your checkout'),
  on_busy: z.enum(busyPolicies).default('fail').describe('if the checkout is held'),
  base: z.string().max(250).optional().describe('commit; default HEAD'),
  target: z.string().max(250).optional().describe('branch to land on'),
  auto_merge: z.boolean().default(false).describe('land without asking'),
  review: z
    .boolean()
    .default(false)
    .describe('a model of another provider may veto what passed')
    .meta(field.rare),
  max_iterations: z.number().int().min(1).max(500).optional().describe('default 10'),
  iteration_minutes: z
    .number()
    .positive()
    .max(1_440)
    .optional()
    .describe('per worker; default 30')
    .meta(field.rare),
  loop_minutes: z
    .number()
    .positive()
    .max(43_200)
    .optional()
    .describe('wall clock of the loop; default 240')
    .meta(field.rare),
  max_tokens: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('budget, where the backend reports tokens')
    .meta(field.rare),
  max_cost_usd: z.number().positive().optional().describe('where reported').meta(field.rare),
  check_minutes: z
    .number()
    .positive()
    .max(1_440)
    .optional()
    .describe('per check; default 10')
    .meta(field.rare),
  network: field.network.meta(field.rare),
  parallel: field.parallel.meta(field.rare),
  fail_fast: z.boolean().default(false).describe('stop at the first failing check').meta(field.rare),
  allow_changes: field.globs
    .describe('globs of tests or other protected files whose change is the goal')
    .meta(field.rare),
  ignore_preexisting: field.ignorePreexisting.meta(field.rare),
  criteria: z
    .array(z.string().min(1).max(500))
    .max(20)
    .default([])
    .describe('told to workers; decide nothing')
    .meta(field.rare),
  priority: z.enum(priorities).default('normal').describe('order between loops').meta(field.rare),
  tags: z.array(z.string().min(1).max(40)).max(20).default([]).describe('labels').meta(field.rare),
  owner: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('who it belongs to; default the client')
    .meta(field.rare),
  id: field.newLoopId.meta(field.rare),
  force: z.boolean().default(false).describe('exceed the loop limit').meta(field.rare),
  idempotency_key: field.key,
  workspace: field.workspace,
});

export const startLoop = defineTool({
  name: 'start_loop',
  title: 'Start a loop',
  description:
    'Open a loop: fresh workers iterate in a git worktree until the checks pass on their exact commit. Returns at once.',
  effect: 'write',
  idempotent: false,
  roles: ['strategist', 'person'],
  input,
  output: z.strictObject({
    loop: z.string().describe('its id'),
    workspace: z.string().describe('the checkout it was opened from'),
    base: z.string().describe('commit the work starts from'),
    target: z.string().optional().describe('branch it lands on'),
    backend: z.string().describe('kind of worker'),
    checks: z.array(z.string()).describe('what decides'),
    notes: z.array(z.string()).optional().describe('what to be aware of'),
    cursor: field.cursor.describe('for status'),
    next: field.nextStep,
  }),
  cli: {
    path: 'start',
    positional: ['goal'],
    examples: [
      `start "fix the date parser" --check "npm test" --backend claude`,
      `start "make it pass" --check "pytest -q" --command "my-agent --once" --mode guided`,
    ],
  },
  async run(args, rt, call) {
    const { plan, notes } = await planOf(args, rt, call);
    const loop = await openLoop(rt, { plan, id: args.id, force: args.force, key: args.idempotency_key });
    await rt.wakeKeeper();
    const { seq } = await rt.store.read();
    const noted = [...notes, ...treeNotes(loop)];
    return compact({
      loop: loop.id,
      workspace: call.checkout.path,
      base: loop.base,
      target: loop.target,
      backend: loop.backend,
      checks: loop.checks.map(({ name }) => brief(name, 100)),
      notes: noted.length > 0 ? noted : undefined,
      cursor: seq,
      next:
        loop.mode === 'auto'
          ? `It goes on by itself. status {loop: "${loop.id}", cursor: ${seq}, wait_s: 25} shows how it goes.`
          : `Wait for the baseline with status {loop: "${loop.id}", wait_s: 25}, then spawn_worker {loop: "${loop.id}"}.`,
    });
  },
  render: (output, paint) =>
    [
      `${paint.good('opened')} ${paint.bold(output.loop)} in ${output.workspace}`,
      `  checks  ${output.checks.join(' · ')}`,
      ...(output.notes ?? []).map((note) => `  ${paint.warn('note')}    ${note}`),
      `  ${paint.dim(`loopyard status ${output.loop}   ·   loopyard logs ${output.loop} --follow`)}`,
    ].join('\n'),
});

type Input = z.infer<typeof input>;

async function planOf(
  args: Input,
  rt: ToolRuntime,
  call: Call,
): Promise<{ plan: LoopPlan; notes: string[] }> {
  const notes: string[] = [];
  const head = await rt.git.head(call.checkout.path);
  if (head.commit === undefined) {
    throw new LoopyardError('EMPTY_REPOSITORY', `The repository at ${call.checkout.path} has no commit yet.`);
  }
  const base = args.base === undefined ? head.commit : await rt.git.resolve(args.base);
  if (base === undefined) {
    throw new LoopyardError(
      'UNKNOWN_COMMIT',
      `There is no commit "${shown(args.base ?? '')}" in this repository.`,
    );
  }
  const target = args.target === undefined ? head.branch : await targetNamed(rt, args.target);
  if (target === undefined)
    notes.push('HEAD is detached and no target was named: the loop can pass, but not land.');
  if (
    args.isolation === 'worktree' &&
    args.base === undefined &&
    !(await rt.git.isClean(call.checkout.path))
  ) {
    notes.push('Uncommitted changes in the checkout are not part of the loop.');
  }
  const { checks, note } = await checksFrom(rt, args.checks, args.check_minutes, args.network);
  if (note !== undefined) notes.push(note);
  const permissions = args.permissions ?? rt.config.permissions;
  const { backend, fallbacks, command, noted } = await backendOf(rt, args, permissions, call);
  notes.push(...noted);
  const plan: LoopPlan = {
    goal: args.goal,
    summary: summaryOf(args.goal),
    criteria: args.criteria,
    owner: args.owner ?? call.client,
    priority: args.priority,
    tags: args.tags,
    mode: args.mode,
    checks,
    failFast: args.fail_fast,
    backend,
    ...compact({ fallbacks, command, model: args.model, target, parallel: args.parallel }),
    ...(args.allow_changes.length > 0 ? { allowChanges: args.allow_changes } : {}),
    ...(args.ignore_preexisting ? { ignorePreexisting: true as const } : {}),
    permissions,
    isolation: args.isolation,
    onBusy: args.on_busy,
    checkout: { path: call.checkout.path, key: call.checkout.key },
    base,
    autoMerge: args.auto_merge,
    ...(args.review ? { review: true } : {}),
    limits: limitsFor(
      rt.config,
      compact({
        iterations: args.max_iterations,
        iterationMinutes: args.iteration_minutes,
        loopMinutes: args.loop_minutes,
        tokens: args.max_tokens,
        costUsd: args.max_cost_usd,
      }),
    ),
  };
  return { plan, notes };
}

function summaryOf(goal: string): string {
  const [line = ''] = plain(goal).trim().split('\n', 1);
  return brief(line.replaceAll('\t', ' ').trim() || 'untitled', 120);
}
