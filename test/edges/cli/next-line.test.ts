import { expect, test } from 'vitest';
import { typedNext } from '../../../src/edges/cli/next-line.ts';
import { tools } from '../../../src/tools/index.ts';

test.each([
  ['Look at the diff, then merge {loop: "a-1"}.', 'Look at the diff, then loopyard merge a-1.'],
  ['status {loop: "a-1", cursor} waits.', 'loopyard status a-1 --cursor 105 waits.'],
  ['steer {loop: "a-1", action: "answer", text: …}, or ask.', 'loopyard steer a-1 answer <text>, or ask.'],
  ['verify {verification: "v-1,v-2"} goes on.', 'loopyard verify --verification v-1,v-2 goes on.'],
  ['start_loop {goal: "Be green", auto_merge: true}', 'loopyard start "Be green" --auto-merge'],
  ['read_log {id: log} has it.', 'loopyard log <log> has it.'],
  ['Nothing to do.', 'Nothing to do.'],
  ['what {is: "this"}', 'what {is: "this"}'],
])('"%s" is told to a person as "%s"', (next, expected) => {
  expect(typedNext({ next, cursor: 105 }, tools)).toEqual({ next: expected, cursor: 105 });
});
