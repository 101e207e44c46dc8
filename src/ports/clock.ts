export interface Clock {
  /** Wall clock, milliseconds since 1970. For records and for people; no safety rests on it. */
  now(): number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
