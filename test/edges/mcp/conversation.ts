import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Front } from '../../../src/edges/front.ts';
import type { EndingSignal } from '../../../src/edges/mcp/host.ts';
import { type ServeOptions, serve } from '../../../src/edges/mcp/serve.ts';
import { bundle } from '../../support/bundle.ts';
import { sampleServerFront } from '../../support/sample-tools.ts';

export interface Message {
  readonly jsonrpc?: string;
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { code: number; message: string };
}

/** One side of a conversation over two streams; every line heard must be JSON. */
export class Conversation {
  readonly lines: string[] = [];
  readonly heard: Message[] = [];
  readonly #input: Writable;
  readonly #trouble: () => string;
  readonly #waiting = new Set<() => void>();
  #ids = 0;

  constructor(input: Writable, output: Readable, trouble: () => string = () => '') {
    this.#input = input;
    this.#trouble = trouble;
    let rest = '';
    output.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
      this.heard.push(...lines.map((line) => JSON.parse(line) as Message));
      for (const look of [...this.#waiting]) look();
    });
  }

  say(message: object): void {
    this.#input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** Sends a request and answers its id. */
  request(method: string, params: object = {}): number {
    this.#ids += 1;
    this.say({ id: this.#ids, method, params });
    return this.#ids;
  }

  async answer(id: number): Promise<Message> {
    return await this.hears((message) => message.id === id && message.method === undefined);
  }

  async ask(method: string, params: object = {}): Promise<Message> {
    return await this.answer(this.request(method, params));
  }

  async call(name: string, args: object = {}): Promise<Message> {
    return await this.ask('tools/call', { name, arguments: args });
  }

  hears(is: (message: Message) => boolean): Promise<Message> {
    return this.#until(() => this.heard.find(is));
  }

  async hello(capabilities: object = {}): Promise<Message> {
    const answer = await this.ask('initialize', {
      protocolVersion: '2025-06-18',
      clientInfo: { name: 'Some Client', version: '1' },
      capabilities,
    });
    this.say({ method: 'notifications/initialized' });
    return answer;
  }

  #until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`Not heard among: ${this.lines.slice(-5).join('\n')}\n${this.#trouble()}`));
      }, 15_000);
      const look = () => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(deadline);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export interface ServerProcess {
  readonly child: ChildProcess & { stdin: Writable; stdout: Readable };
  readonly talk: Conversation;
  /** Exit code or signal, and how long it took from now. */
  exit(): Promise<{ code: number | null; signal: string | null; ms: number }>;
  /** Resolves when standard error has said this. */
  said(text: string): Promise<void>;
}

export function bundled(name: 'sample-server' | 'quiet-server'): Promise<string> {
  return bundle(fileURLToPath(new URL(`${name}.ts`, import.meta.url)));
}

/** The sample server as a process of its own over real pipes. */
export async function startServer(...args: string[]): Promise<ServerProcess> {
  const program = await bundled('sample-server');
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.on('error', () => {});
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const trouble = () =>
    `pid ${child.pid}, exit ${child.exitCode}, ${child.signalCode}: ${stderr.slice(-2_000)}`;
  return {
    child,
    talk: new Conversation(child.stdin, child.stdout, trouble),
    async exit() {
      const from = performance.now();
      return { ...(await ended), ms: performance.now() - from };
    },
    said: (text) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error(`Not said: ${text}`)), 15_000);
        const look = () => {
          if (!stderr.includes(text)) return;
          clearTimeout(deadline);
          child.stderr.off('data', look);
          resolve();
        };
        child.stderr.on('data', look);
        look();
      }),
  };
}

/** The server in this process, with everything of its host in the hands of the test. */
export function serveHere(
  changes: Partial<Front> = {},
  options: Partial<ServeOptions> = {},
  pipe: { written: Writable; output: Readable } = through(),
) {
  const input = new PassThrough();
  const logged: string[] = [];
  const world = { parent: 100, signal: (_: EndingSignal) => {} };
  const log = (line: string) => void logged.push(line);
  const code = serve(sampleServerFront(log, changes), {
    role: 'strategist',
    ...options,
    host: {
      input,
      output: pipe.written,
      log,
      onSignal(listener) {
        world.signal = listener;
        return () => {};
      },
      parent: () => world.parent,
    },
  });
  onTestFinished(() => void input.end());
  return { talk: new Conversation(input, pipe.output), input, logged, world, code };
}

function through() {
  const output = new PassThrough();
  return { written: output, output };
}
