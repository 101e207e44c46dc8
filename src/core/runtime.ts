import type { Config } from '../domain/settings/config.ts';
import type { Backend } from '../ports/backend.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dependencies } from '../ports/dependencies.ts';
import type { Files } from '../ports/files.ts';
import type { Git } from '../ports/git.ts';
import type { Host } from '../ports/host.ts';
import type { Ids } from '../ports/ids.ts';
import type { Log } from '../ports/log.ts';
import type { Processes } from '../ports/processes.ts';
import type { Programs } from '../ports/programs.ts';
import type { Stock } from '../ports/stock.ts';
import type { Actor, Store } from '../ports/store.ts';

/** One yard as one process sees it: its store, its machine, its settings. Functions name the parts they touch. */
export interface Runtime {
  readonly store: Store;
  readonly git: Git;
  readonly processes: Processes;
  readonly files: Files;
  readonly stock: Stock;
  readonly dependencies: Dependencies;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly config: Config;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly programs: Programs;
  /** Who acts, for the record and for the fence. */
  readonly actor: Actor;
  /** The user's environment, from which allow-lists pick. */
  readonly env: Readonly<Record<string, string>>;
  /** What the machine can give now. */
  host(): Host;
  /** A number from 0 to 1, for spreading out what would otherwise happen at once. */
  chance(): number;
  /** How to start loopyard itself: node and the absolute path of the program. */
  readonly self: { readonly command: string; readonly args: readonly string[] };
}
