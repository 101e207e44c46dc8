import type { Yard } from '../yard.ts';
import { type PortRange, portsPerBlock } from './port-range.ts';

/** First ports of all blocks of a range. `seed` says where to begin, so that several yards rarely meet. */
export function* blocksOf(range: PortRange, seed: string): Generator<number> {
  const blocks = Math.floor((range.last - range.first + 1) / portsPerBlock);
  const start = hashOf(seed) % blocks;
  for (let step = 0; step < blocks; step++) {
    yield range.first + ((start + step) % blocks) * portsPerBlock;
  }
}

/** Whether a block has no port in common with those that are taken, of which some may be of another range. */
export function isFree(block: number, taken: ReadonlySet<number>): boolean {
  return ![...taken].some((other) => Math.abs(other - block) < portsPerBlock);
}

/** Whoever has not ended may still use its ports, also when nobody looks after it at the moment. */
export function takenBlocks({ verifications, workers }: Yard): ReadonlySet<number> {
  const running = Object.values(verifications).filter(({ state }) => state === 'running');
  const alive = Object.values(workers).filter(({ state }) => state !== 'ended');
  return new Set([...running, ...alive].flatMap(({ ports }) => ports ?? []));
}

/** Variables that tell a command its ports; of several side by side, each gets a share of the block. */
export function portVariables(block: number, lane = { index: 0, of: 1 }): Readonly<Record<string, string>> {
  const share = Math.max(1, Math.floor(portsPerBlock / lane.of));
  const first = block + ((lane.index * share) % portsPerBlock);
  const ports = Array.from({ length: share }, (_, index) => String(first + index));
  return {
    PORT: String(first),
    ...Object.fromEntries(ports.map((port, index) => [`LOOPYARD_PORT_${index + 1}`, port])),
  };
}

/** FNV-1a: spreads names, and hides nothing. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
