import { LoopyardError } from '../../../domain/errors.ts';
import { suggestedChecks } from '../../../scaffold/checks.ts';
import type { Content } from '../../../scaffold/content.ts';
import { type FileChange, type Plan, planned } from '../../../scaffold/plan.ts';
import type { Scope } from '../../../scaffold/platform.ts';
import { plannedRemoval } from '../../../scaffold/removal.ts';
import { filledTemplate } from '../../../scaffold/templates.ts';
import { paintFor, toJson } from '../render.ts';
import { tableFor } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { type Choice, chosen } from './choice.ts';
import { type InitOptions, initOptions } from './options.ts';
import { Cancelled, type Prompts, terminalPrompts } from './prompts.ts';
import { clientsSay, proofs } from './proof.ts';
import { fileOf, type InitReport, outcomeText, planText } from './report.ts';
import type { InitWorld } from './world.ts';

/**
 * Puts loopyard into the configuration of AI clients, or takes it out again. Everything is planned on paper first and
 * shown; nothing is written before a yes; each file is replaced whole or not at all, so a crash in between leaves some
 * files done and the others as they were, and the next run does the rest. A file that cannot be understood is left
 * alone and costs the exit code, not the other files. After writing, the server is started as the files say.
 */
export async function init(
  makeWorld: (workspace: string | undefined) => Promise<InitWorld>,
  args: readonly string[],
  known: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const options = initOptions(args, known);
  const world = await makeWorld(options.workspace);
  const prompts =
    world.interactive && !options.yes && !options.json && !options.dryRun
      ? await terminalPrompts()
      : undefined;
  try {
    return options.remove
      ? await removed(world, options, prompts, terminal)
      : await configured(world, options, prompts, terminal);
  } catch (thrown) {
    if (!(thrown instanceof Cancelled)) throw thrown;
    terminal.stderr.write('Nothing was changed.\n');
    return 130;
  }
}

async function configured(
  world: InitWorld,
  options: InitOptions,
  prompts: Prompts | undefined,
  terminal: Terminal,
): Promise<number> {
  const choice = await chosen(world, options, prompts);
  const { scope, platforms, launcher, notes } = choice;
  const plan = planned(platforms, scope, world.ground, filesOf(world, scope), contentOf(world, choice));
  const draft: InitReport = {
    action: 'configure',
    scope,
    launcher,
    version: world.version,
    written: false,
    platforms: platforms.map(({ id }) => id),
    notes,
    files: plan.files.map(fileOf),
    untouched: plan.untouched,
    proof: [],
    clients: [],
    steps: [],
    checks: world.ground.project === undefined ? [] : suggestedChecks(world.projectFiles),
    next: nextOf(plan, options),
  };
  if (!(await agreed(draft, options, prompts, terminal))) return refusalCode(plan);
  if (launcher === 'node') world.copies.keep();
  const files = carriedOut(world, plan.files, false, scope);
  const [proof, clients] = options.verify
    ? [await proofs(world, plan.servers), await clientsSay(world, platforms)]
    : [[], []];
  const connected = new Set(
    clients.filter(({ state }) => state === 'connected').map(({ platform }) => platform),
  );
  const report: InitReport = {
    ...draft,
    written: files.length > 0,
    files,
    proof,
    clients,
    steps: platforms.flatMap(({ id, steps }) =>
      steps[scope].length > 0 && !connected.has(id) ? [{ platform: id, todo: steps[scope] }] : [],
    ),
    next: doneText(plan),
  };
  tell(report, world, options, terminal, outcomeText);
  const works = proof.every(({ handshake, stateless }) => handshake.ok && stateless.ok);
  return refusalCode(plan) || (works ? 0 : 1);
}

async function removed(
  world: InitWorld,
  options: InitOptions,
  prompts: Prompts | undefined,
  terminal: Terminal,
): Promise<number> {
  const scopes: readonly Scope[] = options.scope
    ? [options.scope]
    : world.ground.project === undefined
      ? ['user']
      : ['project', 'user'];
  const platforms = world.platforms.filter(({ id }) => options.platforms?.includes(id) ?? true);
  const parts = scopes.map((scope) =>
    plannedRemoval(platforms, [scope], world.ground, filesOf(world, scope), world.written),
  );
  const plan = {
    files: parts.flatMap(({ files }) => files),
    untouched: parts.flatMap(({ untouched }) => untouched),
  };
  const draft: InitReport = {
    action: 'remove',
    scope: scopes.join(' and '),
    version: world.version,
    written: false,
    platforms: platforms.map(({ id }) => id),
    notes: [],
    files: plan.files.map(fileOf),
    untouched: plan.untouched,
    proof: [],
    clients: [],
    steps: [],
    checks: [],
    next: nextOf(plan, options),
  };
  if (!(await agreed(draft, options, prompts, terminal))) return refusalCode(plan);
  const files = scopes.flatMap((scope, index) => carriedOut(world, parts[index]?.files ?? [], true, scope));
  const next = 'loopyard was taken out of these files. What it keeps of loops stays in the repositories.';
  tell({ ...draft, written: files.length > 0, files, next }, world, options, terminal, outcomeText);
  return refusalCode(plan);
}

/** Shows the plan, and finds out whether it may be carried out. */
async function agreed(
  draft: InitReport,
  options: InitOptions,
  prompts: Prompts | undefined,
  terminal: Terminal,
): Promise<boolean> {
  const nothing = draft.files.length === 0;
  if (options.json) {
    // Without changes the entries are proven all the same.
    if (options.dryRun || (!options.yes && !nothing)) {
      terminal.stdout.write(`${toJson(draft, terminal.stdout.isTTY ? 2 : 0)}\n`);
    }
  } else {
    const paint = paintFor(terminal, await tableFor(terminal));
    terminal.stdout.write(planText(draft, options.diff || options.dryRun || prompts !== undefined, paint));
    if (nothing) terminal.stdout.write('Nothing to do.\n');
  }
  if (options.dryRun) return false;
  if (nothing) return draft.action === 'configure';
  if (options.yes) return true;
  if (prompts) return (await prompts.confirm('Write this?')) || refuse(terminal);
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    'Nothing was written: there is no terminal to ask on. Pass --yes to write this, or --dry-run to only look.',
  );
}

function refuse(terminal: Terminal): boolean {
  terminal.stderr.write('Nothing was changed.\n');
  return false;
}

function carriedOut(
  world: InitWorld,
  changes: readonly FileChange[],
  removal: boolean,
  scope: Scope,
): InitReport['files'] {
  const within = scope === 'project' ? world.ground.project : undefined;
  return changes.map((change) => {
    const clean = !(change.before?.includes('loopyard') ?? false);
    const backup = world.write(change, { clean, removal, within });
    return { ...fileOf(change), ...(backup !== undefined && { backup }) };
  });
}

function filesOf(world: InitWorld, scope: Scope) {
  const within = scope === 'project' ? world.ground.project : undefined;
  return (path: string) => world.read(path, within);
}

function contentOf({ version, templates, instructions }: InitWorld, { launch }: Choice): Content {
  const filled = Object.entries(templates).map(([name, text]) => [name, filledTemplate(text, instructions)]);
  return { launch, version, templates: Object.fromEntries(filled) };
}

function nextOf({ files }: Pick<Plan, 'files'>, { dryRun }: InitOptions): string {
  if (files.length === 0) return 'Nothing to do.';
  return dryRun ? 'Nothing was written. The same with --yes writes it.' : 'Pass --yes to write it.';
}

function doneText({ files, untouched }: Plan): string {
  const refused = untouched.filter(({ kept }) => !kept).length;
  const done = files.length === 0 ? 'Everything was there already.' : `${files.length} files written.`;
  const rest = refused === 0 ? '' : ` ${refused} could not be: mend them and run init again.`;
  return `${done}${rest} loopyard init --remove takes it out again.`;
}

function refusalCode({ untouched }: Pick<Plan, 'untouched'>): number {
  return untouched.some(({ kept }) => !kept) ? 2 : 0;
}

function tell(
  report: InitReport,
  world: InitWorld,
  options: InitOptions,
  terminal: Terminal,
  text: typeof outcomeText,
): void {
  if (options.json) terminal.stdout.write(`${toJson(report, terminal.stdout.isTTY ? 2 : 0)}\n`);
  else
    terminal.stdout.write(
      text(
        report,
        world.platforms,
        paintFor(terminal, () => ''),
      ),
    );
}
