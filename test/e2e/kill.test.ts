import { test } from 'vitest';
import { blows, survives, type Victim } from './kill.ts';

/** The keeper everywhere, because every decision is his; the others once. The stress suite deals all blows. */
const chosen = blows.filter(({ stage, victim }) => {
  const once: readonly Victim[] = ['server', 'shim', 'worker'];
  return stage.name === 'its worker works' ? once.includes(victim) : victim === 'keeper';
});

test.concurrent.each(chosen)(
  'kill -9 of the $victim while $stage.name: the loop goes on and lands',
  survives,
);
