import * as z from 'zod';
import { isUsableId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/loop.ts';
import type { Yard } from '../../domain/yard.ts';
import { defineTool, type ToolRuntime } from '../define.ts';
import * as field from '../fields.ts';
import { isHeld } from '../held.ts';
import { own } from '../own.ts';

const refPrefixes = ['candidates', 'rescue', 'ready', 'tips'].map((kind) => `refs/loopyard/${kind}/`);

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
    kept: z.array(z.string()).optional().describe('what could not be removed'),
    next: field.nextStep,
  }),
  cli: { path: 'prune', examples: ['prune', 'prune --yes', 'prune --rescue --yes'] },
  async run(args, rt) {
    // Listed before the yard is read: what a loop or a verification opened meanwhile has made is then not among it.
    const listed = await refsOf(rt);
    const runs = (await rt.files.list(rt.files.join(rt.files.home, 'runs'))).filter(isUsableId);
    const yard = await rt.store.read();
    const logs: string[] = [];
    for (const run of runs) if (!isKnown(yard, run) && (await isOver(rt, run))) logs.push(run);
    const refs: [string, string][] = [];
    for (const { name, value, loop } of listed) {
      if (!isLive(yard, loop) && (args.rescue || (await isHeld(rt, value)))) refs.push([name, value]);
    }
    if (!args.yes) {
      const next = refs.length + logs.length > 0 ? 'loopyard prune --yes removes them.' : 'Nothing to prune.';
      return { done: false, refs: refs.map(([name]) => name), logs, next };
    }
    const kept: string[] = [];
    // One that resists, such as a directory somebody else writes, must not keep the others.
    const removed = async (name: string, remove: () => Promise<boolean>) => {
      const gone = await remove().catch((thrown: unknown) => {
        rt.log('warn', 'something could not be pruned', { name, cause: String(thrown) });
        return false;
      });
      if (!gone) kept.push(name);
      return gone;
    };
    const goneLogs: string[] = [];
    for (const run of logs) {
      const forget = () => rt.processes.forget(run).then(() => true);
      if (await removed(run, forget)) goneLogs.push(run);
    }
    const goneRefs: string[] = [];
    for (const [name, from] of refs) {
      const remove = () => rt.git.updateRefs([{ remove: name, from }], 'loopyard: prune');
      if (await removed(name, remove)) goneRefs.push(name);
    }
    const next = kept.length > 0 ? 'Some could not be removed; loopyard keeper --log says why.' : 'Done.';
    return { done: true, refs: goneRefs, logs: goneLogs, ...(kept.length > 0 ? { kept } : {}), next };
  },
  render: (output, paint) =>
    [
      ...output.refs.map((name) => `${output.done ? 'removed' : 'would remove'} ${name}`),
      ...(output.kept ?? []).map((name) => paint.warn(`could not remove ${name}`)),
      ...output.logs.map((run) => `${output.done ? 'removed' : 'would remove'} output of ${run}`),
      paint.dim(output.next),
    ].join('\n'),
});

async function refsOf({ git }: Pick<ToolRuntime, 'git'>) {
  const found = await Promise.all(
    refPrefixes.map(async (prefix) =>
      [...(await git.refs(prefix))].map(([name, value]) => ({
        name,
        value,
        loop: name.slice(prefix.length).split('/', 1)[0] ?? '',
      })),
    ),
  );
  return found.flat();
}

/** The second rescue ref of a loop has a number behind its name. */
function isLive(yard: Yard, id: string): boolean {
  const loop = own(yard.loops, id.replace(/\.\d+$/, ''));
  return loop !== undefined && !isEnded(loop);
}

async function isOver({ processes }: Pick<ToolRuntime, 'processes'>, run: string): Promise<boolean> {
  const { phase } = await processes.observe(run);
  return phase === 'ended' || phase === 'void' || phase === 'absent';
}

/** Output that something in the live state still refers to stays; a verification may have used the runs of another. */
function isKnown(yard: Yard, run: string): boolean {
  return (
    own(yard.workers, run) !== undefined ||
    Object.values(yard.verifications).some(
      ({ id, results }) => run.startsWith(`${id}-`) || results.some((result) => result.run === run),
    )
  );
}
