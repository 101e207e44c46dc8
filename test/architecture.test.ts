import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * The arrows, the rings, the air and the size of the source. Every rule is a pure function from a file to its
 * offences, so that a bad sample can show below that it bites.
 */

interface Import {
  readonly from: string;
  /** `import type`, or nothing but `type` names: gone when the program runs. */
  readonly typeOnly: boolean;
}
interface Source {
  /** Relative to src, with slashes. */
  readonly path: string;
  readonly text: string;
}

interface Rule {
  /** Folders of src, or single files without `.ts`. */
  readonly may: readonly string[];
  /** The same, for types alone. */
  readonly mayForTypes?: readonly string[];
  readonly never?: readonly string[];
  readonly packages: (name: string) => boolean;
}

const isNode = (name: string) => name.startsWith('node:');
const onlyZod = (name: string) => name === 'zod';
const noNode = (name: string) => !isNode(name);
const anyPackage = () => true;

const rules: Readonly<Record<string, Rule>> = {
  // The other two compute with strings, as zod does with values.
  domain: {
    may: ['domain'],
    packages: (name) => ['zod', 'picomatch/posix.js', 'fastest-levenshtein'].includes(name),
  },
  ports: { may: ['ports', 'domain'], packages: onlyZod },
  core: { may: ['core', 'ports', 'domain'], packages: noNode },
  tools: { may: ['tools', 'core', 'ports', 'domain'], packages: noNode },
  scaffold: { may: ['scaffold', 'domain'], packages: noNode },
  edges: {
    may: ['edges', 'tools', 'scaffold', 'core/keeper', 'domain'],
    mayForTypes: ['core/runtime', 'ports'],
    // An edge knows the shape of a tool and no particular tool.
    never: ['tools/catalog', 'tools/index'],
    packages: anyPackage,
  },
  // node:path computes with strings and touches nothing.
  backends: {
    may: ['backends', 'ports', 'domain'],
    packages: (name) => !isNode(name) || name === 'node:path',
  },
  adapters: { may: ['adapters', 'ports', 'domain'], packages: anyPackage },
};

/** What must not be taken from the air below the edges. */
const ambient =
  /\b(?:Date\.now|new Date\(\)|Date\(\)|Math\.random|randomUUID|setTimeout|setInterval|setImmediate|performance\.|process\.|console\.|globalThis|fetch\()/g;
const belowTheEdges = ['domain', 'ports', 'core', 'tools', 'scaffold', 'backends'];
const emptyNames = /(?:^|[-/])(?:utils?|helpers?|common|managers?|misc)(?:[-./]|$)/i;
const longest = 300;

const root = fileURLToPath(new URL('../src', import.meta.url));
const sources: readonly Source[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(root, path), 'utf8') }));

function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text);
  const statements = code.matchAll(/^\s*(?:import|export)\s(?:([^'";]*?)\sfrom\s)?\s*'([^']+)'/gm);
  const dynamic = code.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g);
  return [
    ...[...statements].map(([, names = '', from = '']) => ({ from, typeOnly: onlyTypes(names) })),
    ...[...dynamic].map(([, from = '']) => ({ from, typeOnly: false })),
  ];
}

function onlyTypes(names: string): boolean {
  if (/^type\s/.test(names)) return true;
  const inBraces = /^\{([^}]*)\}$/.exec(names.trim())?.[1]?.split(',') ?? [];
  const named = inBraces.map((name) => name.trim()).filter((name) => name.length > 0);
  return named.length > 0 && named.every((name) => name.startsWith('type '));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** The file of src that an import leads to, or undefined for a package. */
function targetOf(source: string, from: string): string | undefined {
  return from.startsWith('.') ? posix.normalize(posix.join(posix.dirname(source), from)) : undefined;
}

const folderOf = (path: string) => (path.includes('/') ? (path.split('/')[0] ?? '') : '');
const lies = (path: string, within: string) =>
  path === `${within}.ts` || path === within || path.startsWith(`${within}/`);

/** Imports that go against the table. Files directly in src are the composition root and may import everything. */
function arrowOffences({ path, text }: Source): readonly string[] {
  const folder = folderOf(path);
  if (folder === '') return [];
  const rule = rules[folder];
  if (!rule) return [`${path} lies in a folder without a rule`];
  return importsOf(text)
    .filter(({ from, typeOnly }) => {
      const target = targetOf(path, from);
      if (target === undefined) return !rule.packages(from);
      const allowed = typeOnly ? [...rule.may, ...(rule.mayForTypes ?? [])] : rule.may;
      return (
        !allowed.some((place) => lies(target, place)) ||
        rule.never?.some((place) => lies(target, place)) ||
        meetsOtherEdge(path, target) ||
        (path === 'tools/define.ts' && lies(target, 'tools/catalog'))
      );
    })
    .map(({ from }) => `${path} imports ${from}`);
}

function meetsOtherEdge(path: string, target: string): boolean {
  return (
    (lies(path, 'edges/mcp') && lies(target, 'edges/cli')) ||
    (lies(path, 'edges/cli') && lies(target, 'edges/mcp'))
  );
}

/** One ring of imports, types included, or undefined. */
function ringIn(files: readonly Source[]): readonly string[] | undefined {
  const graph = new Map(
    files.map(({ path, text }) => [path, importsOf(text).flatMap(({ from }) => targetOf(path, from) ?? [])]),
  );
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const target of graph.get(path) ?? []) {
      const ring = walk(target, [...trail, path]);
      if (ring) return ring;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const ring = walk(path, []);
    if (ring) return ring;
  }
  return undefined;
}

function airOffences({ path, text }: Source): readonly string[] {
  if (!belowTheEdges.includes(folderOf(path))) return [];
  return [...withoutComments(text).matchAll(ambient)].map(([what]) => `${path} uses ${what}`);
}

function shapeOffences({ path, text }: Source): readonly string[] {
  const lines = text.trimEnd().split('\n').length;
  return [
    ...(lines > longest ? [`${path} has ${lines} lines`] : []),
    ...(/^export default\b/m.test(text) || /^export \{[^}]*\bas default\b/m.test(text)
      ? [`${path} exports a default`]
      : []),
    ...(emptyNames.test(path) ? [`${path} has a name that says nothing`] : []),
  ];
}

describe('the source', () => {
  test('is found', () => expect(sources.length).toBeGreaterThan(40));

  test('imports only along the arrows', () => expect(sources.flatMap(arrowOffences)).toEqual([]));

  test('has no ring of imports', () => expect(ringIn(sources)).toBeUndefined());

  test('takes no time, chance, environment or terminal from the air below the edges', () =>
    expect(sources.flatMap(airOffences)).toEqual([]));

  test('has files of at most 300 lines, named exports and telling names', () =>
    expect(sources.flatMap(shapeOffences)).toEqual([]));

  test('keeps contracts free of those who sign them', () => {
    const subjects = ['adapters', 'backends', 'scaffold'].map((folder) => `src/${folder}`);
    const here = fileURLToPath(new URL('contracts/', import.meta.url));
    const contracts = readdirSync(here).filter((name) => name.endsWith('.contract.ts'));
    expect(contracts).not.toEqual([]);
    for (const name of contracts) {
      const text = readFileSync(join(here, name), 'utf8');
      const targets = importsOf(text).map(({ from }) => posix.join('test/contracts', from));
      expect(targets.filter((target) => subjects.some((subject) => lies(target, subject)))).toEqual([]);
    }
  });
});

describe('a bad sample is caught', () => {
  test.each([
    ['domain/yard.ts', `import { x } from '../core/keeper.ts';`],
    ['domain/yard.ts', `import type { Store } from '../ports/store.ts';`],
    ['domain/yard.ts', `import { join } from 'node:path';`],
    ['domain/yard.ts', `import 'execa';`],
    ['ports/store.ts', `export type { Runtime } from '../core/runtime.ts';`],
    ['core/keeper.ts', `import {\n  a,\n  b,\n} from '../adapters/git.ts';`],
    ['core/keeper.ts', `const late = await import('../tools/define.ts');`],
    ['core/keeper.ts', `import { readFile } from 'node:fs/promises';`],
    ['tools/catalog/status.ts', `import { hostname } from 'node:os';`],
    ['tools/define.ts', `import { status } from './catalog/status.ts';`],
    ['edges/mcp/serve.ts', `import { run } from '../cli/run.ts';`],
    ['edges/cli/run.ts', `import type { Desk } from '../mcp/desk.ts';`],
    ['edges/cli/run.ts', `import { status } from '../../tools/catalog/status.ts';`],
    ['edges/cli/run.ts', `import { tools } from '../../tools/index.ts';`],
    ['edges/cli/run.ts', `import { attendMerge } from '../../core/merge-queue.ts';`],
    ['edges/cli/run.ts', `import { Runtime } from '../../core/runtime.ts';`],
    ['edges/cli/run.ts', `import { createStore } from '../../adapters/journal-store.ts';`],
    ['adapters/git.ts', `import { runKeeper } from '../core/keeper.ts';`],
    ['adapters/git.ts', `import { serve } from '../edges/mcp/serve.ts';`],
    ['backends/codex.ts', `import { spawn } from 'node:child_process';`],
    ['backends/codex.ts', `import { plain } from '../core/fence.ts';`],
    ['scaffold/plan.ts', `import { writeFile } from 'node:fs/promises';`],
    ['elsewhere/thing.ts', ''],
  ])('%s: %s', (path, text) => expect(arrowOffences({ path, text })).toHaveLength(1));

  test('and a good one is not', () => {
    const good: readonly Source[] = [
      { path: 'main.ts', text: `import { serve } from './edges/mcp/serve.ts';\nimport 'node:fs';` },
      { path: 'edges/cli/run.ts', text: `import type { Runtime } from '../../core/runtime.ts';` },
      { path: 'edges/cli/run.ts', text: `import { type Git, type Checkout } from '../../ports/git.ts';` },
      { path: 'edges/keeper.ts', text: `import { runKeeper } from '../core/keeper.ts';` },
      { path: 'tools/catalog/status.ts', text: `import { defineTool } from '../define.ts';` },
      { path: 'domain/yard.ts', text: `// import { x } from '../core/keeper.ts';\n` },
    ];
    expect(good.flatMap(arrowOffences)).toEqual([]);
  });

  test('a ring of three, though one arrow is only a type', () => {
    const ring = ringIn([
      { path: 'domain/a.ts', text: `import { b } from './b.ts';` },
      { path: 'domain/b.ts', text: `import type { C } from './c.ts';` },
      { path: 'domain/c.ts', text: `export { a } from './a.ts';` },
    ]);
    expect(ring).toEqual(['domain/a.ts', 'domain/b.ts', 'domain/c.ts', 'domain/a.ts']);
  });

  test('two ways to the same file are no ring', () =>
    expect(
      ringIn([
        { path: 'domain/a.ts', text: `import './b.ts';\nimport './c.ts';` },
        { path: 'domain/b.ts', text: `import './c.ts';` },
        { path: 'domain/c.ts', text: '' },
      ]),
    ).toBeUndefined());

  test.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const id = crypto.randomUUID();',
    'const luck = Math.random();',
    'await new Promise((done) => setTimeout(done, 5));',
    'setInterval(beat, 5);',
    'const home = process.env.HOME;',
    "console.error('no');",
    'const start = performance.now();',
    "await fetch('https://example.org');",
  ])('air: %s', (text) => {
    for (const folder of belowTheEdges) expect(airOffences({ path: `${folder}/x.ts`, text })).not.toEqual([]);
    expect(airOffences({ path: 'adapters/x.ts', text })).toEqual([]);
  });

  test('words that only look like air are left alone', () =>
    expect(
      airOffences({
        path: 'core/x.ts',
        text: 'rt.processes.start();\nnew Date(request.at);\n// not Date.now()\n/** process.env is forbidden */',
      }),
    ).toEqual([]));

  test.each([
    ['core/long.ts', 'x\n'.repeat(301)],
    ['core/keeper.ts', 'export default function keep() {}'],
    ['core/keeper.ts', 'export { keep as default };'],
    ['core/utils.ts', ''],
    ['core/git-helpers.ts', ''],
    ['common/x.ts', ''],
    ['core/lease-manager.ts', ''],
  ])('shape: %s', (path, text) => expect(shapeOffences({ path, text })).toHaveLength(1));

  test('300 lines, and names that merely contain such a word, are fine', () =>
    expect(
      ['core/commons.ts', 'core/communication.ts', 'core/management.ts'].flatMap((path) =>
        shapeOffences({ path, text: 'x\n'.repeat(300) }),
      ),
    ).toEqual([]));
});
