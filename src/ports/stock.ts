import type { RetentionRule, Stocked, StockKind } from '../domain/retention.ts';

/** That something was removed: enough to say so to whoever asks for it. */
export interface Removal {
  readonly name: string;
  readonly kind: StockKind | 'refs';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly by: RetentionRule;
  /** The value of that setting then. */
  readonly value?: number;
}

/** What lies in the yard's own folders, for whoever decides what of it may go. Two may do the same at once. */
export interface Stock {
  /** Everything of a kind, with what it takes on disk. Looks at every file. */
  list(kind: StockKind): Promise<readonly Stocked[]>;
  /** Removes one file, at once or not at all; output of runs is removed by forgetting the run. */
  remove(kind: Exclude<StockKind, 'runs'>, name: string): Promise<void>;
  /** Makes something as young as now. What is not there is left out. */
  renew(kind: StockKind, names: readonly string[]): Promise<void>;
  /** Writes down what is about to be removed. The newest ten thousand and more are kept. */
  note(removals: readonly Removal[]): Promise<void>;
  /** The newest note of that name. */
  noted(name: string): Promise<Removal | undefined>;
}
