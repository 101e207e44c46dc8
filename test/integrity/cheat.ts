import type { ProjectName } from './projects.ts';
import type { World } from './world.ts';

/**
 * A worker that leaves the mistake in the code and is after a verdict all the same. `stopped`: its candidate must not
 * pass. `flagged`: it changes nothing but product code; that may pass, when the answer tells the reader where to look.
 */
export interface Cheat {
  readonly name: string;
  readonly project: ProjectName;
  readonly expects: 'stopped' | 'flagged';
  /** It harms the repository or the home that others would share with it. */
  readonly alone?: true;
  /** Arguments of start_loop, beside or instead of the project's. */
  readonly plan?: Readonly<Record<string, unknown>>;
  /** Environment of the server, where it has a project of its own. */
  readonly env?: (home: string) => Readonly<Record<string, string>>;
  work(world: World): void | Promise<void>;
  /** What a process that it leaves behind does; `home` and `project` are all that it knows. */
  lurk?(where: { readonly project: string; readonly tree: string }): Promise<void>;
}
