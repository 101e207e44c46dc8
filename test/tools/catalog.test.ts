import { readdirSync, readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { parse } from 'shell-quote';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { listings } from '../../src/edges/mcp/schema.ts';
import { serve } from '../../src/edges/mcp/serve.ts';
import type { Role, Tool } from '../../src/tools/define.ts';
import { tools } from '../../src/tools/index.ts';
import { type } from '../edges/cli/typed.ts';
import { sampleServerFront } from '../support/sample-tools.ts';

const byName = tools.map((tool) => [tool.name, tool] as const);
const clientRoles = ['strategist', 'worker'] as const;

/** What every session pays for a role: the list as it goes over the wire. */
const mostTokens = 1_500;
const mostBytes = 6 * 1_024;

describe('the catalog', () => {
  test('has one file per tool, named like it, and lists every one', async () => {
    const folder = fileURLToPath(new URL('../../src/tools/catalog', import.meta.url));
    const files = readdirSync(folder);
    expect(files).toEqual(tools.map(({ name }) => `${name}.ts`).sort());
    for (const file of files) {
      const exported = Object.values((await import(`${folder}/${file}`)) as Record<string, unknown>);
      expect(exported).toEqual([tools.find(({ name }) => `${name}.ts` === file)]);
    }
  });

  test('gives each role the tools it was designed with, in this order', () => {
    const namesOf = (role: Role) => tools.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
    expect(namesOf('strategist')).toEqual(
      'start_loop spawn_worker verify status steer merge read_log shutdown'.split(' '),
    );
    expect(namesOf('worker')).toEqual('verify load_context report ask remember'.split(' '));
  });

  test('gives a person every tool of a strategist, as commands with paths of their own', () => {
    const commands = tools.filter(({ roles }) => roles.includes('person'));
    expect(tools.filter(({ roles }) => roles.includes('strategist')).map(({ name }) => name)).toEqual(
      commands.filter(({ roles }) => roles.includes('strategist')).map(({ name }) => name),
    );
    const paths = commands.map(({ cli }) => cli?.path);
    expect(paths).not.toContain(undefined);
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe.each(byName)('%s', (name, tool) => {
  test('has a name and a title that the strictest client takes', () => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(name.length).toBeLessThanOrEqual(30);
    expect(tool.title.length).toBeLessThanOrEqual(40);
  });

  test('says in one or two sentences what it is for', () => {
    expect(tool.description).toMatch(/^[A-Z].*\.$/s);
    expect(tool.description.length).toBeLessThanOrEqual(160);
  });

  test('takes one flat, closed object of plain types, every field described', () =>
    expect(inputOffences(tool.input)).toEqual([]));

  test('answers with one closed object, every field described, and with what to do next', () => {
    expect(undescribed(tool.output)).toEqual([]);
    expect(properties(tool.output)).toHaveProperty('next');
  });

  test('has examples on the command line, and each of them works', async () => {
    const { cli } = tool;
    for (const field of cli?.positional ?? []) expect(properties(tool.input)).toHaveProperty(field);
    if (tool.roles.includes('person')) expect(cli?.examples.length).toBeGreaterThan(0);
    const parsed: string[] = [];
    const recording = tools.map((each) => onlyParsing(each, parsed));
    for (const example of cli?.examples ?? []) {
      expect(`${example} `.startsWith(`${cli?.path} `)).toBe(true);
      const argv = parse(example).filter((word) => typeof word === 'string');
      expect(await type(argv, { front: { tools: recording } })).toMatchObject({
        code: 0,
        stderr: '',
      });
      expect(parsed.splice(0)).toEqual([name]);
    }
  });
});

describe.each(clientRoles)('what a %s is sent by tools/list', (role) => {
  test('stays within what a session should pay', async () => {
    const wire = await listedBy(role);
    const tokens = countTokens(wire);
    const bytes = Buffer.byteLength(wire);
    console.log(`tools/list of a ${role}: ${tokens} tokens (o200k), ${bytes} bytes`);
    expect(tokens).toBeLessThan(mostTokens);
    expect(bytes).toBeLessThan(mostBytes);
  });

  test('carries title, output schema and all four annotations, and a schema no client chokes on', async () => {
    const list = JSON.parse(await listedBy(role)) as ReturnType<typeof listings>;
    expect(list.map(({ name }) => name)).toEqual(listings(tools, role).map(({ name }) => name));
    for (const listed of list) {
      expect(listed.title).toBeTruthy();
      expect(listed.outputSchema).toMatchObject({ type: 'object' });
      expect(Object.keys(listed.annotations).sort()).toEqual([
        'destructiveHint',
        'idempotentHint',
        'openWorldHint',
        'readOnlyHint',
      ]);
      expect(schemaOffences(listed.inputSchema, listed.name)).toEqual([]);
      const required = (listed.inputSchema as { required?: string[] }).required ?? [];
      expect(Object.keys(listed.inputSchema.properties)).toEqual(expect.arrayContaining(required));
    }
  });
});

describe('a bad input is caught', () => {
  const d = 'a field';
  test.each<[string, z.ZodObject]>([
    ['an open object', z.object({ a: z.string().describe(d) })],
    ['a field without a description', z.strictObject({ a: z.string() })],
    ['a union', z.strictObject({ a: z.union([z.string(), z.number()]).describe(d) })],
    ['a nullable', z.strictObject({ a: z.string().nullable().describe(d) })],
    ['a record', z.strictObject({ a: z.record(z.string(), z.string()).describe(d) })],
    ['a tuple', z.strictObject({ a: z.tuple([z.string()]).describe(d) })],
    ['anything', z.strictObject({ a: z.unknown().describe(d) })],
    ['a nested object', z.strictObject({ a: z.strictObject({ b: z.string().describe(d) }).describe(d) })],
    ['a list of lists', z.strictObject({ a: z.array(z.array(z.string())).describe(d) })],
  ])('%s', (_, input) => expect(inputOffences(input)).not.toEqual([]));

  test('and a good one is not', () =>
    expect(
      inputOffences(
        z.strictObject({
          a: z.enum(['x', 'y']).default('x').describe(d),
          b: z.array(z.string()).describe(d),
        }),
      ),
    ).toEqual([]));
});

/** Takes its input as the real one does, and does nothing but say so. */
function onlyParsing(tool: Tool, parsed: string[]): Tool {
  return {
    ...tool,
    async call(raw) {
      tool.input.parse(raw);
      parsed.push(tool.name);
      return {};
    },
    render: () => '',
    exitCode: () => 0,
  };
}

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
  readonly [keyword: string]: unknown;
}

function properties(schema: Tool['input']): Readonly<Record<string, Schema>> {
  return (z.toJSONSchema(schema, { io: 'input' }) as Schema).properties ?? {};
}

function inputOffences(input: z.ZodObject): readonly string[] {
  return [
    ...undescribed(input),
    ...schemaOffences(z.toJSONSchema(input, { io: 'input' }) as Schema, 'input'),
  ];
}

/** What some client refuses, mistakes or loses: see the design for which one does what. */
function schemaOffences(schema: Schema, at: string, depth = 0): readonly string[] {
  const closed = ['string', 'number', 'integer', 'boolean', 'array', 'object'];
  const combined = ['oneOf', 'anyOf', 'allOf', 'if', 'not', '$ref', 'prefixItems', 'patternProperties'];
  const offences = [
    ...(closed.includes(schema.type ?? '') ? [] : [`${at} has the type ${String(schema.type)}`]),
    ...combined.filter((keyword) => keyword in schema).map((keyword) => `${at} has ${keyword}`),
  ];
  if (schema.type === 'array') {
    if (!schema.items || schema.items.type === 'array') return [...offences, `${at} has no plain items`];
    return [...offences, ...schemaOffences(schema.items, `${at}[]`, depth)];
  }
  if (schema.type !== 'object') return offences;
  return [
    ...offences,
    ...(depth > 0 && !at.endsWith('[]') ? [`${at} is nested`] : []),
    ...(schema.additionalProperties === false ? [] : [`${at} is open`]),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      ...(field.description ? [] : [`${at}.${name} is not described`]),
      ...schemaOffences(field, `${at}.${name}`, depth + 1),
    ]),
  ];
}

/** Fields at any depth that say nothing about themselves. */
function undescribed(schema: z.ZodObject): readonly string[] {
  const look = (value: Schema, at: string): readonly string[] => [
    ...Object.entries(value.properties ?? {}).flatMap(([name, field]) => [
      ...(field.description ? [] : [`${at}.${name}`]),
      ...look(field, `${at}.${name}`),
    ]),
    ...(value.items ? look(value.items, `${at}[]`) : []),
    ...(value.properties && value.additionalProperties !== false ? [`${at} is open`] : []),
  ];
  return look(z.toJSONSchema(schema, { io: 'input' }) as Schema, '');
}

/** `result.tools` as the real server writes it, byte for byte. */
async function listedBy(role: (typeof clientRoles)[number]): Promise<string> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const host = { input, output, parent: () => 1, onSignal: () => () => {}, log: () => {} };
  const front = sampleServerFront(() => {}, { tools });
  const bound = { loop: 'a-loop-7k2m', worker: 'worker-1' };
  const served = serve(front, { role, ...(role === 'worker' && { bound }), host });
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  };
  input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  input.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  input.end(`${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' })}\n`);
  await served;
  const line = String(output.read())
    .split('\n')
    .find((text) => text.includes('"id":2'));
  return JSON.stringify((JSON.parse(line ?? '{}') as { result: { tools: unknown } }).result.tools);
}

test.each(clientRoles)('the list the build wrote down for a %s is that of the catalog', (role) => {
  const written = readFileSync(new URL('../../dist/listings.json', import.meta.url), 'utf8');
  expect(JSON.parse(written)[role]).toEqual(listings(tools, role));
});
