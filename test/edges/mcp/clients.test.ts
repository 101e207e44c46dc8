import * as modern from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import * as legacy from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundled } from './conversation.ts';

interface Called {
  readonly isError?: boolean | undefined;
  readonly structuredContent?: unknown;
  readonly content?: unknown;
}

interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number; message?: string | undefined }) => void;
}

/** What the tests need of a client, whichever it is. */
interface AnyClient {
  list(): Promise<{ name: string }[]>;
  call(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<Called>;
  instructions(): string | undefined;
}

const info = { name: 'Test Client', version: '1' };

async function legacyClient(role: string): Promise<AnyClient> {
  const client = new legacy.Client(info);
  const args = [await bundled('sample-server'), role];
  await client.connect(new LegacyStdio({ command: process.execPath, args, stderr: 'ignore' }));
  onTestFinished(() => client.close());
  return {
    list: async () => (await client.listTools()).tools,
    call: async (name, args, options) =>
      (await client.callTool({ name, arguments: args }, undefined, options)) as Called,
    instructions: () => client.getInstructions(),
  };
}

async function modernClient(role: string, mode: 'auto' | { pin: string }): Promise<AnyClient> {
  const client = new modern.Client(info, { versionNegotiation: { mode } });
  const args = [await bundled('sample-server'), role];
  await client.connect(new ModernStdio({ command: process.execPath, args, stderr: 'ignore' }));
  onTestFinished(() => client.close());
  return {
    list: async () => (await client.listTools()).tools,
    call: async (name, args, options) => await client.callTool({ name, arguments: args }, options),
    instructions: () => client.getInstructions(),
  };
}

const clients: readonly (readonly [string, (role: string) => Promise<AnyClient>])[] = [
  ['the handshake client', legacyClient],
  ['the newer client by itself', (role) => modernClient(role, 'auto')],
  ['the newer client at 2026-07-28', (role) => modernClient(role, { pin: '2026-07-28' })],
];

describe.each(clients)('%s', (_, connect) => {
  test('sees the tools of a strategist in their order, and the instructions', async () => {
    const client = await connect('strategist');
    expect((await client.list()).map(({ name }) => name)).toEqual(['look', 'act_now', 'linger']);
    expect(client.instructions()).toBe('Look first, then act.');
  });

  test('sees only the tools of a worker on a server bound to one', async () => {
    const client = await connect('worker');
    expect((await client.list()).map(({ name }) => name)).toEqual(['look']);
    const { structuredContent } = await client.call('look', {});
    expect(structuredContent).toMatchObject({ by: 'worker of green-tests-k3v9' });
    await expect(client.call('act_now', { goal: 'x' })).rejects.toMatchObject({ code: -32602 });
  });

  test('gets one answer in both forms, in the workspace it named', async () => {
    const client = await connect('strategist');
    const { structuredContent, content } = await client.call('look', { workspace: '/repo/a', limit: 3 });
    expect(structuredContent).toMatchObject({
      workspace: '/repo/a',
      client: 'test-client',
      by: 'strategist',
    });
    expect(content).toEqual([{ type: 'text', text: JSON.stringify(structuredContent) }]);
    expect(structuredContent).not.toHaveProperty('nothing');
  });

  test('is told of a misspelt argument what was meant', async () => {
    const client = await connect('strategist');
    const { isError, structuredContent } = await client.call('look', { limits: 3, workspace: '/repo' });
    expect(isError).toBe(true);
    expect(structuredContent).toMatchObject({
      error: 'INVALID_ARGUMENT',
      message: 'There is no argument "limits"; did you mean "limit".',
    });
  });

  test('gets a protocol error for a tool that does not exist', async () => {
    const client = await connect('strategist');
    await expect(client.call('loook', {})).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('did you mean "look"'),
    });
  });

  test('hears progress in order and not too often', async () => {
    const client = await connect('strategist');
    const heard: number[] = [];
    const from = performance.now();
    const { structuredContent } = await client.call(
      'linger',
      { steps: 200, workspace: '/repo' },
      {
        onprogress: ({ progress }) => heard.push(progress),
      },
    );
    const limit = 2 + (performance.now() - from) / 500;
    expect(structuredContent).toMatchObject({ ended: 'by itself' });
    expect(heard.length).toBeGreaterThan(1);
    expect(heard.length).toBeLessThanOrEqual(limit);
    expect(heard).toEqual([...heard.keys()].map((at) => at + 1));
  });

  test('can take a call back', async () => {
    const client = await connect('strategist');
    const cancel = new AbortController();
    const call = client.call(
      'linger',
      { workspace: '/repo' },
      {
        signal: cancel.signal,
        onprogress: () => cancel.abort('enough'),
      },
    );
    await expect(call).rejects.toThrow();
    expect(await client.call('look', { workspace: '/repo' })).toHaveProperty('structuredContent');
  });
});
