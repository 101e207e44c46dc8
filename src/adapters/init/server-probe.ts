import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/** The two ways clients begin: with a handshake, or with the protocol version in every request. */
export const eras = ['2025-11-25', '2026-07-28'] as const;
export type ProtocolEra = (typeof eras)[number];

export interface ProbedServer {
  readonly command: string;
  readonly args: readonly string[];
  /** All of it: nothing of this process is passed on beside it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export type Probe =
  | { readonly ok: true; readonly tools: readonly string[]; readonly ms: number }
  | { readonly ok: false; readonly because: string };

const Answer = z.object({
  id: z.number(),
  result: z.looseObject({}).optional(),
  error: z.unknown().optional(),
});
const Tools = z.object({ tools: z.array(z.object({ name: z.string() })) });
const clientInfo = { name: 'loopyard-init', version: '1' };

/** Starts a server as a client would, says hello in the way of that era, and lists its tools. */
export async function probeServer(
  server: ProbedServer,
  era: ProtocolEra,
  { now, timeoutMs = 20_000 }: { now: () => number; timeoutMs?: number },
): Promise<Probe> {
  const start = now();
  const child = spawn(server.command, [...server.args], {
    cwd: server.cwd,
    env: { ...server.env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Probe>((resolve) => {
      const fail = (because: string) => resolve({ ok: false, because });
      timer = setTimeout(() => fail(`It did not answer within ${timeoutMs / 1000} s.`), timeoutMs);
      child.once('error', (error: NodeJS.ErrnoException) =>
        fail(`It could not be started (${error.code ?? 'unknown'}).`),
      );
      child.once('exit', (code, signal) => fail(`It ended at once (${signal ?? `exit code ${code}`}).`));
      converse(child, era).then(
        (tools) => resolve({ ok: true, tools, ms: now() - start }),
        (reason: unknown) =>
          fail(reason instanceof Refusal ? reason.message : 'Its answers could not be understood.'),
      );
    });
  } finally {
    clearTimeout(timer);
    end(child);
  }
}

class Refusal extends Error {}

async function converse(child: ChildProcess, era: ProtocolEra): Promise<readonly string[]> {
  const waiting = new Map<number, (answer: z.infer<typeof Answer>) => void>();
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { success, data } = Answer.safeParse(parsed(line));
      if (success) waiting.get(data.id)?.(data);
    });
  }
  child.stdin?.on('error', () => undefined); // its end is told by the exit
  let id = 0;
  const say = (message: object) => child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const ask = async (method: string, params: object): Promise<unknown> => {
    id += 1;
    const mine = id;
    const answered = new Promise<z.infer<typeof Answer>>((resolve) => waiting.set(mine, resolve));
    say({ id: mine, method, params });
    const { result } = await answered;
    if (!result) throw new Refusal(`It refused ${method}.`);
    return result;
  };
  if (era === '2025-11-25') {
    await ask('initialize', { protocolVersion: era, capabilities: {}, clientInfo });
    say({ method: 'notifications/initialized' });
    return names(await ask('tools/list', {}));
  }
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  await ask('server/discover', { _meta });
  return names(await ask('tools/list', { _meta }));
}

function names(result: unknown): readonly string[] {
  return Tools.parse(result).tools.map(({ name }) => name);
}

/** The end of its input is all a server needs; one that stays after two seconds is killed. */
function end(child: ChildProcess): void {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
  timer.unref();
  child.once('exit', () => clearTimeout(timer));
  child.unref();
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
