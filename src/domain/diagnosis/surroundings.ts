import { inertBecause } from '../settings/project-file.ts';
import type { Facts } from './facts.ts';
import { type Finding, note, ok, problem, warning } from './finding.ts';

/** The programs workers are. */
export function backendFindings({ backends }: Facts): Finding[] {
  const here = backends.filter(({ program }) => program !== undefined);
  if (here.length === 0 && backends.length > 0) {
    return [
      warning(
        'backends',
        `None of the agents that can be workers is on PATH (${backends.map(({ id }) => id).join(', ')}).`,
        {
          why: 'A loop then needs a command of yours as its worker.',
          todo: 'Install one, or start loops with --command; what a client hands its servers as PATH may be shorter than yours.',
        },
      ),
    ];
  }
  return [
    ...here.map(({ id, title, version, login, trouble }) =>
      login === 'missing'
        ? warning(`backend.${id}`, `${title} is installed and nobody is logged in.`, {
            why: 'Its workers end at once.',
            todo: trouble ?? `Start ${id} by hand once and log in.`,
          })
        : ok(
            `backend.${id}`,
            `${title}: ${version ?? 'found, and says no version'}${login === 'ok' ? ', logged in' : '; whether somebody is logged in cannot be told from outside'}`,
          ),
    ),
  ];
}

/** The programs that start our server. */
export function clientFindings({ clients }: Facts): Finding[] {
  return [
    ...clients.entries.map(({ platforms, command, tools, ms, because }) => {
      const who = platforms.join(', ');
      return because === undefined
        ? ok(`client.${platforms[0]}`, `${who}: the server starts as configured (${tools} tools in ${ms} ms)`)
        : problem(`client.${platforms[0]}`, `${who}: the configured server does not work: ${command}`, {
            why: `${because} The client has no loopyard tools.`,
            todo: 'loopyard init writes an entry that works.',
          });
    }),
    ...(clients.without.length > 0
      ? [
          note('clients.without', `Here without loopyard: ${clients.without.join(', ')}.`, {
            todo: 'loopyard init connects them, if you like.',
          }),
        ]
      : []),
  ];
}

/** What a person has set, and what of it does not hold. */
export function settingFindings({ settings, strangeVariables }: Facts): Finding[] {
  const { project, problems } = settings;
  const set = settings.settings.filter(({ sources }) => sources.some((source) => source !== 'default'));
  const because = project && inertBecause(project);
  return [
    ...problems.map(({ sentence, source }, at) =>
      problem(`settings.${source}.${at + 1}`, sentence, {
        why:
          source === 'project'
            ? 'Nothing of the file holds, and no loop or verification is started until it is mended.'
            : 'No command and no keeper starts until it is mended.',
        todo: 'Correct it; loopyard config shows what exists.',
      }),
    ),
    ...(because === undefined
      ? []
      : [
          note('settings.trust', `What would run, read or pass something on comes from ${because}.`, {
            why: `Until then it is inert: ${Object.keys(project?.dangerous ?? {}).join(', ')}.`,
            todo: 'loopyard trust shows it in full and asks.',
          }),
        ]),
    ...settings.settings.flatMap(({ name, overruled }) =>
      overruled === undefined
        ? []
        : [note(`settings.${name}`, `The ${name} of loopyard.json does not hold. ${overruled}`)],
    ),
    ...strangeVariables.map(({ name, nearest }) =>
      note(`settings.${name}`, `The variable ${name} sets nothing.`, { todo: `Did you mean ${nearest}?` }),
    ),
    ...(problems.length === 0
      ? [
          ok(
            'settings',
            set.length === 0
              ? 'settings: all defaults'
              : `settings: ${set.map(({ name, sources }) => `${name} (${sources.join(' + ')})`).join(', ')}`,
          ),
        ]
      : []),
  ];
}
