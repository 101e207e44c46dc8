import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropic } from './model/anthropic.ts';
import { chat } from './model/chat.ts';
import { gemini } from './model/gemini.ts';
import type { Answer, Break, Conversation, Event, Failure, Protocol, Turn } from './model/protocol.ts';
import { responses } from './model/responses.ts';

export type { Call, Turn } from './model/protocol.ts';

/** A turn may be made from the result of the tool call before it, for ids the test cannot know. */
export type ScriptedTurn = Turn | ((lastResult: string) => Turn);

export interface Script {
  /** Chosen for conversations whose opening user text matches. */
  readonly opening: RegExp;
  /** And whose model has such a name. Absent: any. */
  readonly model?: RegExp;
  /**
   * The turns of the first conversation that matches, of the second, and so on; the last list is used again. A list
   * that ends with a function goes on with it.
   */
  readonly conversations: readonly (readonly ScriptedTurn[])[];
}

/** What the model was shown, for the test to look at. */
export type Seen = Pick<Conversation, 'model' | 'opening' | 'tools' | 'results' | 'toldLater'>;

export interface ModelServer {
  readonly url: string;
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

const protocols: readonly Protocol[] = [anthropic, responses, chat, gemini];

/**
 * A model on the loopback interface that speaks the protocols of the providers and says what a script says.
 *
 * The turn is counted in the conversation a request carries, not in the server, so a client that retries gets the same
 * turn again and several clients can talk at once. Requests that offer no tools (titles, summaries) get a fixed answer.
 */
export async function startModelServer(scripts: readonly Script[]): Promise<ModelServer> {
  const seen: Seen[] = [];
  const sessions = new Map<Script, string[]>();

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const trouble = { fail: 500, type: 'api_error', message: `scripted model: ${String(error)}` };
      fail(response, anthropic, trouble);
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
    if (path.endsWith(':countTokens')) return json(response, 200, { totalTokens: 100 });
    const protocol = protocols.find(({ speaks }) => speaks(path));
    if (!protocol) return json(response, 404, {});

    const conversation = protocol.read(JSON.parse(text), path);
    if (conversation.tools.length === 0) return speak(response, protocol, conversation, { say: 'A title' });
    seen.push(conversation);
    const turn = turnOf(conversation);
    if ('drop' in turn || 'hang' in turn || 'failMidway' in turn)
      return breakOff(response, protocol, conversation, turn);
    return 'fail' in turn ? fail(response, protocol, turn) : speak(response, protocol, conversation, turn);
  }

  function turnOf({ model, opening, session, answers, results }: Conversation): Turn {
    const script = scripts.find(
      (one) => one.opening.test(opening) && (one.model === undefined || one.model.test(model)),
    );
    if (!script) return { fail: 400, type: 'invalid_request_error', message: 'No script has this opening.' };
    const known = sessions.get(script) ?? [];
    sessions.set(script, known);
    if (!known.includes(session)) known.push(session);
    const turns = script.conversations[known.indexOf(session)] ?? script.conversations.at(-1) ?? [];
    const last = turns.at(-1);
    const turn = turns[answers] ?? (typeof last === 'function' ? last : undefined);
    if (turn === undefined) return { say: 'The script is over.' };
    return typeof turn === 'function' ? turn(results.at(-1) ?? '') : turn;
  }
}

function speak(
  response: ServerResponse,
  protocol: Protocol,
  conversation: Conversation,
  answer: Answer,
): void {
  if (!conversation.stream) return json(response, 200, protocol.whole(answer, conversation));
  stream(response, protocol.events(answer, conversation));
  response.end();
}

function stream(response: ServerResponse, events: readonly Event[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { name, data } of events) {
    const head = name === undefined ? '' : `event: ${name}\n`;
    response.write(`${head}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }
}

function breakOff(
  response: ServerResponse,
  protocol: Protocol,
  conversation: Conversation,
  turn: Break,
): void {
  if ('hang' in turn) {
    if (turn.hang === 'after headers')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    return;
  }
  if ('drop' in turn && (turn.drop === true || !conversation.stream)) return void response.destroy();
  // A client that asks again without a stream gets the failure plainly.
  if ('failMidway' in turn && !conversation.stream) return fail(response, protocol, turn.failMidway);
  // Of the words that a stream begins with only the opening goes out.
  stream(response, protocol.events({ say: 'I will' }, conversation).slice(0, 1));
  if ('drop' in turn) return void setTimeout(() => response.destroy(), 50);
  stream(response, [protocol.failureEvent(turn.failMidway)]);
  response.end();
}

function fail(response: ServerResponse, protocol: Protocol, failure: Failure): void {
  json(response, failure.fail, protocol.failure(failure), failure.headers);
}

function json(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
