import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findBubblewrap } from '../../../src/adapters/processes/isolation.ts';
import type { RunSpec } from '../../../src/ports/processes.ts';
import {
  aRealWorld,
  aTag,
  eventually,
  processesWith,
  running,
  temporaryFolder,
} from '../../support/real-processes.ts';

const never = new AbortController().signal;
const bubblewrap = await findBubblewrap({ PATH: process.env.PATH });

/** Says what it reads, takes up what has an id, and finishes when it reads "enough"; it ends with its input. */
const listener = `
const tell = (fact) => console.log(JSON.stringify(fact));
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, text } = JSON.parse(line);
    if (id) tell({ type: 'word', id, state: 'taken' });
    tell({ type: 'said', text });
    if (text === 'enough') tell({ type: 'finished', text });
  })
  .on('close', () => tell({ type: 'said', text: 'end of input' }));`;

const line = (text: string, id?: string) => JSON.stringify({ id, text });

function talkingTo(program: string, rest: Partial<RunSpec> = {}): RunSpec {
  const folder = temporaryFolder();
  const stdinFile = path.join(folder, 'prompt');
  writeFileSync(stdinFile, `${line('the prompt')}\n`);
  return {
    argv: [process.execPath, '-e', program],
    cwd: folder,
    env: { PATH: process.env.PATH ?? '' },
    timeoutMs: 60_000,
    keepBytes: 64 * 1024,
    backend: 'test',
    stdinFile,
    takesWords: true,
    ...rest,
  };
}

const tell = (id: string, text: string) => ({ id, line: line(text, id) });

test.each([
  ['process_group' as const, true],
  ['auto' as const, bubblewrap !== undefined],
])(
  'contained by %s, a program hears its prompt, then each word once, and the end after its turn',
  async (containment, works) => {
    if (!works) return;
    const { processes } = await aRealWorld({ containment });
    await processes.start('r', talkingTo(listener));
    // Before anybody listens.
    expect(await processes.tell('r', tell('a', 'one'))).toBe(true);
    await running(processes, 'r');
    expect(await processes.tell('r', tell('b', 'two'))).toBe(true);
    expect(await processes.tell('r', tell('a', 'one'))).toBe(true);
    expect(await processes.tell('r', tell('c', 'enough'))).toBe(true);

    const view = await processes.settled('r', never);

    expect(view).toMatchObject({ phase: 'ended', end: { cause: 'exited', exitCode: 0 } });
    const facts = view.phase === 'ended' ? view.facts : [];
    expect(facts.flatMap((fact) => (fact.type === 'said' ? fact.text : []))).toEqual([
      'the prompt',
      'one',
      'two',
      'enough',
      'end of input',
    ]);
    expect(facts.flatMap((fact) => (fact.type === 'word' ? fact.id : []))).toEqual(['a', 'b', 'c']);
    expect(await processes.tell('r', tell('d', 'too late'))).toBe(false);
  },
);

test('a word is heard within a second or so, and its echo is no sign of life', async () => {
  const { processes } = await aRealWorld();
  const echo = listener.replace("tell({ type: 'said', text });", "if (!id) tell({ type: 'said', text });");
  await processes.start('r', talkingTo(echo));
  const before = await eventually(async () => {
    const view = await processes.observe('r');
    return view.phase === 'running' ? view.activity.heardAt : undefined;
  });
  await processes.tell('r', tell('a', 'are you there?'));
  const view = await eventually(async () => {
    const now = await processes.observe('r');
    return now.phase === 'running' && now.activity.facts.some(({ type }) => type === 'word')
      ? now
      : undefined;
  });
  expect(view.activity.heardAt).toBe(before);
});

test('one that never reads is not waited for: words beyond the fiftieth are refused, and it ends as it likes', async () => {
  const { processes } = await aRealWorld();
  const gate = path.join(temporaryFolder(), 'gate');
  const deaf = `console.log('deaf'); const fs = require('node:fs'); const until = setInterval(() => {
    if (!fs.existsSync(${JSON.stringify(gate)})) return;
    clearInterval(until);
    console.log(JSON.stringify({ type: 'finished', text: 'done' }));
  }, 20);`;
  await processes.start('r', talkingTo(deaf));
  await running(processes, 'r');
  const long = 'x'.repeat(20_000);
  for (let n = 0; n < 50; n++) expect(await processes.tell('r', tell(`w${n}`, long))).toBe(true);
  expect(await processes.tell('r', tell('w50', long))).toBe(false);
  expect(await processes.tell('r', tell('w3', long))).toBe(true);
  writeFileSync(gate, '');
  expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'exited', exitCode: 0 } });
});

test.each(['process.exit(3)', 'process.stdin.destroy(); setTimeout(() => process.exit(3), 300)'])(
  'one that is gone or closes its input takes no more words, and its end is told as it was: %s',
  async (program) => {
    const { processes } = await aRealWorld();
    await processes.start('r', talkingTo(`console.log('here'); ${program}`));
    let n = 0;
    const refused = async () => !(await processes.tell('r', tell(`w${n++ % 50}`, 'x'.repeat(60_000))));
    await eventually(refused);
    expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'exited', exitCode: 3 } });
    expect(await processes.tell('r', tell('late', 'hello'))).toBe(false);
  },
);

test('a program that hears nothing of its own end is stopped like any other', async () => {
  const { processes } = await aRealWorld();
  const tag = aTag();
  await processes.start('r', talkingTo(`${listener} // ${tag}`));
  await running(processes, 'r');
  expect(await processes.stop('r', { graceMs: 1_000, cause: 'stopped' })).toEqual([]);
  expect(await processes.settled('r', never)).toMatchObject({ end: { cause: 'stopped' } });
  expect(processesWith(tag)).toEqual([]);
});

test('when its shim is killed, the words stay where they are and the program does not', async () => {
  const { processes } = await aRealWorld();
  const tag = aTag();
  await processes.start('r', talkingTo(`${listener} // ${tag}`));
  const { shim } = await running(processes, 'r');
  process.kill(shim.pid, 'SIGKILL');
  await eventually(async () => (await processes.observe('r')).phase === 'lost');
  expect(await processes.stop('r', { graceMs: 0, cause: 'lost' })).toEqual([]);
  expect(processesWith(tag)).toEqual([]);
});
