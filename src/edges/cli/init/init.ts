import type { Content } from '../../../scaffold/content.ts';
import { planned } from '../../../scaffold/plan.ts';
import type { Platform, Scope } from '../../../scaffold/platform.ts';
import { filledTemplate } from '../../../scaffold/templates.ts';
import type { Line } from '../extra.ts';
import type { initFace } from '../faces.ts';
import type { Terminal } from '../terminal.ts';
import { carriedOut, filesOf, refusalCode } from './carry-out.ts';
import { checksPlan } from './checks.ts';
import { type Choice, chosen } from './choice.ts';
import { agreed } from './consent.ts';
import { type InitOptions, initOptions } from './options.ts';
import { Cancelled, type Prompts, terminalPrompts } from './prompts.ts';
import { type ClientSays, clientsSay, proofs } from './proof.ts';
import { fileOf, type InitReport, tell, untold } from './report.ts';
import { takeOut } from './take-out.ts';
import type { InitWorld } from './world.ts';

/**
 * Puts loopyard into the configuration of AI clients, or takes it out again. Everything is planned on paper first and
 * shown; nothing is written before a yes; each file is replaced whole or not at all, so a crash in between leaves some
 * files done and the others as they were, and the next run does the rest. A file that cannot be understood is left
 * alone and costs the exit code, not the other files. After writing, the server is started as the files say.
 */
export async function init(
  makeWorld: (workspace: string | undefined) => Promise<InitWorld>,
  line: Line<typeof initFace>,
  known: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const options = initOptions(line, known);
  const world = await makeWorld(options.workspace);
  if (!options.dry_run) world.tidy();
  const prompts =
    world.interactive && !options.yes && !options.json && !options.dry_run
      ? await terminalPrompts()
      : undefined;
  try {
    return options.remove
      ? await takeOut(world, options, prompts, terminal)
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
  const { scope, platforms, launcher } = choice;
  const clientPlan = planned(platforms, scope, world.ground, filesOf(world, scope), contentOf(world, choice));
  const checks = await checksPlan(world, options, scope, prompts);
  const plan = {
    ...clientPlan,
    files: [...clientPlan.files, ...checks.files],
    untouched: [...clientPlan.untouched, ...checks.untouched],
  };
  const draft: InitReport = {
    ...untold,
    action: 'configure',
    scope,
    launcher,
    version: world.version,
    platforms: platforms.map(({ id }) => id),
    notes: [...choice.notes, ...checks.notes],
    files: plan.files.map(fileOf),
    untouched: plan.untouched,
    checks: checks.found,
    next: plan.files.length === 0 ? 'Nothing to do.' : 'Nothing was written. The same with --yes writes it.',
  };
  if (!(await agreed(draft, options, prompts, terminal))) return refusalCode(plan.untouched);
  if (launcher === 'node') world.copies.keep();
  const { files, failed } = carriedOut(world, plan.files, { removal: false, scope });
  for (const { path, after } of checks.files) {
    if (after !== undefined && files.some((one) => one.path === path)) world.projectFile?.trust(after);
  }
  world.remember(scope, [...world.remembered(scope), ...platforms.map(({ id }) => id)]);
  const servers = plan.servers.filter(({ path }) => !failed.some((one) => one.path === path));
  const [proof, clients] = options.verify
    ? [await proofs(world, servers), await clientsSay(world, platforms, scope)]
    : [[], []];
  const untouched = [...plan.untouched, ...failed];
  const report: InitReport = {
    ...draft,
    written: files.length > 0,
    files,
    untouched,
    proof,
    clients,
    steps: stepsLeft(platforms, scope, clients),
    next: doneText(files.length, untouched.filter(({ kept }) => !kept).length),
  };
  tell(report, plan.untouched.length, world.platforms, options, terminal);
  const works = proof.every(({ handshake, stateless }) => handshake.ok && stateless.ok);
  return refusalCode(untouched) || (works ? 0 : 1);
}

function contentOf({ version, templates, instructions }: InitWorld, { launch }: Choice): Content {
  const filled = Object.entries(templates).map(([name, text]) => [name, filledTemplate(text, instructions)]);
  return { launch, version, templates: Object.fromEntries(filled) };
}

/** A client that has connected needs nothing more. */
function stepsLeft(
  platforms: readonly Platform[],
  scope: Scope,
  clients: readonly ClientSays[],
): InitReport['steps'] {
  return platforms
    .filter(({ id }) => !clients.some(({ platform, state }) => platform === id && state === 'connected'))
    .map(({ id, steps }) => ({ platform: id, todo: steps[scope] }))
    .filter(({ todo }) => todo.length > 0);
}

function doneText(written: number, undone: number): string {
  const done = written === 0 ? 'Nothing had to be written.' : `${written} files written.`;
  const rest = undone === 0 ? '' : ` ${undone} could not be: mend them and run init again.`;
  return `${done}${rest} loopyard init --remove takes it out again.`;
}
