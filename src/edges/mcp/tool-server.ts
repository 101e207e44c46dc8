import {
  type CallToolResult,
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { asLoopyardError, LoopyardError } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import { jsonBytes, shown } from '../../domain/text.ts';
import type { Tool } from '../../tools/define.ts';
import type { ServerFront } from '../front.ts';
import { toErrorResult, toResult } from './answer.ts';
import { ClientRoots } from './client-roots.ts';
import type { Desk } from './desk.ts';

const CACHED = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

/**
 * One conversation in the protocol's terms, for both of its eras. The low-level server of the SDK is used on purpose:
 * it lets us emit our own compact schemas and leaves arguments to the tool, whose errors name what would be right.
 */
export function toolServer(front: ServerFront, desk: Desk): Server {
  const server = new Server(
    { name: 'loopyard', title: 'loopyard', version: front.version },
    {
      // Codex then tells with each call which directory its sandbox has.
      capabilities: { tools: {}, experimental: { 'codex/sandbox-state-meta': {} } },
      instructions: front.instructions,
      cacheHints: { 'tools/list': CACHED, 'server/discover': CACHED },
    },
  );
  const roots = new ClientRoots();
  server.setNotificationHandler('notifications/roots/list_changed', () => roots.forget());
  server.setRequestHandler('tools/list', async () => {
    const tools = [...(await desk.list())];
    // The answer first; then the time until the first call is used.
    setImmediate(() => void desk.tools());
    return { tools };
  });
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tools = await desk.tools();
    const tool = tools.find(({ name }) => name === params.name) ?? unknownTool(params.name, tools);
    return await answer({ server, desk, roots }, tool, params.arguments ?? {}, context);
  });
  return server;
}

interface Session {
  readonly server: Server;
  readonly desk: Desk;
  readonly roots: ClientRoots;
}

async function answer(
  { server, desk, roots }: Session,
  tool: Tool,
  args: Record<string, unknown>,
  context: ServerContext,
): Promise<CallToolResult> {
  const { mcpReq } = context;
  const progressToken = mcpReq._meta?.progressToken;
  try {
    refuseLargerThan(MAX_ARGUMENTS, tool, args);
    const given = await desk.serve(tool, args, {
      client: clientName(server, context),
      codex: codexDirectory(mcpReq._meta),
      signal: mcpReq.signal,
      ...(hasRoots(server, context) && { roots: () => roots.of(server, context) }),
      ...(progressToken !== undefined && {
        progress: (progress: number, message: string) => {
          const params = { progressToken, progress, message };
          // A client that has gone is noticed elsewhere.
          mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
        },
      }),
    });
    return toResult(given);
  } catch (thrown) {
    if (desk.closing) throw new ProtocolError(-32000, 'The server is closing.');
    return toErrorResult(asLoopyardError(thrown));
  }
}

/** Four times the longest goal: whoever sends more means to send a file. */
const MAX_ARGUMENTS = 65_536;

function refuseLargerThan(limit: number, tool: Tool, args: Record<string, unknown>): void {
  const bytes = jsonBytes(args);
  if (bytes <= limit) return;
  throw new LoopyardError(
    'INVALID_ARGUMENT',
    `The arguments of ${tool.name} have ${bytes} bytes; at most ${limit} are possible. Put long text into a file of the repository and name it.`,
  );
}

function unknownTool(name: string, tools: readonly Tool[]): never {
  const known = tools.map((tool) => tool.name);
  const match = nearest(name, known);
  const instead = match ? `did you mean "${match}"?` : `there are ${known.join(', ')}.`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool "${shown(name)}"; ${instead}`);
}

/** Who calls, in a form fit for records: the newer era says so with each request, the older one once. */
function clientName(server: Server, { mcpReq }: ServerContext): string {
  const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
  const { name } = (envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion() ?? {}) as { name?: unknown };
  const plain = String(name ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 40);
  return plain === '' ? 'unknown-client' : plain;
}

function codexDirectory(meta: Readonly<Record<string, unknown>> | undefined): unknown {
  const state = meta?.['codex/sandbox-state-meta'];
  return typeof state === 'object' && state !== null && 'sandboxCwd' in state ? state.sandboxCwd : undefined;
}

/** Only the older era can be asked, and only a client that said so. */
function hasRoots(server: Server, { mcpReq }: ServerContext): boolean {
  return mcpReq.envelope === undefined && server.getClientCapabilities()?.roots !== undefined;
}
