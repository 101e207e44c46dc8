import { cpSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { readHistory } from '../../src/adapters/journal/history.ts';
import type { YardEvent } from '../../src/domain/events.ts';
import type { InfrastructureClass } from '../../src/domain/worker/run.ts';
import type { Failure } from './model/protocol.ts';
import type { Turn } from './model-server.ts';
import { type Client, together } from './people.ts';
import { aRealWorker } from './real-worker.ts';

export interface Fault {
  readonly name: string;
  /** What the model does, in the words of this client's provider; `refused`: nobody listens at its address. */
  readonly turn: (client: Client) => Turn | 'refused';
  readonly expected: readonly InfrastructureClass[];
  /** Without a sign of life: the stall ladder has to end it. */
  readonly hangs?: true;
}

/** What became of a loop whose first backend has that fault. */
export interface Cell {
  readonly class: string | undefined;
  readonly text: string | undefined;
  /** How long each of its workers lived, seconds. */
  readonly seconds: readonly number[];
  /** What its model was asked, over all workers. */
  readonly requests: number;
  /** Iterations that the failures cost. */
  readonly charged: number;
  /** Tries again when, held with which sentence, landed. */
  readonly reaction: string;
  /** Processes that outlived the end of everything. */
  readonly left: readonly string[];
}

/** What providers say, by status and client. The bodies are theirs, shortened. */
const words: Readonly<Record<Client['backend'], Readonly<Record<string, readonly [string, string]>>>> = {
  claude: {
    401: ['authentication_error', 'invalid x-api-key'],
    403: ['permission_error', 'Your API key does not have permission to use the specified resource.'],
    404: ['not_found_error', 'model: none'],
    429: ['rate_limit_error', 'This request would exceed your account’s rate limit. Please try again later.'],
    500: ['api_error', 'Internal server error'],
    503: ['api_error', 'Service unavailable'],
    529: ['overloaded_error', 'Overloaded'],
    quota: [
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
    ],
  },
  codex: openai(),
  opencode: openai(),
  gemini: {
    401: ['UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
    403: ['PERMISSION_DENIED', 'The caller does not have permission.'],
    404: ['NOT_FOUND', 'models/none is not found for API version v1beta.'],
    429: ['RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'],
    500: ['INTERNAL', 'An internal error has occurred.'],
    503: ['UNAVAILABLE', 'The model is overloaded. Please try again later.'],
    529: ['UNAVAILABLE', 'Overloaded'],
    quota: [
      'RESOURCE_EXHAUSTED',
      'You exceeded your current quota, please check your plan and billing details.',
    ],
  },
};

function openai(): Readonly<Record<string, readonly [string, string]>> {
  return {
    401: ['invalid_api_key', 'Incorrect API key provided: sk-***.'],
    403: ['permission_denied', 'You do not have access to this resource.'],
    404: ['model_not_found', 'The model `none` does not exist or you do not have access to it.'],
    429: ['rate_limit_exceeded', 'Rate limit reached for requests per min.'],
    500: ['server_error', 'The server had an error while processing your request. Sorry about that!'],
    503: ['server_error', 'The engine is currently overloaded, please try again later'],
    529: ['server_error', 'Overloaded'],
    quota: [
      'insufficient_quota',
      'You exceeded your current quota, please check your plan and billing details.',
    ],
  };
}

function failure(
  { backend }: Client,
  status: number,
  headers?: Failure['headers'],
  word = `${status}`,
): Failure {
  const [type, message] = words[backend][word] ?? ['error', 'Error'];
  return { fail: status, type, message, ...(headers ? { headers } : {}) };
}

const status = (code: number, ...expected: readonly InfrastructureClass[]): Fault => ({
  name: `${code}`,
  turn: (client) => failure(client, code),
  expected,
});
const limited = (seconds: number): Fault => ({
  name: `429 with Retry-After ${seconds}`,
  turn: (client) => failure(client, 429, { 'retry-after': `${seconds}` }),
  expected: ['rate_limit'],
  // What a program that waits so long does is its own choice: Codex says so, OpenCode only that it was sent away.
  ...(seconds > 60 ? { hangs: true as const } : {}),
});

export const faults: readonly Fault[] = [
  status(401, 'authentication'),
  status(403, 'authentication'),
  status(404, 'model_unknown'),
  status(429, 'rate_limit'),
  limited(2),
  limited(3_600),
  {
    name: 'quota',
    // Anthropic has no status of its own for it.
    turn: (client) => failure(client, client.backend === 'claude' ? 400 : 429, undefined, 'quota'),
    expected: ['quota'],
  },
  status(500, 'overloaded'),
  status(503, 'overloaded'),
  status(529, 'overloaded'),
  {
    name: 'an error event in the stream',
    turn: (client) => ({ failMidway: failure(client, client.backend === 'claude' ? 529 : 503) }),
    // Gemini CLI does not read the event: for it the stream has broken off.
    expected: ['overloaded', 'network'],
  },
  { name: 'dropped', turn: () => ({ drop: true }), expected: ['network'] },
  { name: 'dropped midway', turn: () => ({ drop: 'midway' }), expected: ['network'] },
  { name: 'refused', turn: () => 'refused', expected: ['network'] },
  { name: 'no answer', turn: () => ({ hang: true }), expected: ['hang', 'network'], hangs: true },
  {
    name: 'no answer after headers',
    turn: () => ({ hang: 'after headers' }),
    expected: ['hang', 'network'],
    hangs: true,
  },
];

/** A dead address for one client, while another one's model answers. */
const nobody = 'http://127.0.0.1:9';
const unreachable = (client: Client): Client => ({
  ...client,
  env: () => client.env?.(nobody) ?? {},
  home: (_url, project) => client.home?.(nobody, project) ?? {},
});

/** Opens a loop for a client with a fault, alone or with a second client behind it, and looks what becomes of it. */
export async function whatBecomesOf(
  client: Client,
  fault: Fault,
  second: Client | undefined,
  context: TestContext,
  withinMs: number,
): Promise<Cell> {
  const turn = fault.turn(client);
  const first = turn === 'refused' ? unreachable(client) : client;
  const works = second ? [second.shell('echo hello > greeting.txt'), { say: 'Written.' }] : [];
  const worker = await aRealWorker(
    second ? together(first, second) : first,
    [turn === 'refused' ? [] : [turn]],
    context,
    {
      // So that a silence of minutes is told within one, and nothing else is about it.
      settings: { stall_minutes: fault.hangs || turn === 'refused' ? 0.5 : 5 },
      scripts: second
        ? [{ opening: /You are the worker of iteration/, model: second.model, conversations: [works] }]
        : [],
    },
  );
  const told = () => historyOf(worker.project);
  await worker.start('--auto-merge');
  await until(() => told().some(({ event }) => settles(event, second === undefined)), withinMs);
  const became = told();
  await worker.stop();
  await until(() => processesOf(worker.root).length === 0, 10_000);
  keepStreams(worker.project, `${client.backend}.${fault.name}${second ? '+' : ''}`);
  const { seen } = worker.model;
  return {
    ...cellOf(became, client.backend),
    requests: seen.filter(({ model }) => client.model.test(model)).length,
    left: processesOf(worker.root),
  };
}

/** What the loop does about a failure comes in one event, or, where a person is needed, in a second one. */
function settles(event: YardEvent, alone: boolean): boolean {
  if (event.type === 'loop.worker_lost') return alone && event.notBefore !== undefined;
  return ['loop.landed', 'loop.held', 'loop.nothing_changed'].includes(event.type);
}

type Told = readonly { readonly at: number; readonly event: YardEvent }[];

const homeOf = (project: string) => join(project, '.git', 'loopyard');

/** Where the worker of the only loop works. */
export function worktreeOf(project: string): string {
  for (const { event } of historyOf(project)) {
    if (event.type === 'loop.workspace_prepared') return event.workspace.path;
  }
  throw new Error('The loop has no working tree.');
}

/** What was recorded in the yard of a project. */
export const historyOf = (project: string): Told =>
  readHistory(homeOf(project), 0, 10_000).flatMap(({ at, events }) => events.map((event) => ({ at, event })));

function cellOf(told: Told, backend: string): Omit<Cell, 'requests' | 'left'> {
  const mine = new Set(
    told.flatMap(({ event }) =>
      event.type === 'worker.starting' && event.worker.backend === backend ? [event.worker.id] : [],
    ),
  );
  const ends = told.flatMap(({ at, event }) =>
    event.type === 'worker.ended' && mine.has(event.id) ? [{ at, end: event.end }] : [],
  );
  const failure = ends[0]?.end.infrastructure;
  const lost = told.filter(({ event }) => event.type === 'loop.worker_lost').length;
  return {
    class: failure?.class,
    text: failure?.text,
    seconds: ends.map(({ end }) => Math.round((end.run.endedAt - end.run.startedAt) / 1_000)),
    charged: ends.length - lost,
    reaction: reactionIn(told),
  };
}

function reactionIn(told: Told): string {
  const words = told.flatMap(({ at, event }) => {
    if (event.type === 'loop.landed') return ['landed'];
    if (event.type === 'loop.worker_lost' && event.notBefore !== undefined)
      return [`tries again in ${Math.round((event.notBefore - at) / 1_000)} s`];
    if (event.type !== 'loop.held' || event.hold.kind === 'paused') return [];
    const { kind, until, reason } = event.hold;
    return [
      `held: ${kind}${until === undefined ? '' : ` for ${Math.round((until - at) / 1_000)} s`}: ${reason}`,
    ];
  });
  return words.join('; ') || 'nothing';
}

async function until(isOver: () => boolean, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs;
  while (!isOver() && Date.now() < end) await setTimeout(1_000);
}

/** Of which anything lies below that folder: its home, its command line, or where it is. Linux only. */
export function processesOf(root: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || pid === `${process.pid}`) return [];
    try {
      const about = ['environ', 'cmdline'].map((name) => readFileSync(join('/proc', pid, name), 'utf8'));
      const ours = [...about, readlinkSync(join('/proc', pid, 'cwd'))].some((text) => text.includes(root));
      return ours ? [`${pid} ${about[1]?.replaceAll('\0', ' ')}`] : [];
    } catch {
      return [];
    }
  });
}

/** For whoever wants a new fixture: with a folder in KEEP_STREAMS the raw output of every worker stays there. */
export function keepStreams(project: string, name: string): void {
  const folder = process.env.KEEP_STREAMS;
  if (folder)
    cpSync(join(homeOf(project), 'runs'), join(folder, name.replaceAll(' ', '-')), { recursive: true });
}
