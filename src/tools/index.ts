import { ask } from './catalog/ask.ts';
import { diff } from './catalog/diff.ts';
import { discard } from './catalog/discard.ts';
import { history } from './catalog/history.ts';
import { leases } from './catalog/leases.ts';
import { loadContext } from './catalog/load_context.ts';
import { loops } from './catalog/loops.ts';
import { merge } from './catalog/merge.ts';
import { prune } from './catalog/prune.ts';
import { readLog } from './catalog/read_log.ts';
import { remember } from './catalog/remember.ts';
import { report } from './catalog/report.ts';
import { shutdown } from './catalog/shutdown.ts';
import { spawnWorker } from './catalog/spawn_worker.ts';
import { startLoop } from './catalog/start_loop.ts';
import { status } from './catalog/status.ts';
import { steer } from './catalog/steer.ts';
import { takeover } from './catalog/takeover.ts';
import { verify } from './catalog/verify.ts';
import type { Tool } from './define.ts';

/** Every tool, in the order of the docs; a test holds the folder and this list equal. */
export const tools: readonly Tool[] = [
  startLoop,
  spawnWorker,
  verify,
  status,
  steer,
  merge,
  readLog,
  shutdown,
  loadContext,
  report,
  ask,
  remember,
  loops,
  history,
  diff,
  leases,
  takeover,
  discard,
  prune,
];
