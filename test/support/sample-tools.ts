import * as z from 'zod';
import { LoopyardError } from '../../src/domain/errors.ts';
import type { Front, ServerFront } from '../../src/edges/front.ts';
import { defineTool, type ToolRuntime } from '../../src/tools/define.ts';

const workspace = z.string().optional().describe('Absolute path of a git checkout; usually not needed.');

/** Reads; for everybody; says what it was called with. */
export const look = defineTool({
  name: 'look',
  title: 'Look around',
  description: 'Use this to see how things stand. Changes nothing.',
  effect: 'read',
  idempotent: true,
  roles: ['strategist', 'worker', 'person'],
  input: z.strictObject({
    topic: z.enum(['loops', 'workers']).default('loops').describe('What to look at.'),
    limit: z.number().int().min(1).max(50).default(10).describe('At most so many.'),
    labels: z.array(z.string()).default([]).describe('Only those with one of these labels.'),
    details: z.boolean().default(true).describe('With everything known about each.'),
    since: z.number().int().optional().describe('Cursor of the last answer.'),
    workspace,
  }),
  output: z.strictObject({
    next: z.string(),
    seen: z.array(z.string()),
    nothing: z.string().optional(),
    by: z.string(),
    client: z.string(),
    workspace: z.string(),
  }),
  cli: { path: 'look', positional: ['topic'], examples: ['look workers --limit 3'] },
  async run(input, _rt, { role, client, checkout, bound }) {
    const { workspace: _, ...rest } = input;
    const by = bound ? `${role} of ${bound.loop}` : role;
    const seen = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    return { next: 'Look again.', seen, nothing: '', by, client, workspace: checkout.path };
  },
  render: ({ seen, by }, paint) =>
    `${paint.good('seen')} by ${by}\n${paint.table([['field', 'value'], ...seen.map((pair) => pair.split('='))])}`,
});

/** Destroys; fails in every way a tool can. */
export const act = defineTool({
  name: 'act_now',
  title: 'Act now',
  description: 'Use this to do something that cannot be undone.',
  effect: 'destroy',
  idempotent: false,
  roles: ['strategist', 'person'],
  input: z.strictObject({
    goal: z.string().min(1).describe('What to reach.'),
    outcome: z
      .enum(['good', 'no', 'held', 'disk', 'bug', 'huge', 'crowd', 'hostile'])
      .default('good')
      .describe('How it ends.'),
    checks: z
      .array(z.strictObject({ name: z.string().describe('Name.'), command: z.string().describe('Command.') }))
      .default([])
      .describe('Checks to run.'),
    files: z.array(z.string()).default([]).describe('Files it is about.'),
    workspace,
  }),
  output: z.strictObject({
    next: z.string(),
    goal: z.string(),
    verdict: z.string(),
    text: z.string().optional(),
    many: z.array(z.number()).optional(),
    checks: z.array(z.strictObject({ name: z.string(), command: z.string() })).optional(),
  }),
  cli: { path: 'acts now', positional: ['goal', 'files'], examples: [`acts now "green tests"`] },
  exitCode: ({ verdict }) => (verdict === 'no' ? 1 : 0),
  async run({ goal, outcome, checks }) {
    const next = 'Nothing is left to do.';
    switch (outcome) {
      case 'good':
      case 'no':
        return { next, goal, verdict: outcome, checks };
      case 'held':
        throw new LoopyardError('LEASE_HELD', 'It is held by another.', {
          holder: 'keeper',
          until: undefined,
        });
      case 'disk':
        throw new LoopyardError('DISK_FULL', 'The disk is full.');
      case 'bug':
        throw new TypeError('secret detail of the code');
      case 'huge':
        return { next, goal, verdict: 'good', text: '"x" '.repeat(30_000) };
      case 'crowd':
        return { next, goal, verdict: 'good', many: Array.from({ length: 50_000 }, (_, at) => at) };
      case 'hostile':
        return { next, goal, verdict: 'good', text: '\u001b]0;title\u0007\u202egnorw\u202c\r' };
    }
  },
  render: ({ goal, verdict, text }) => `${goal}: ${verdict}${text ? ` ${text}` : ''}`,
});

/** Lasts until it is told to stop or its steps are over; reports each step. */
export const linger = defineTool({
  name: 'linger',
  title: 'Linger',
  description: 'Use this to wait.',
  effect: 'write',
  idempotent: false,
  roles: ['strategist', 'person'],
  input: z.strictObject({
    steps: z.number().int().default(1_000_000).describe('So many steps of 5 ms.'),
    deaf: z.boolean().default(false).describe('Does not listen to the signal.'),
    workspace,
  }),
  output: z.strictObject({ next: z.string(), ended: z.string() }),
  cli: { path: 'linger', examples: [] },
  async run({ steps, deaf }, rt, { signal, progress }) {
    for (let step = 1; step <= steps; step += 1) {
      progress(`step ${step}`);
      if (step === 1) rt.log('info', 'lingering');
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (signal.aborted && !deaf) {
        rt.log('info', 'asked to stop');
        throw new Error('stopped');
      }
    }
    return { next: 'Go on.', ended: 'by itself' };
  },
  render: ({ ended }) => ended,
});

export const sampleTools = [look, act, linger];

/** A front whose only repositories are those below `/repo`; nothing of the runtime but its log exists. */
export function sampleFront(log: (line: string) => void, changes: Partial<Front> = {}): Front {
  const runtime = {
    log: (level: string, message: string, facts?: unknown) =>
      log(`${level} ${message}${facts ? ` ${JSON.stringify(facts)}` : ''}`),
  } as unknown as ToolRuntime;
  return {
    version: '1.2.3',
    instructions: 'Look first, then act.',
    tools: sampleTools,
    async open(path) {
      if (!path.startsWith('/repo')) {
        throw new LoopyardError('NOT_A_REPOSITORY', `"${path}" is in no git repository.`);
      }
      return { runtime, checkout: { path, key: `key of ${path}`, commonDir: `${path}/.git` } };
    },
    env: {},
    cwd: '/repo',
    home: '/home/somebody',
    ...changes,
  };
}

/** The same for a server, which loads its tools when they are first needed. */
export function sampleServerFront(log: (line: string) => void, changes: Partial<Front> = {}): ServerFront {
  const front = sampleFront(log, changes);
  return { ...front, tools: async () => front.tools };
}
