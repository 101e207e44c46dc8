import { statSync } from 'node:fs';
import { gitFinder } from './adapters/git/finder.ts';
import { isIdle } from './domain/next.ts';
import type { Front, Opened } from './edges/front.ts';
import { openYard, selfCommand } from './open-yard.ts';
import type { Checkout, GitFinder } from './ports/git.ts';
import type { ToolRuntime } from './tools/define.ts';
import { tools } from './tools/index.ts';

/** How often a session looks whether the keeper of a yard with work is still there, milliseconds. */
const keeperWatchMs = 5_000;

export interface FrontOptions {
  readonly version: string;
  readonly instructions: string;
  readonly cwd: string;
  readonly home: string;
  /** A worker's process: it never starts a keeper. */
  readonly bound: boolean;
}

/** What both edges stand on: the tools, and yards that are opened once per repository and process. */
export function openFront(options: FrontOptions): {
  front: Front;
  opened: ReadonlyMap<string, Promise<ToolRuntime>>;
} {
  const locate = remembering(gitFinder({ env: process.env }));
  const opened = new Map<string, Promise<ToolRuntime>>();
  const self = selfCommand();
  const front: Front = {
    version: options.version,
    instructions: options.instructions,
    cwd: options.cwd,
    home: options.home,
    env: process.env,
    tools,
    async open(workspace, client): Promise<Opened> {
      const checkout = await locate(workspace);
      const { commonDir } = checkout;
      let runtime = opened.get(commonDir);
      if (!runtime) {
        runtime = openYard({ commonDir, name: client, env: process.env, self, startsKeeper: !options.bound });
        opened.set(commonDir, runtime);
        runtime.catch(() => opened.delete(commonDir));
      }
      return { runtime: await runtime, checkout };
    },
  };
  return { front, opened };
}

/**
 * Finds each checkout once: git costs more than everything else in a call that only reads. What was found holds as long
 * as the same directories are still there.
 */
function remembering(finder: GitFinder): GitFinder['locate'] {
  const known = new Map<string, { key: string | undefined; checkout: Checkout }>();
  return async (workspace) => {
    const key = keyOf(workspace);
    const found = known.get(workspace);
    if (
      found &&
      key === found.key &&
      keyOf(found.checkout.path) === found.checkout.key &&
      keyOf(found.checkout.commonDir)
    ) {
      return found.checkout;
    }
    const checkout = await finder.locate(workspace);
    known.set(workspace, { key, checkout });
    return checkout;
  };
}

function keyOf(directory: string): string | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev}:${stat.ino}`;
}

/**
 * While a session lives, a yard with work has a keeper: one that was killed is replaced even if nobody calls anything.
 * Returns the function that ends the watch.
 */
export function keepKeepers(opened: ReadonlyMap<string, Promise<ToolRuntime>>): () => void {
  const look = async () => {
    for (const yard of opened.values()) {
      const rt = await yard;
      const idle = isIdle(await rt.store.read(), rt.clock.now(), rt.config.archive_after_minutes * 60_000);
      if (!idle) await rt.wakeKeeper();
    }
  };
  // A look that fails is told by the next call of a tool, which meets the same failure and has somebody to tell.
  const timer = setInterval(() => void look().catch(() => undefined), keeperWatchMs);
  timer.unref();
  return () => clearInterval(timer);
}
