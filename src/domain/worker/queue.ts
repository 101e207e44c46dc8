import { type Loop, priorities } from '../loop.ts';
import { next } from '../next.ts';
import type { Yard } from '../yard.ts';
import { busyWorkers, chooseBackend } from './choice.ts';
import { type DayLimits, overDay, reservation } from './spending.ts';

const minute = 60_000;
/** Who has waited so long goes one priority up, so that nobody waits for ever. */
const promotionMs = 10 * minute;
/** Workers started within one beat of the keeper at most: each start costs memory and processor time. */
const startsPerBeat = 2;
const beatMs = 500;

/** How many workers may live at once. */
export interface Caps {
  readonly workers: number;
  /** By backend; one that is not here has no cap of its own. */
  readonly backends: Readonly<Record<string, number>>;
  /** With less memory free than this nobody is started beside others, bytes. */
  readonly freeBytes: number;
  /** With more processes waiting for each processor than this nobody is started beside others. */
  readonly load: number;
  readonly day: DayLimits;
}

/** What the machine can give now. */
export interface Room {
  readonly freeBytes: number;
  readonly load: number;
}

/** Four per processor, because workers mostly wait for their model, and one per gigabyte; between 2 and 32. */
export function usualWorkers(cpus: number, memoryBytes: number): number {
  return Math.max(2, Math.min(4 * cpus, Math.floor(memoryBytes / 2 ** 30), 32));
}

/** The loops whose next worker could start now, first the one that is to have it. Pure. */
export function startQueue(yard: Yard, now: number): readonly Loop[] {
  return Object.values(yard.loops)
    .filter((loop) => next(yard, loop, now, Number.MAX_SAFE_INTEGER).do === 'start_iteration')
    .map((loop) => ({ loop, since: waitingSince(yard, loop) }))
    .map((one) => ({ ...one, rank: rankOf(one.loop, now - one.since) }))
    .sort((a, b) => b.rank - a.rank || a.since - b.since || (a.loop.id < b.loop.id ? -1 : 1))
    .map(({ loop }) => loop);
}

/** Loops of the same priority take turns: first who has been without a worker for the longest time. */
function waitingSince(yard: Yard, loop: Loop): number {
  const last = loop.worker === undefined ? undefined : yard.workers[loop.worker];
  return last?.endedAt ?? loop.openedAt;
}

function rankOf({ priority }: Loop, waitedMs: number): number {
  const promoted = priorities.indexOf(priority) + Math.floor(Math.max(0, waitedMs) / promotionMs);
  return Math.min(promoted, priorities.length - 1);
}

/** The loops of the queue that may start their worker in this very moment. */
export function admitted(yard: Yard, caps: Caps, room: Room, now: number): readonly Loop[] {
  const chosen: Loop[] = [];
  const perBackend = new Map<string, number>();
  const recent = Object.values(yard.workers).filter(({ startedAt }) => startedAt > now - beatMs).length;
  for (const loop of startQueue(yard, now)) {
    const choice = chooseBackend(yard, loop, now);
    if (!('use' in choice)) continue;
    const { use } = choice;
    const before = perBackend.get(use) ?? 0;
    const wish = { backend: use, more: chosen.length, moreOfIt: before };
    if (overDay(yard, caps.day, reservation(loop), now) !== undefined) continue;
    if (recent + chosen.length >= startsPerBeat || whyNot(yard, caps, room, wish) !== undefined) continue;
    chosen.push(loop);
    perBackend.set(use, before + 1);
  }
  return chosen;
}

/** Where a loop stands in the queue and why it does not start, in words; undefined when nothing keeps it. */
export function placeInQueue(
  yard: Yard,
  loop: Loop,
  caps: Caps,
  room: Room,
  now: number,
): { place: number; why: string } | undefined {
  const queue = startQueue(yard, now);
  const place = queue.findIndex(({ id }) => id === loop.id) + 1;
  const choice = chooseBackend(yard, loop, now);
  if (place === 0 || !('use' in choice)) return undefined;
  const tooDear = overDay(yard, caps.day, reservation(loop), now);
  if (tooDear !== undefined) return { place, why: `queued, place ${place} of ${queue.length}: ${tooDear}` };
  const ahead = admitted(yard, caps, room, now).filter(({ id }) => id !== loop.id).length;
  const why = whyNot(yard, caps, room, { backend: choice.use, more: ahead, moreOfIt: 0 });
  return why === undefined ? undefined : { place, why: `queued, place ${place} of ${queue.length}: ${why}` };
}

/** Why a loop's reviewer, who is outside the queue, cannot be started beside those that live; of any backend without one. */
export function whyNoReviewer(
  yard: Yard,
  loop: Loop,
  caps: Caps,
  room: Room,
  { now, backend }: { now: number; backend?: string | undefined },
): string | undefined {
  const wish = { backend, more: 0, moreOfIt: 0 };
  return overDay(yard, caps.day, reservation(loop), now) ?? whyNot(yard, caps, room, wish);
}

/** Why a worker cannot be added. The first one always may: a machine that is busy with other things must not stop us. */
function whyNot(
  yard: Yard,
  caps: Caps,
  room: Room,
  { backend, more, moreOfIt }: { backend: string | undefined; more: number; moreOfIt: number },
): string | undefined {
  const live = busyWorkers(yard);
  if (live + more >= caps.workers) return `${live} of at most ${caps.workers} workers live`;
  const cap =
    backend !== undefined && Object.hasOwn(caps.backends, backend) ? caps.backends[backend] : undefined;
  const ofIt = busyWorkers(yard, backend);
  if (cap !== undefined && ofIt + moreOfIt >= cap)
    return `${ofIt} of at most ${cap} workers of the backend ${backend} live`;
  if (live + more === 0) return undefined;
  if (room.freeBytes < caps.freeBytes)
    return `${Math.round(room.freeBytes / 2 ** 20)} MiB of memory are free, and ${Math.round(caps.freeBytes / 2 ** 20)} must be`;
  if (room.load > caps.load)
    return `the load is ${room.load.toFixed(1)} per processor, and at most ${caps.load} may be`;
  return undefined;
}
