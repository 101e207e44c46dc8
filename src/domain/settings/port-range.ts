/** Ports that one verification or worker gets for itself. */
export const portsPerBlock = 10;

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `20000-29999` as a range of at least one block of unprivileged ports, or undefined. */
export function portRange(text: string): PortRange | undefined {
  const [, from, to] = /^(\d{4,5})-(\d{4,5})$/.exec(text.trim()) ?? [];
  const first = Number(from);
  const last = Number(to);
  const fits = first >= 1024 && last <= 65_535 && last - first + 1 >= portsPerBlock;
  return fits ? { first, last } : undefined;
}
