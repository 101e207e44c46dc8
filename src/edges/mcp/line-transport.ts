import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';

export const MAX_LINE = 4 * 1024 * 1024;

export type WireEnd = 'input_ended' | 'output_lost' | 'line_too_long';

/**
 * JSON-RPC, one message per line. Unlike the transport of the SDK it does not close when the input ends: requests
 * that were read are still answered, and whoever serves decides how long that may take. A line that is no message is
 * reported and skipped; an endless one ends the conversation, because nothing after it can be trusted.
 */
export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #onEnd: (reason: WireEnd) => void;
  readonly #decoder = new StringDecoder('utf8');
  readonly #unanswered = new Set<RequestId>();
  #rest: string[] = [];
  #restLength = 0;
  #closed = false;
  #whenAnswered: () => void = () => {};

  constructor(input: Readable, output: Writable, onEnd: (reason: WireEnd) => void) {
    this.#input = input;
    this.#output = output;
    this.#onEnd = onEnd;
  }

  async start(): Promise<void> {
    const ended = () => this.#onEnd('input_ended');
    this.#input.on('end', ended).on('close', ended).on('error', ended).on('data', this.#read);
    this.#output.on('error', () => this.#onEnd('output_lost'));
    if (this.#input.readableEnded || this.#input.destroyed) ended();
  }

  /** Reads no more. What was read before is still served. */
  stopReading(): void {
    this.#input.off('data', this.#read);
    this.#input.pause();
  }

  /** Resolves when every request that was read has its answer. */
  answered(): Promise<void> {
    if (this.#unanswered.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenAnswered = resolve;
    });
  }

  /** Resolves when what was sent has left the process: exiting earlier cuts a pipe off at 64 KiB. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#output.once('error', () => resolve());
      this.#output.write('', () => resolve());
    });
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('The connection is closed.'));
    const sent = new Promise<void>((resolve, reject) => {
      this.#output.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) this.#settle(message.id);
    return sent;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.stopReading();
    this.onclose?.();
  }

  readonly #read = (chunk: Buffer): void => {
    const lines = this.#decoder.write(chunk).split('\n');
    const unfinished = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#restLength + line.length > MAX_LINE) return this.#onEnd('line_too_long');
      const whole = this.#rest.join('') + line;
      this.#rest = [];
      this.#restLength = 0;
      if (whole.trim() !== '') this.#receive(whole);
    }
    this.#rest.push(unfinished);
    this.#restLength += unfinished.length;
    if (this.#restLength > MAX_LINE) this.#onEnd('line_too_long');
  };

  #receive(line: string): void {
    const message = parsed(line);
    if (!message) {
      this.onerror?.(new Error(`A line of ${line.length} characters is no JSON-RPC message.`));
      return;
    }
    if (isJSONRPCRequest(message)) this.#unanswered.add(message.id);
    // The protocol leaves a cancelled request without an answer.
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
      this.#settle(message.params?.requestId as RequestId | undefined);
    }
    this.onmessage?.(message);
  }

  #settle(id: RequestId | undefined): void {
    if (id !== undefined) this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) this.#whenAnswered();
  }
}

function parsed(line: string): JSONRPCMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const known =
      isJSONRPCRequest(value) ||
      isJSONRPCNotification(value) ||
      isJSONRPCResultResponse(value) ||
      isJSONRPCErrorResponse(value);
    return known ? value : undefined;
  } catch {
    return undefined;
  }
}
