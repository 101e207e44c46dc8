import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { MAX_LINE } from '../../../src/edges/mcp/line-transport.ts';
import { type Conversation, serveHere } from './conversation.ts';

async function workspaceOf(talk: Conversation, args: object = {}, meta?: object): Promise<unknown> {
  const { result } = await talk.ask('tools/call', {
    name: 'look',
    arguments: args,
    ...(meta && { _meta: meta }),
  });
  const { workspace, error } = (result?.structuredContent ?? {}) as { workspace?: string; error?: string };
  return workspace ?? error;
}

describe('the workspace of a call', () => {
  test('differs from call to call in one process', async () => {
    const { talk } = serveHere();
    await talk.hello();
    const both = [workspaceOf(talk, { workspace: '/repo/a' }), workspaceOf(talk, { workspace: '/repo/b' })];
    expect(await Promise.all(both)).toEqual(['/repo/a', '/repo/b']);
  });

  test('comes from the sandbox of Codex, which is told that we want to know', async () => {
    const { talk } = serveHere();
    const { result } = await talk.hello();
    expect(result).toHaveProperty(['capabilities', 'experimental', 'codex/sandbox-state-meta']);
    const meta = { 'codex/sandbox-state-meta': { sandboxCwd: '/repo/codex' } };
    expect(await workspaceOf(talk, {}, meta)).toBe('/repo/codex');
    expect(await workspaceOf(talk)).toBe('/repo');
  });

  test('is asked of a client that has roots, when nothing else tells', async () => {
    const { talk } = serveHere({ cwd: '/' });
    await talk.hello({ roots: {} });
    const asked = workspaceOf(talk);
    const { id } = await talk.hears(({ method }) => method === 'roots/list');
    talk.say({ id, result: { roots: [{ uri: 'file:///repo/root' }, { uri: 'vscode-remote://elsewhere' }] } });
    expect(await asked).toBe('/repo/root');
  });

  test('is asked once of a client that tells of changes, and again when it does', async () => {
    const { talk } = serveHere({ cwd: '/' });
    await talk.hello({ roots: { listChanged: true } });
    const asked = () => talk.heard.filter(({ method }) => method === 'roots/list');
    const first = workspaceOf(talk);
    const { id } = await talk.hears(({ method }) => method === 'roots/list');
    talk.say({ id, result: { roots: [{ uri: 'file:///repo/a' }] } });
    expect([await first, await workspaceOf(talk)]).toEqual(['/repo/a', '/repo/a']);
    expect(asked()).toHaveLength(1);
    talk.say({ method: 'notifications/roots/list_changed' });
    const again = workspaceOf(talk);
    const second = await talk.hears((message) => message.method === 'roots/list' && message.id !== id);
    talk.say({ id: second.id, result: { roots: [{ uri: 'file:///repo/b' }] } });
    expect(await again).toBe('/repo/b');
  });

  test('is waited for only once of a client that has roots and never answers', async () => {
    const { talk } = serveHere({ cwd: '/' });
    await talk.hello({ roots: {} });
    expect(await workspaceOf(talk)).toBe('NO_WORKSPACE');
    expect(await workspaceOf(talk)).toBe('NO_WORKSPACE');
    expect(talk.heard.filter(({ method }) => method === 'roots/list')).toHaveLength(1);
  });

  test('is not asked of a client that names it or has no roots', async () => {
    const { talk } = serveHere({ cwd: '/' });
    await talk.hello({});
    expect(await workspaceOf(talk, { workspace: '/repo/a' })).toBe('/repo/a');
    expect(await workspaceOf(talk)).toBe('NO_WORKSPACE');
    expect(talk.heard.filter(({ method }) => method !== undefined)).toEqual([]);
  });

  test('that is no repository is an error that says where it came from', async () => {
    const { talk } = serveHere({ env: { CLAUDE_PROJECT_DIR: '/elsewhere' } });
    await talk.hello();
    expect((await talk.call('look')).result).toMatchObject({
      isError: true,
      structuredContent: {
        error: 'NOT_A_REPOSITORY',
        message: '"/elsewhere" is in no git repository. (/elsewhere comes from CLAUDE_PROJECT_DIR.)',
      },
    });
  });

  test('that nobody named and is no repository asks for a name', async () => {
    const { talk } = serveHere({ cwd: '/tmp/x' });
    await talk.hello();
    expect((await talk.call('look')).result?.structuredContent).toMatchObject({
      error: 'NO_WORKSPACE',
      message: expect.stringContaining('Pass the argument workspace, an absolute path of a git checkout.'),
    });
  });
});

describe('an error', () => {
  test('carries its code, its sentence, what to do and its facts, the same in both forms', async () => {
    const { talk } = serveHere();
    await talk.hello();
    const { result } = await talk.call('act_now', { goal: 'x', outcome: 'held' });
    const structuredContent = {
      holder: 'keeper',
      error: 'LEASE_HELD',
      message: 'It is held by another.',
      hint: 'Wait for the holder, use a worktree, or stop the holder.',
    };
    expect(result).toEqual({
      isError: true,
      structuredContent,
      content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    });
  });

  test('that nobody foresaw keeps its details for the log', async () => {
    const { talk, logged } = serveHere();
    await talk.hello();
    const answer = await talk.call('act_now', { goal: 'x', outcome: 'bug' });
    expect(answer.result?.structuredContent).toMatchObject({ error: 'INTERNAL' });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(logged.join()).toMatch(/The tool act_now failed.*secret detail of the code.*sample-tools/s);
  });
});

test('a request taken back reaches the tool and gets no answer', async () => {
  const { talk, logged } = serveHere();
  await talk.hello();
  const id = talk.request('tools/call', { name: 'linger', arguments: {}, _meta: { progressToken: 'p' } });
  await talk.hears(({ method }) => method === 'notifications/progress');

  talk.say({ method: 'notifications/cancelled', params: { requestId: id } });

  await expect.poll(() => logged).toContain('info asked to stop');
  await talk.call('look');
  expect(talk.heard.filter((message) => message.id === id)).toEqual([]);
});

test('progress carries the token and grows; nothing follows the answer', async () => {
  const { talk } = serveHere();
  await talk.hello();
  await talk.ask('tools/call', { name: 'linger', arguments: { steps: 130 }, _meta: { progressToken: 'p' } });
  await talk.call('linger', { steps: 130 });

  const told = talk.heard.filter(({ method }) => method === 'notifications/progress');
  expect(told[0]?.params).toEqual({ progressToken: 'p', progress: 1, message: 'step 1' });
  expect(told.map(({ params }) => params?.progress)).toEqual([...told.keys()].map((at) => at + 1));
  const answered = talk.heard.findIndex(({ result }) => result?.structuredContent !== undefined);
  expect(talk.heard.findLastIndex(({ method }) => method !== undefined)).toBeLessThan(answered);
});

test('the record names the client as its handshake did', async () => {
  const { talk } = serveHere();
  await talk.hello();
  expect((await talk.call('look')).result?.structuredContent).toMatchObject({ client: 'some-client' });
});

test('another parent than at the start ends the server', async () => {
  const { talk, world, code, logged } = serveHere();
  await talk.hello();
  world.parent = 1;
  expect(await code).toBe(0);
  expect(logged).toContain('closing: the process that started this server is gone');
});

test('the first reason to end counts and later ones change nothing', async () => {
  const { talk, world, code, input } = serveHere();
  await talk.hello();
  world.signal('SIGTERM');
  world.signal('SIGINT');
  input.end();
  expect(await code).toBe(143);
});

test('what was sent has left before the end, however slowly it is read', async () => {
  let left = 0;
  const output = new PassThrough();
  const slow = new Writable({
    write(chunk, _encoding, done) {
      output.write(chunk);
      left += 1;
      setTimeout(done, 20);
    },
  });
  const { talk, code, input } = serveHere({}, {}, { written: slow, output });
  await talk.hello();
  for (let call = 0; call < 5; call += 1) talk.request('tools/call', { name: 'look', arguments: {} });
  input.end();
  await code;
  expect(left).toBeGreaterThanOrEqual(6);
  expect(slow.writableLength).toBe(0);
});

test('the list is the same each time, and the newer era may keep it', async () => {
  const { talk } = serveHere();
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'New Client', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const discovered = await talk.ask('server/discover', { _meta });
  const first = await talk.ask('tools/list', { _meta });
  const second = await talk.ask('tools/list', { _meta });
  expect(discovered.result).toMatchObject({ instructions: 'Look first, then act.', cacheScope: 'public' });
  expect(first.result).toMatchObject({ ttlMs: 3_600_000, cacheScope: 'public' });
  expect(first.result).toEqual(second.result);
  const { result } = await talk.ask('tools/call', { name: 'look', arguments: {}, _meta });
  expect(result?.structuredContent).toMatchObject({ client: 'new-client' });
});

test('a line that is too long ends the conversation also when it comes to its end', async () => {
  const { talk, input, code, logged } = serveHere();
  await talk.hello();
  const call = {
    jsonrpc: '2.0',
    id: 9,
    method: 'tools/call',
    params: { name: 'look', arguments: {}, x: '' },
  };
  const text = JSON.stringify({ ...call, params: { ...call.params, x: 'x'.repeat(MAX_LINE) } });
  input.write(text.slice(0, MAX_LINE - 10));
  input.write(`${text.slice(MAX_LINE - 10)}\n`);
  expect(await code).toBe(2);
  expect(logged.join()).toContain('closing: a message had more than');
  expect(talk.heard.filter(({ id }) => id === 9)).toEqual([]);
});

test('arguments that no call needs are refused with their size', async () => {
  const { talk } = serveHere();
  await talk.hello();
  const { result } = await talk.call('act_now', { goal: '\u65e5'.repeat(22_000) });
  expect(result).toMatchObject({
    isError: true,
    structuredContent: {
      error: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /^The arguments of act_now have 66011 bytes; at most 65536 are possible\./,
      ),
    },
  });
  const { result: taken } = await talk.call('act_now', { goal: '\u65e5'.repeat(20_000) });
  expect(taken).not.toHaveProperty('isError');
});
