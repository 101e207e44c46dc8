import { appendFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { openGate } from '../../src/adapters/gate/gate.ts';
import { readSelf } from './gate-identity.ts';

/** Enters the gate so many times and writes down when it is inside; with `forever` it never leaves. */
const [directory = '', times = '1', marks = ''] = process.argv.slice(2);
const { self, liveness } = readSelf();
const clock = { now: Date.now, sleep: (ms: number) => after(ms) };
const gate = openGate({ directory, self, liveness, clock, log: () => {} });
if (times === 'forever') {
  const alive = setInterval(() => {}, 1000);
  await gate.within('worktrees', 30_000, async () => {
    process.stdout.write('inside\n');
    await new Promise(() => {});
  });
  clearInterval(alive);
}
for (let i = 0; i < Number(times); i++) {
  await gate.within('worktrees', 30_000, async () => {
    appendFileSync(marks, 'in\n');
    await after(3);
    appendFileSync(marks, 'out\n');
  });
}
