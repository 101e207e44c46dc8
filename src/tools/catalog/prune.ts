import * as z from 'zod';
import { isEnded } from '../../domain/loop.ts';
import type { Yard } from '../../domain/yard.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { isHeld } from '../held.ts';

const refPrefixes = ['refs/loopyard/candidates/', 'refs/loopyard/rescue/', 'refs/loopyard/ready/'] as const;

export const prune = defineTool({
  name: 'prune',
  title: 'Prune what ended loops left',
  description: 'Remove refs and output of loops that have ended. Shows what it would do unless told yes.',
  effect: 'destroy',
  idempotent: true,
  roles: ['person'],
  input: z.strictObject({
    yes: z.boolean().default(false).describe('really do it'),
    rescue: z.boolean().default(false).describe('also refs whose work no branch has'),
    workspace: field.workspace,
  }),
  output: z.strictObject({
    done: z.boolean().describe('false: this is only what would go'),
    refs: z.array(z.string()).describe('refs of ended loops'),
    logs: z.array(z.string()).describe('kept output of ended workers and checks'),
    next: field.nextStep,
  }),
  cli: { path: 'prune', examples: ['prune', 'prune --yes', 'prune --rescue --yes'] },
  async run(args, rt) {
    const yard = await rt.store.read();
    const refs = new Map<string, string>();
    for (const prefix of refPrefixes) {
      for (const [name, value] of await rt.git.refs(prefix)) {
        if (isLive(yard, loopIn(name, prefix))) continue;
        if (args.rescue || (await isHeld(rt, value))) refs.set(name, value);
      }
    }
    const runs = rt.files.join(rt.files.home, 'runs');
    const logs = (await rt.files.list(runs)).filter((run) => !isKnown(yard, run));
    if (args.yes) {
      for (const [name, from] of refs) await rt.git.updateRefs([{ remove: name, from }], 'loopyard: prune');
      for (const run of logs) await rt.processes.forget(run);
    }
    const next = args.yes
      ? 'Done.'
      : refs.size + logs.length > 0
        ? 'loopyard prune --yes removes them.'
        : 'Nothing to prune.';
    return { done: args.yes, refs: [...refs.keys()], logs, next };
  },
  render: (output, paint) =>
    [
      ...output.refs.map((name) => `${output.done ? 'removed' : 'would remove'} ${name}`),
      ...output.logs.map((run) => `${output.done ? 'removed' : 'would remove'} output of ${run}`),
      paint.dim(output.next),
    ].join('\n'),
});

const loopIn = (ref: string, prefix: string) => ref.slice(prefix.length).split('/', 1)[0] ?? '';

function isLive(yard: Yard, id: string): boolean {
  const loop = Object.hasOwn(yard.loops, id) ? yard.loops[id] : undefined;
  return loop !== undefined && !isEnded(loop);
}

/** Output that something in the live state still refers to stays. */
function isKnown(yard: Yard, run: string): boolean {
  return Object.hasOwn(yard.workers, run) || Object.hasOwn(yard.verifications, run.replace(/-\d+$/, ''));
}
