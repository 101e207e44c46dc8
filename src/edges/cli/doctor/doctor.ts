import { bundle } from '../../../domain/diagnosis/bundle.ts';
import { type Finding, type Level, levels } from '../../../domain/diagnosis/finding.ts';
import { findings } from '../../../domain/diagnosis/finding-list.ts';
import { asLoopyardError, errorKinds, LoopyardError } from '../../../domain/errors.ts';
import type { Paint } from '../../../tools/define.ts';
import type { Line } from '../extra.ts';
import type { doctorFace } from '../faces.ts';
import { progressLine } from '../progress-line.ts';
import { paintFor, printable, toJson } from '../render.ts';
import { tableFor } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { DoctorWorld } from './world.ts';

/**
 * Looks at everything loopyard stands on, and says what it means. It changes nothing unless told `--fix`, and then only
 * what cannot cost anybody's work; it needs no repository, no valid configuration and no readable journal, because that
 * is when it is called. Ends with 4 when something is a problem, and with 0 otherwise.
 */
export async function doctor(
  makeWorld: (workspace: string | undefined) => Promise<DoctorWorld>,
  { fix, bundle: file, json, workspace }: Line<typeof doctorFace>,
  terminal: Terminal,
): Promise<number> {
  const world = await makeWorld(workspace);
  if (fix && world.inside) {
    throw new LoopyardError('NOT_ALLOWED_HERE', 'A worker mends nothing; it may look.');
  }
  const line = progressLine(terminal);
  const show = (message: string) => line.show(message);
  let facts = await world.look(show);
  let found = findings(facts, terminal.now());
  const mended = fix ? await mendAll(world, found) : [];
  if (mended.length > 0) {
    facts = await world.look(show);
    found = findings(facts, terminal.now());
  }
  line.clear();
  if (file !== undefined) {
    const report = bundle(facts, await world.history(), terminal.now(), (text) => world.redact(text));
    const text = `${toJson(report, 2)}\n`;
    world.save(file, text);
    terminal.stderr.write(toldOfBundle(file, report as Record<string, unknown>, text.length));
  }
  const code = found.some(({ level }) => level === 'problem') ? errorKinds.environment.exitCode : 0;
  if (json) {
    const healthy = code === 0;
    terminal.stdout.write(`${toJson({ healthy, findings: found, mended }, terminal.stdout.isTTY ? 2 : 0)}\n`);
  } else {
    const paint = paintFor(terminal, await tableFor(terminal));
    terminal.stdout.write(`${[...asText(found, mended, paint), ''].join('\n')}`);
  }
  return code;
}

async function mendAll(world: DoctorWorld, found: readonly Finding[]): Promise<readonly string[]> {
  const done: string[] = [];
  for (const { fix } of found) {
    if (fix === undefined) continue;
    try {
      done.push(await world.mend(fix));
    } catch (thrown) {
      done.push(`Not done: ${asLoopyardError(thrown).message}`);
    }
  }
  return done;
}

function asText(found: readonly Finding[], mended: readonly string[], paint: Paint): readonly string[] {
  const marks: Readonly<Record<Level, string>> = {
    ok: paint.good('ok      '),
    note: paint.dim('note    '),
    warning: paint.warn('warning '),
    problem: paint.bad('problem '),
  };
  const lines = found.flatMap(({ level, what, why, todo }) => [
    `${marks[level]} ${level === 'ok' ? paint.dim(printable(what)) : printable(what)}`,
    ...[why, todo].flatMap((text) => (text === undefined ? [] : [paint.dim(`         ${printable(text)}`)])),
  ]);
  const counted = levels
    .filter((level) => level !== 'ok')
    .map((level) => [found.filter((finding) => finding.level === level).length, level] as const)
    .filter(([count]) => count > 0)
    .reverse()
    .map(([count, level]) => `${count} ${level}${count === 1 ? '' : 's'}`);
  const mendable = found.filter(({ fix }) => fix !== undefined).length;
  return [
    ...lines,
    ...mended.map((sentence) => `${paint.good('mended  ')} ${printable(sentence)}`),
    '',
    counted.length > 0 ? `${counted.join(', ')}.` : 'All is well.',
    ...(mendable > 0 && mended.length === 0
      ? [`loopyard doctor --fix mends ${mendable} of them and removes no work.`]
      : []),
  ];
}

function toldOfBundle(file: string, report: Record<string, unknown>, bytes: number): string {
  return [
    `${printable(file)} (${bytes} bytes) holds: ${Object.keys(report).join(', ')}.`,
    'It holds no goals, no code, no output, no command lines and no values of settings; paths are shortened, and what looks',
    'like a secret is masked. Read it before you send it: you know best what is private.',
    '',
  ].join('\n');
}
