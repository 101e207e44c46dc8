import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';

/** One answer of the scripted model. `fail` answers every attempt of the request with that status. */
export type Turn =
  | { readonly say: string }
  | { readonly call: string; readonly with: Readonly<Record<string, unknown>> }
  | { readonly fail: number; readonly type: string; readonly message: string; readonly headers?: Headers };
type Headers = Readonly<Record<string, string>>;

/** A turn may be made from the result of the tool call before it, for ids the test cannot know. */
export type ScriptedTurn = Turn | ((lastResult: string) => Turn);

export interface Script {
  /** Chosen for conversations whose opening user text matches. */
  readonly opening: RegExp;
  /**
   * The turns of the first conversation that matches, of the second, and so on; the last list is used again. A list
   * that ends with a function goes on with it.
   */
  readonly conversations: readonly (readonly ScriptedTurn[])[];
}

/** What the model was shown, for the test to look at. */
export interface Seen {
  readonly model: string;
  readonly opening: string;
  readonly tools: readonly string[];
  readonly results: readonly string[];
}

export interface ModelServer {
  readonly url: string;
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

/**
 * A model on the loopback interface that speaks the Anthropic Messages API and says what a script says.
 *
 * The turn is counted in the conversation a request carries, not in the server, so a client that retries gets the same
 * turn again and several clients can talk at once. Requests that offer no tools (titles, summaries) get a fixed answer.
 */
export async function startModelServer(scripts: readonly Script[]): Promise<ModelServer> {
  const seen: Seen[] = [];
  const sessions = new Map<Script, string[]>();

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      fail(response, { fail: 500, type: 'api_error', message: `scripted model: ${String(error)}` });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await body(request);
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    if (path.endsWith('/count_tokens')) return json(response, 200, { input_tokens: 100 });
    if (!path.endsWith('/messages')) return json(response, 404, {});

    const conversation = Conversation.parse(JSON.parse(text));
    if (conversation.tools.length === 0) return speak(response, conversation, { say: 'A title' });
    const entry = {
      model: conversation.model,
      opening: openingOf(conversation),
      tools: conversation.tools.map((tool) => tool.name),
      results: resultsOf(conversation),
    };
    seen.push(entry);
    const turn = turnOf(conversation, entry);
    return 'fail' in turn ? fail(response, turn) : speak(response, conversation, turn);
  }

  function turnOf(conversation: Conversation, entry: Seen): Turn {
    const script = scripts.find(({ opening }) => opening.test(entry.opening));
    if (!script) return { fail: 400, type: 'invalid_request_error', message: 'No script has this opening.' };
    const known = sessions.get(script) ?? [];
    sessions.set(script, known);
    const session = conversation.metadata?.user_id ?? '';
    if (!known.includes(session)) known.push(session);
    const turns = script.conversations[known.indexOf(session)] ?? script.conversations.at(-1) ?? [];
    const last = turns.at(-1);
    const turn = turns[answersIn(conversation)] ?? (typeof last === 'function' ? last : undefined);
    if (turn === undefined) return { say: 'The script is over.' };
    return typeof turn === 'function' ? turn(entry.results.at(-1) ?? '') : turn;
  }
}

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  content: z.unknown().optional(),
});
const Content = z.union([z.string().transform((text) => [{ type: 'text', text }]), z.array(Block)]);
const Conversation = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  metadata: z.looseObject({ user_id: z.string() }).optional(),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
});
type Conversation = z.infer<typeof Conversation>;

function answersIn({ messages }: Conversation): number {
  return messages.filter(({ role }) => role === 'assistant').length;
}

function openingOf({ messages }: Conversation): string {
  const firstAnswer = messages.findIndex(({ role }) => role === 'assistant');
  return messages
    .slice(0, firstAnswer < 0 ? undefined : firstAnswer)
    .flatMap(({ content }) => content.map((block) => block.text ?? ''))
    .join('\n');
}

function resultsOf({ messages }: Conversation): string[] {
  return messages
    .flatMap(({ content }) => content)
    .filter(({ type }) => type === 'tool_result')
    .map((block) => ('content' in block ? plain(block.content) : ''));
}

function plain(content: unknown): string {
  const { success, data } = z.array(Block).safeParse(content);
  return success ? data.map(({ text }) => text ?? '').join('\n') : String(content);
}

function speak(
  response: ServerResponse,
  { model, stream, messages }: Conversation,
  turn: Exclude<Turn, { fail: number }>,
) {
  const id = `${messages.length}_${Math.random().toString(36).slice(2)}`;
  const block =
    'say' in turn
      ? { type: 'text', text: turn.say }
      : { type: 'tool_use', id: `toolu_${id}`, name: turn.call, input: turn.with };
  const stop_reason = 'say' in turn ? 'end_turn' : 'tool_use';
  const usage = {
    input_tokens: 100,
    output_tokens: 10,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, stop_sequence: null, usage };
  if (!stream) return json(response, 200, { ...message, content: [block], stop_reason });

  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const emit = (type: string, rest: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  emit('message_start', { message: { ...message, content: [], stop_reason: null } });
  const empty = 'say' in turn ? { type: 'text', text: '' } : { ...block, input: {} };
  emit('content_block_start', { index: 0, content_block: empty });
  const delta =
    'say' in turn
      ? { type: 'text_delta', text: turn.say }
      : { type: 'input_json_delta', partial_json: JSON.stringify(turn.with) };
  emit('content_block_delta', { index: 0, delta });
  emit('content_block_stop', { index: 0 });
  emit('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 10 } });
  emit('message_stop', {});
  response.end();
}

function fail(response: ServerResponse, turn: Extract<Turn, { fail: number }>): void {
  json(
    response,
    turn.fail,
    { type: 'error', error: { type: turn.type, message: turn.message } },
    turn.headers,
  );
}

function json(response: ServerResponse, status: number, value: unknown, headers: Headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
