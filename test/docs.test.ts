import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { backends } from '../src/backends/index.ts';
import { extras } from '../src/commands.ts';
import { loopMachine } from '../src/domain/loop.ts';
import { mergeMachine } from '../src/domain/merge.ts';
import { questionMachine } from '../src/domain/question.ts';
import { verificationMachine } from '../src/domain/verification/verification.ts';
import { workerMachine } from '../src/domain/worker/worker.ts';
import { loadScaffolding } from '../src/init-world.ts';
import { platformTable } from '../src/scaffold/platform-table.ts';
import { tools } from '../src/tools/index.ts';
import {
  backendReference,
  backendTable,
  commandTable,
  configTable,
  errorTable,
  machineDiagram,
  toolReference,
  toolTable,
} from '../src/tools/reference.ts';
import { sampleFront } from './support/sample-tools.ts';

/** `npm run docs` writes what these tests compare: vitest does it for file snapshots when told -u. */
const fileOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const written = '<!-- Written by npm run docs. Change the source instead. -->';

/** What the program says of itself, by the document that has it between markers. */
const parts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'README.md': {
    loop: machineDiagram(loopMachine),
    tools: toolTable(tools, 'strategist'),
    'worker-tools': toolTable(tools, 'worker'),
    commands: commandTable(tools, extras(sampleFront(() => {}))),
    backends: backendTable(backends),
    platforms: platformTable(loadScaffolding(fileOf('scaffolding')).platforms),
  },
  'docs/configuration.md': { config: configTable() },
};

test.each(Object.keys(parts))(
  'the generated parts of %s are what the program says of itself',
  async (name) => {
    const text = readFileSync(fileOf(name), 'utf8');
    const found = [...text.matchAll(/<!-- ([a-z-]+):begin -->/g)].map(([, part]) => part);
    expect(found.toSorted()).toEqual(Object.keys(parts[name] ?? {}).sort());
    await expect(filled(text, parts[name] ?? {})).toMatchFileSnapshot(fileOf(name));
  },
);

test('the reference of the tools is what the catalog says', async () => {
  const intro =
    'Every tool with every field. Models are shown the common fields only, because every session pays for the list; the\n' +
    'others are taken from everybody. On the command line a field is a flag, `max_iterations` is `--max-iterations`, and a\n' +
    'list is typed one at a time: `checks` is `--check`, as often as needed.';
  await expect(`# Tools\n\n${written}\n\n${intro}\n\n${toolReference(tools)}\n`).toMatchFileSnapshot(
    fileOf('docs/tools.md'),
  );
});

test('the reference of the backends is what they declare', async () => {
  const intro =
    'What each program that can be a worker is given and may do. *Documented, untried* means: written from its documentation\n' +
    'or its help, and never seen to work here. Every worker gets the common variables (PATH, HOME, locale, proxies,\n' +
    'certificates) and those below; name others in `worker_env`. Nothing is started that is not listed here.';
  await expect(`# Backends\n\n${written}\n\n${intro}\n\n${backendReference(backends)}\n`).toMatchFileSnapshot(
    fileOf('docs/backends.md'),
  );
});

test('the reference of the errors is the table of the errors', async () => {
  const intro =
    'Every error has a code, a sentence that says what was wrong with which value, and a hint. A failed verdict is no error:\n' +
    'it is an answer, and the command line ends with 1.';
  await expect(`# Errors\n\n${written}\n\n${intro}\n\n${errorTable()}\n`).toMatchFileSnapshot(
    fileOf('docs/errors.md'),
  );
});

test('the diagrams are drawn from the tables', async () => {
  const machines = [loopMachine, workerMachine, verificationMachine, mergeMachine, questionMachine];
  const sections = machines.map((machine) => `## ${machine.name}\n\n${machineDiagram(machine)}`);
  const intro =
    'States are what was decided; moves are facts in the past tense, recorded in the journal. Whatever is not drawn cannot\n' +
    'happen: the journal refuses it.';
  await expect(
    `# State machines\n\n${written}\n\n${intro}\n\n${sections.join('\n\n')}\n`,
  ).toMatchFileSnapshot(fileOf('docs/state-machines.md'));
});

const documents = ['README.md', ...readdirSync(fileOf('docs')).map((name) => `docs/${name}`)];

test('every file and heading the documents link to is there', () => {
  for (const name of documents) {
    const here = new URL(`../${name}`, import.meta.url);
    for (const [, target = '', heading] of readFileSync(here, 'utf8').matchAll(
      /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g,
    )) {
      const text = readFileSync(target === '' ? here : new URL(target, here), 'utf8');
      if (heading !== undefined) expect(headingsOf(text), `${name} to ${target}`).toContain(heading);
    }
  }
});

test('the README leads to every other document', () => {
  const readme = readFileSync(fileOf('README.md'), 'utf8');
  for (const name of documents.slice(1)) expect(readme).toContain(`](${name}`);
});

test('every script the documents name is one', () => {
  const { scripts } = JSON.parse(readFileSync(fileOf('package.json'), 'utf8')) as { scripts: object };
  for (const name of documents)
    for (const [, script] of readFileSync(fileOf(name), 'utf8').matchAll(/npm run ([a-z:]+) {2,}#/g))
      expect(Object.keys(scripts), name).toContain(script);
});

test('a table that changes changes its diagram', () => {
  const rows = {
    a: { went: 'b', gave_up: 'end' },
    b: { gave_up: 'end' },
    c: { gave_up: 'end', went: 'b' },
    end: {},
  };
  expect(machineDiagram({ name: 'x', rows })).toBe(
    [
      '```mermaid',
      'stateDiagram-v2',
      '  [*] --> a',
      '  a --> b: went',
      '  c --> b: went',
      '  end --> [*]',
      '  state "any state before an end" as any',
      '  any --> end: gave_up',
      '```',
    ].join('\n'),
  );
});

function filled(text: string, generated: Readonly<Record<string, string>>): string {
  return text.replace(
    /(<!-- ([a-z-]+):begin -->\n)[\s\S]*?(<!-- \2:end -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}\n${generated[name] ?? ''}\n\n${end}`,
  );
}

/** The names by which a page links to its headings, as GitHub makes them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
