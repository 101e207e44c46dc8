import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { bundled, Conversation, startServer } from './conversation.ts';

test('every line of standard output is a message, whoever else writes there', async () => {
  const { talk, child, exit } = await startServer();
  await talk.hello();
  for (let round = 0; round < 20; round += 1) await talk.call('linger', { steps: 2 });
  child.stdin.end();
  await exit();

  expect(talk.heard).toHaveLength(21);
  expect(talk.heard.every(({ jsonrpc, result }) => jsonrpc === '2.0' && !result?.forged)).toBe(true);
});

test('an idle server leaves when its input ends', async () => {
  const { talk, child, exit } = await startServer();
  await talk.hello();

  child.stdin.end();

  const { code, ms } = await exit();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(1_500);
});

test('a server nobody spoke to leaves when its input ends', async () => {
  const { child, exit, said } = await startServer();
  await said('noise in between');
  child.stdin.end();
  expect((await exit()).code).toBe(0);
});

test('the end of the input stops a call under way and answers what can be answered at once', async () => {
  const { talk, child, exit, said } = await startServer();
  await talk.hello();
  const lingering = talk.request('tools/call', { name: 'linger', arguments: {} });
  await said('lingering');
  const last = talk.request('tools/list');

  child.stdin.end();

  expect((await exit()).ms).toBeLessThan(1_500);
  await said('asked to stop');
  expect((await talk.answer(last)).result).toHaveProperty('tools');
  expect((await talk.answer(lingering)).error).toMatchObject({ code: -32000 });
});

test('a call that does not listen delays the end by less than clients wait', async () => {
  const { talk, child, exit, said } = await startServer();
  await talk.hello();
  talk.request('tools/call', { name: 'linger', arguments: { deaf: true } });
  await said('lingering');

  child.stdin.end();

  const { code, ms } = await exit();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(1_500);
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const)('%s ends the server with exit code %i', async (signal, expected) => {
  const { talk, child, exit } = await startServer();
  await talk.hello();

  child.kill(signal);

  const { code, ms } = await exit();
  expect(code).toBe(expected);
  expect(ms).toBeLessThan(1_500);
});

test('a reader that is gone ends the server without a crash', async () => {
  const { talk, child, exit, said } = await startServer();
  await talk.hello();
  child.stdout.destroy();
  await said('noise in between');

  talk.request('tools/list');
  talk.request('tools/call', { name: 'linger', arguments: {} });

  const { code, ms } = await exit();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(1_500);
});

test('a server whose parent is shot leaves although its input stays open', async () => {
  const program = await bundled('sample-server');
  // The middle process hands its fourth pipe on as the input. Its own standard input would not do: Node closes our
  // end of that one when the middle process ends, and the server would leave for the wrong reason.
  const middle = `require('node:child_process')
      .spawn(process.execPath, [${JSON.stringify(program)}], { stdio: [3, 'inherit', 'inherit'] });
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', middle], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [, output, errors, input] = parent.stdio as unknown as [null, Readable, Readable, Duplex];
  onTestFinished(() => void input.destroy());
  let said = '';
  errors.on('data', (chunk) => {
    said += chunk;
  });
  await new Conversation(input, output).hello();
  const gone = once(output, 'close'); // the last holder of the pipe is the server
  const from = performance.now();

  parent.kill('SIGKILL');

  await gone;
  expect(performance.now() - from).toBeLessThan(1_500);
  await expect.poll(() => said).toContain('the process that started this server is gone');
});

test('garbage is skipped, and what follows it is served', async () => {
  const { talk, child, said } = await startServer();
  child.stdin.write('hello?\n{"jsonrpc":"2.0"\n\n[1,2]\n"text"\nnull\n{"no":"message"}\n');
  await talk.hello();

  expect((await talk.ask('tools/list')).result).toHaveProperty('tools');
  await said('no JSON-RPC message');
  expect(talk.heard).toHaveLength(2);
});

test('a message in many pieces, split inside a character, arrives whole', async () => {
  const { talk, child } = await startServer();
  await talk.hello();
  const params = { name: 'act_now', arguments: { goal: 'grün 🌱' } };
  const bytes = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id: 'π', method: 'tools/call', params })}\n`);
  for (const byte of bytes) {
    child.stdin.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }

  const { result } = await talk.hears(({ id }) => id === 'π');
  expect(result?.structuredContent).toMatchObject({ goal: 'grün 🌱' });
});

test('a line without end closes the connection and says why', async () => {
  const { talk, child, exit, said } = await startServer();
  await talk.hello();

  child.stdin.write('x'.repeat(5 * 1024 * 1024));

  expect((await exit()).code).toBe(2);
  await said('a message had more than 4194304 characters');
});

test('two thousand calls at once are all answered', async () => {
  const { talk, child, exit } = await startServer();
  await talk.hello();
  const ids = Array.from({ length: 2_000 }, (_, at) =>
    talk.request('tools/call', { name: 'look', arguments: { since: at } }),
  );

  const answers = await Promise.all(ids.map((id) => talk.answer(id)));

  const sinces = answers.map(({ result }) => JSON.stringify(result).match(/since=(\d+)/)?.[1]);
  expect(sinces).toEqual(ids.map((_, at) => String(at)));
  child.stdin.end();
  expect((await exit()).code).toBe(0);
});

test('a large answer arrives whole although the input ends right after the question', async () => {
  const { talk, child, exit } = await startServer();
  await talk.hello();
  const ids = Array.from({ length: 40 }, () =>
    talk.request('tools/call', { name: 'act_now', arguments: { goal: 'much', outcome: 'huge' } }),
  );

  child.stdin.end();

  expect((await exit()).code).toBe(0);
  for (const id of ids) expect((await talk.answer(id)).result).toHaveProperty('structuredContent.text');
});
