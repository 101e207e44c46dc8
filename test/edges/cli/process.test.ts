import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../support/bundle.ts';

async function start(...args: string[]): Promise<ChildProcessWithoutNullStreams> {
  const program = await bundle(fileURLToPath(new URL('sample-command.ts', import.meta.url)));
  const child = spawn(process.execPath, [program, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function said(child: ChildProcessWithoutNullStreams, text: string): Promise<void> {
  let stderr = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    stderr += chunk;
    if (stderr.includes(text)) return;
  }
}

test('the whole of a large answer reaches a slow reader', async () => {
  const child = await start('acts', 'now', 'x', '--outcome', 'crowd', '--json');
  const exited = once(child, 'exit');
  child.stdout.setEncoding('utf8');
  let stdout = '';
  for await (const chunk of child.stdout) {
    stdout += chunk;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await exited).toEqual([0, null]);
  expect(JSON.parse(stdout).many).toHaveLength(50_000);
});

test('a reader that stops early is no failure with a trace', async () => {
  const child = await start('acts', 'now', 'x', '--outcome', 'crowd', '--json');
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([141, null]);
  expect(stderr).toBe('');
});

test('Ctrl-C asks the tool to stop and ends with 130', async () => {
  const child = await start('linger');
  await said(child, 'lingering');
  child.kill('SIGINT');
  const exited = once(child, 'exit');
  await said(child, 'asked to stop');
  expect(await exited).toEqual([130, null]);
});

test('a second Ctrl-C ends a tool that does not listen at once', async () => {
  const child = await start('linger', '--deaf');
  await said(child, 'lingering');
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 100)); // two signals at the same time are one to the kernel
  const from = performance.now();
  child.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  expect(performance.now() - from).toBeLessThan(700);
});
