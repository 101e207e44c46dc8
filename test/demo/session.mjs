import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as HandshakeClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as HandshakeStdio } from '@modelcontextprotocol/sdk/client/stdio.js';

/** A client as of 2026-07-28, in front of a server of its own. */
export async function modernSession(name, server) {
  const client = new ModernClient({ name, version: '1' }, { versionNegotiation: { mode: 'auto' } });
  const transport = new ModernStdio({ ...server, stderr: 'inherit' });
  await client.connect(transport);
  return session(client, transport);
}

/** A client of the handshake era, as most are today. */
export async function handshakeSession(name, server) {
  const client = new HandshakeClient({ name, version: '1' });
  const transport = new HandshakeStdio({ ...server, stderr: 'inherit' });
  await client.connect(transport);
  return session(client, transport);
}

function session(client, transport) {
  return {
    pid: transport.pid,
    tools: async () => (await client.listTools()).tools,
    /** The structured answer; an error of the tool is thrown in its own words. */
    async call(name, args) {
      const { structuredContent, isError, content } = await client.callTool({ name, arguments: args });
      if (isError) throw new Error(`${name}: ${content?.[0]?.text ?? 'no answer'}`);
      return structuredContent;
    },
    close: () => client.close(),
  };
}
