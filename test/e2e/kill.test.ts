import { test } from 'vitest';
import { blows, survives, type Victim } from './kill.ts';

/** Each victim once, and the keeper where most is at stake. The stress suite, which CI runs too, deals all blows. */
const chosen = blows.filter(({ stage, victim }) => {
  const once: readonly Victim[] = ['server', 'shim', 'worker'];
  if (stage.name === 'its worker works') return once.includes(victim);
  return victim === 'keeper' && ['its candidate is judged', 'it is landed'].includes(stage.name);
});

test.concurrent.each(chosen)(
  'kill -9 of the $victim while $stage.name: the loop goes on and lands',
  survives,
);
