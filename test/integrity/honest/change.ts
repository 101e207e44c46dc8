import type { World } from '../world.ts';
import type { SiteName } from './sites.ts';

/** A worker that does what it was asked to. Its candidate must pass, and land where nothing protected is in it. */
export interface Change {
  readonly name: string;
  readonly site: SiteName;
  readonly plan?: Readonly<Record<string, unknown>>;
  /** It is opened with auto_merge and must land: nothing in it is for a person to decide. */
  readonly lands?: true;
  work(world: World): void;
}
