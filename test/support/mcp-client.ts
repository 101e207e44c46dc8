import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { program, type ScratchProject } from './scratch-project.ts';

export type Era = 'legacy' | 'modern';

export type Answer = Readonly<Record<string, unknown>>;

export interface Session {
  readonly pid: number;
  readonly era: string;
  readonly instructions: string | undefined;
  tools(): Promise<readonly string[]>;
  /** The structured content of an answer that is no error. */
  call(name: string, args?: Answer): Promise<Answer>;
  /** The same of one that must be an error. */
  refused(name: string, args?: Answer): Promise<Answer>;
  /** Either of them. */
  any(name: string, args?: Answer): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts the built server in a project and connects one of the two official clients to it. It ends with the project. */
export async function aSession(
  project: Pick<ScratchProject, 'path' | 'env'>,
  {
    era = 'legacy',
    env = {},
    cwd = project.path,
  }: { era?: Era; env?: Record<string, string>; cwd?: string } = {},
): Promise<Session> {
  const server = {
    command: process.execPath,
    args: [program, 'mcp'],
    cwd,
    env: { ...project.env, ...env },
    stderr: 'ignore' as const,
  };
  return era === 'legacy' ? await legacy(server) : await modern(server);
}

type Server = { command: string; args: string[]; cwd: string; env: Record<string, string>; stderr: 'ignore' };

async function legacy(server: Server): Promise<Session> {
  const transport = new LegacyTransport(server);
  const client = new LegacyClient({ name: 'legacy-client', version: '1.0.0' });
  await client.connect(transport);
  const ask = async (name: string, args: Answer) =>
    (await client.callTool({ name, arguments: args })) as unknown as Result;
  return {
    pid: transport.pid ?? 0,
    era: 'legacy',
    instructions: client.getInstructions(),
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    ...doors(ask),
    close: () => client.close(),
  };
}

async function modern(server: Server): Promise<Session> {
  const transport = new ModernTransport(server);
  const client = new ModernClient(
    { name: 'modern-client', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(transport);
  const ask = async (name: string, args: Answer) =>
    (await client.callTool({ name, arguments: args })) as unknown as Result;
  return {
    pid: transport.pid ?? 0,
    era: client.getProtocolEra() ?? 'none',
    instructions: client.getInstructions(),
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    ...doors(ask),
    close: () => client.close(),
  };
}

interface Result {
  readonly structuredContent?: Answer;
  readonly content?: readonly { readonly text?: string }[];
  readonly isError?: boolean;
}

function doors(
  ask: (name: string, args: Answer) => Promise<Result>,
): Pick<Session, 'call' | 'refused' | 'any'> {
  const door =
    (refusal: boolean) =>
    async (name: string, args: Answer = {}) => {
      const result = await ask(name, args);
      if ((result.isError === true) !== refusal) {
        throw new Error(`${name} ${refusal ? 'was not refused' : 'failed'}: ${result.content?.[0]?.text}`);
      }
      return result.structuredContent ?? {};
    };
  const any = async (name: string, args: Answer = {}) => (await ask(name, args)).structuredContent ?? {};
  return { call: door(false), refused: door(true), any };
}
