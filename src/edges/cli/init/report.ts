import type { SuggestedCheck } from '../../../scaffold/checks.ts';
import { diffOf } from '../../../scaffold/diff.ts';
import type { FileChange, Untouched } from '../../../scaffold/plan.ts';
import type { Platform } from '../../../scaffold/platform.ts';
import { projectFileName } from '../../../scaffold/project-file.ts';
import type { Paint } from '../../../tools/define.ts';
import { paintFor, printable, toJson } from '../render.ts';
import type { Terminal } from '../terminal.ts';
import type { ClientSays, Proof } from './proof.ts';
import type { Probe } from './world.ts';

/** Everything one run of init has to say; `--json` prints it as it is. */
export interface InitReport {
  readonly action: 'configure' | 'remove';
  readonly scope: string;
  readonly launcher?: string;
  readonly version: string;
  readonly written: boolean;
  readonly platforms: readonly string[];
  readonly notes: readonly string[];
  readonly files: readonly (Pick<FileChange, 'path' | 'real' | 'platforms'> & {
    readonly change: 'create' | 'change' | 'delete';
    readonly diff: string;
    readonly backup?: string;
  })[];
  readonly untouched: readonly Untouched[];
  readonly proof: readonly Proof[];
  readonly clients: readonly ClientSays[];
  readonly steps: readonly { readonly platform: string; readonly todo: readonly string[] }[];
  readonly checks: readonly SuggestedCheck[];
  readonly next: string;
}

/** A report of which nothing is known yet. */
export const untold = {
  written: false,
  notes: [],
  proof: [],
  clients: [],
  steps: [],
  checks: [],
} as const satisfies Partial<InitReport>;

/** Says what came of it. The first `known` untouched files were shown with the plan already. */
export function tell(
  report: InitReport,
  known: number,
  platforms: readonly Platform[],
  { json }: { readonly json: boolean },
  terminal: Terminal,
): void {
  if (json) {
    terminal.stdout.write(`${toJson(report, terminal.stdout.isTTY ? 2 : 0)}\n`);
    return;
  }
  const paint = paintFor(terminal, () => '');
  const late = report.untouched.slice(known).map((one) => `${untouchedText(one, paint)}\n`);
  terminal.stdout.write(late.join('') + outcomeText(report, platforms, paint));
}

export function fileOf(change: FileChange): InitReport['files'][number] {
  const { path, real, platforms, before, after } = change;
  const what = before === undefined ? 'create' : after === undefined ? 'delete' : 'change';
  return { path, real, platforms, change: what, diff: diffOf(path, before, after) };
}

/** What will be done, with the difference line by line. */
export function planText(
  {
    action,
    files,
    untouched,
    notes,
    checks,
  }: Pick<InitReport, 'action' | 'files' | 'untouched' | 'notes' | 'checks'>,
  withDiff: boolean,
  paint: Paint,
): string {
  const lines = notes.map((note) => `${paint.warn('note')} ${note}`);
  for (const { change, path, real, platforms, diff } of files) {
    const readers = action === 'remove' ? '' : platforms.join(', ');
    const through = real === path ? '' : ` (really ${real})`;
    lines.push(`${paint.bold(change.padEnd(7))} ${path}${through} ${paint.dim(readers)}`.trimEnd());
    if (isProjectFile(path)) lines.push(...checks.map((check) => `    ${checkText(check, paint)}`));
    if (withDiff)
      lines.push(
        ...diff
          .trimEnd()
          .split('\n')
          .map((line) => `    ${painted(printable(line), paint)}`),
      );
  }
  lines.push(...untouched.map((one) => untouchedText(one, paint)));
  return lines.map((line) => `${line}\n`).join('');
}

function untouchedText({ path, because, line, column, kept, byHand }: Untouched, paint: Paint): string {
  const place = line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`;
  const word = kept ? paint.dim('kept   ') : paint.bad('refused');
  const hint = byHand ? ` To do it by hand, add this:\n${byHand.trimEnd().replace(/^/gm, '    ')}` : '';
  return `${word} ${path}${place} ${because}${kept ? '' : ' It was not touched.'}${hint}`;
}

function isProjectFile(path: string): boolean {
  return path.endsWith(`/${projectFileName}`);
}

function checkText({ command, because }: SuggestedCheck, paint: Paint): string {
  return `${printable(command)} ${paint.dim(printable(`because ${because}`))}`;
}

function painted(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint.good(line);
  return line.startsWith('-') ? paint.bad(line) : paint.dim(line);
}

/** What was found out after writing, and what is left for the person, in order. */
function outcomeText(report: InitReport, platforms: readonly Platform[], paint: Paint): string {
  const titleOf = (id: string) => platforms.find((platform) => platform.id === id)?.title ?? id;
  const lines: string[] = [];
  for (const { launch, platforms: ids, handshake, stateless } of report.proof) {
    const command = printable([launch.command, ...launch.args].join(' '));
    lines.push('', `${paint.bold('Tried')} ${command} ${paint.dim(`as in the entry of ${ids.join(', ')}`)}`);
    lines.push(`  ${probeText('handshake (2025-11-25)', handshake, paint)}`);
    lines.push(`  ${probeText('stateless (2026-07-28)', stateless, paint)}`);
    if (handshake.ok) lines.push(paint.dim(`  tools: ${handshake.tools.join(', ')}`));
  }
  if (report.clients.length > 0) lines.push('', paint.bold('The clients themselves'));
  for (const { platform, command, state } of report.clients) {
    const colour = state === 'connected' ? paint.good : state === 'not listed' ? paint.bad : paint.warn;
    lines.push(`  ${command}: ${colour(state)} ${paint.dim(titleOf(platform))}`);
  }
  if (report.steps.length > 0) lines.push('', paint.bold('Left for you'));
  for (const { platform, todo } of report.steps) {
    lines.push(...todo.map((step) => `  ${titleOf(platform)}: ${step}`));
  }
  const unwritten = report.files.some(({ path }) => isProjectFile(path)) ? [] : report.checks;
  if (unwritten.length > 0) lines.push('', paint.bold('Checks this project seems to have'));
  for (const check of unwritten) lines.push(`  ${checkText(check, paint)}`);
  return [...lines, '', report.next, ''].join('\n');
}

function probeText(name: string, probe: Probe, paint: Paint): string {
  return probe.ok
    ? `${paint.good('ok')}     ${name}: ${probe.tools.length} tools in ${Math.round(probe.ms)} ms`
    : `${paint.bad('failed')} ${name}: ${probe.because}`;
}
