import type { Facts } from './facts.ts';
import { type Finding, note } from './finding.ts';
import { diskFindings, machineFindings } from './machine.ts';
import { backendFindings, clientFindings, settingFindings } from './surroundings.ts';
import { stateFindings, yardFindings } from './yard.ts';

/** What the facts mean: pure, in the order in which a person should read it. `now`: milliseconds since 1970. */
export function findings(facts: Facts, now: number): readonly Finding[] {
  return [
    ...machineFindings(facts),
    ...stateFindings(facts),
    ...yardFindings(facts, now),
    ...settingFindings(facts),
    ...backendFindings(facts),
    ...clientFindings(facts),
    ...diskFindings(facts),
    ...facts.blind.map(({ what, because }) =>
      note(`blind.${what.replaceAll(' ', '_')}`, `Not looked at: ${what}.`, { why: because }),
    ),
  ];
}
