import { refuseRemoved } from '../core/retention/removed.ts';
import { type Evidence, readEvidence } from '../core/verification/evidence.ts';
import { how } from '../core/workers/feedback.ts';
import { LoopyardError } from '../domain/errors.ts';
import { isUsableId } from '../domain/ids.ts';
import { headOf, plain, shown } from '../domain/text.ts';
import type { Call, ToolRuntime } from './define.ts';
import { countsOf } from './verify-answer.ts';

/** Characters that a client is answered; a terminal has room. */
const mostOverMcp = 5_000;
const mostOnTerminal = 200_000;

/** Everything a verdict rests on, for a person to read. */
export async function explain(
  rt: Pick<ToolRuntime, 'files' | 'stock'>,
  call: Pick<Call, 'role'>,
  id: string,
) {
  const evidence = isUsableId(id) ? await readEvidence(rt, id) : undefined;
  if (!evidence) await refuseRemoved(rt, id);
  if (!evidence)
    throw new LoopyardError('UNKNOWN_ID', `There is no evidence of a verification "${shown(id)}".`);
  const { commit, verdict, isolation } = evidence;
  const most = call.role === 'person' ? mostOnTerminal : mostOverMcp;
  return {
    verification: id,
    commit,
    verdict,
    isolation,
    checks: [],
    explanation: headOf(plain(written(evidence)), most),
    next: 'read_log {id: log} has the output of a check.',
  };
}

function written(evidence: Evidence): string {
  const { id, kind, loop, commit, tree, judged, base, verdict, reason, isolation, reused, at } = evidence;
  return [
    ...row('verdict', `${verdict}${reason === undefined ? '' : `: ${reason}`}`),
    ...row(
      'verification',
      `${id} (${kind}${loop === undefined ? '' : ` of ${loop}`}), ${new Date(at).toISOString()}`,
    ),
    ...row('commit', commit),
    ...row(
      'tree',
      judged === undefined ? tree : `${tree}; judged was ${judged}, with protected files as on the base`,
    ),
    ...row(
      'base',
      base && `${base.commit}${base.verification === undefined ? '' : `, verified as ${base.verification}`}`,
    ),
    ...row('isolation', isolation),
    ...row('runs', reused && `those of ${reused}, on the same files with the same checks and dependencies`),
    ...roomRows(evidence),
    ...checkRows(evidence),
    ...protectedRows(evidence),
    ...(evidence.findings ?? []).flatMap(({ path, what }) => row('look at', `${path}: it ${what}`)),
    ...row('altered', listed(evidence.altered)),
    ...(evidence.notes ?? []).flatMap((note) => row('note', note)),
    ...row('key', evidence.key),
  ].join('\n');
}

function roomRows({ room, dependencies, environment, tools, ms }: Evidence): string[] {
  const parts = dependencies?.parts.map((part) =>
    Object.entries(part)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => (name === 'ms' ? `${value} ms` : `${name} ${value}`))
      .join(', '),
  );
  return [
    ...row('room', room && `${room.origin}${room.rebuilt === undefined ? '' : `; rebuilt: ${room.rebuilt}`}`),
    ...row('dependencies', dependencies && (dependencies.key === '' ? 'none needed' : dependencies.key)),
    ...(parts ?? []).flatMap((part) => row('', part)),
    ...row(
      'tools',
      tools &&
        Object.entries(tools)
          .map(([name, version]) => (version.startsWith(name) ? version : `${name} ${version}`))
          .join(', '),
    ),
    ...row('environment', listed(environment)),
    ...row(
      'time',
      ms &&
        Object.entries(ms)
          .map(([part, value]) => `${part} ${value} ms`)
          .join(', '),
    ),
  ];
}

function checkRows({ checks, notRun }: Evidence): string[] {
  return [
    ...checks.flatMap((check) => [
      '',
      ...row('check', `${check.name}: ${check.passed ? 'passed' : 'not passed'}; it ${how(check.end)}`),
      ...row('', `command ${JSON.stringify(check.argv)}, from the ${check.origin ?? 'call'}`),
      ...row(
        '',
        `${check.end.endedAt - check.end.startedAt} ms, ${check.end.bytes} bytes of output, log ${check.run}`,
      ),
      ...row('', check.digest && `sha256 of the kept output ${check.digest}`),
      ...row('', countsOf(check)),
      ...row('', check.remark),
      ...row('', check.first && `run before: it ${how(check.first.end)}, log ${check.first.run}`),
      ...row('', check.fresh && `failing, and not on the base: ${listed(check.fresh)}`),
      ...row('', check.preexisting && `failing on the base too: ${listed(check.preexisting)}`),
    ]),
    '',
    ...row('not reached', listed(notRun)),
  ];
}

function protectedRows({ protected: found }: Evidence): string[] {
  if (!found) return [];
  const lines = found.changes.map(
    ({ path, kind, rule, fate }) => `${fate} ${path} (${kind.replace('_', ' ')}; ${rule})`,
  );
  const more = found.count > lines.length ? [`and ${found.count - lines.length} more`] : [];
  return [...lines, ...more].flatMap((line) => row('protected', line));
}

function listed(names: readonly string[] | undefined): string | undefined {
  if (!names || names.length === 0) return undefined;
  const shownNames = names.slice(0, 50).join(', ');
  return names.length > 50 ? `${shownNames} and ${names.length - 50} more` : shownNames;
}

function row(label: string, text: string | undefined | false): string[] {
  return text ? [`${label.padEnd(13)} ${text}`] : [];
}
