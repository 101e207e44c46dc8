#!/usr/bin/env node
// An MCP server that leaves a line in a file when a client starts it, so that a test can count the starts.
//   probe-server.mjs <file> <name>
import { appendFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import * as z from 'zod';

const [file, name] = process.argv.slice(2);
appendFileSync(file, `${name}\n`);

const server = new McpServer({ name, version: '1.0.0' });
server.registerTool(
  'report',
  { description: 'Says how it goes.', inputSchema: { text: z.string() } },
  ({ text }) => ({ content: [{ type: 'text', text: `${name} heard: ${text}` }] }),
);
await server.connect(new StdioServerTransport());
process.stdin.once('end', () => process.exit(0));
