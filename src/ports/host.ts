/** What the machine has to give. */
export interface Host {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Memory that could be had now without pushing anything out. */
  readonly freeBytes: number;
  /** Processes that want to run, averaged over a minute, per processor; 0 where the system does not tell. */
  readonly load: number;
}
