/** Chance, passed in. */
export interface Ids {
  /** A new id such as `worker-k3v9q2mx`; unique for all practical purposes. */
  next(prefix: string): string;
  /** Four characters, for the end of a readable id. */
  suffix(): string;
  uuid(): string;
}
