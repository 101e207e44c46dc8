import * as z from 'zod';
import { isIdle } from '../domain/next.ts';
import type { Yard } from '../domain/yard.ts';
import type { Call, ToolRuntime } from './define.ts';

/** Every client must get its answer before its own limit; the shortest common one is 60 s. */
export const waitSeconds = z.number().min(0).max(50).optional();

type Rt = Pick<ToolRuntime, 'store' | 'clock' | 'wakeKeeper' | 'config' | 'log'>;

/** How often somebody who waits looks whether a keeper is there, milliseconds: one may be killed meanwhile. */
const keeperLookMs = 1_000;

/**
 * Waits until `found` says something, at most so many seconds and never beyond the call. Undefined: not yet. A yard
 * with work and no keeper gets one, so that whoever watches also keeps things going. What `tell` says is passed on
 * whenever it has changed: with the yard, or with the time.
 */
export async function waitFor<T>(
  rt: Rt,
  call: Pick<Call, 'signal' | 'progress'>,
  seconds: number,
  found: (yard: Yard) => T | undefined,
  tell: (yard: Yard) => string = () => '',
): Promise<{ yard: Yard; value: T | undefined }> {
  let yard = await rt.store.read();
  await ensureKeeper(rt, yard);
  let value = found(yard);
  if (value !== undefined || seconds <= 0) return { yard, value };
  const over = new AbortController();
  const either = AbortSignal.any([call.signal, over.signal]);
  void rt.clock.sleep(seconds * 1_000, either).then(() => over.abort());
  let told = '';
  const show = (now: Yard) => {
    const line = tell(now);
    if (line !== '' && line !== told) call.progress(line);
    told = line;
  };
  const looking = lookForKeeper(rt, either, show);
  try {
    for await (const _ of rt.store.watch(yard.seq, either)) {
      yard = await rt.store.read();
      value = found(yard);
      if (value !== undefined) break;
      show(yard);
    }
  } finally {
    over.abort();
    await looking;
  }
  return { yard, value };
}

async function lookForKeeper(rt: Rt, signal: AbortSignal, show: (yard: Yard) => void): Promise<void> {
  while (!signal.aborted) {
    await rt.clock.sleep(keeperLookMs, signal);
    if (signal.aborted) return;
    // Nobody awaits us yet; what is wrong with the yard, whoever watches it meets himself.
    const yard = await rt.store.read().catch(() => undefined);
    if (!yard) continue;
    show(yard);
    await ensureKeeper(rt, yard);
  }
}

/** That there is no keeper is no reason to withhold an answer: the answer is how people learn of it. */
async function ensureKeeper(rt: Rt, yard: Yard): Promise<void> {
  if (isIdle(yard, rt.clock.now(), rt.config.archive_after_minutes * 60_000)) return;
  try {
    await rt.wakeKeeper();
  } catch (thrown) {
    rt.log('error', 'a keeper could not be looked for', { error: String(thrown) });
  }
}
