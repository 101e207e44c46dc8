import type { History } from '../../../domain/diagnosis/bundle.ts';
import type { Facts } from '../../../domain/diagnosis/facts.ts';
import type { Fix } from '../../../domain/diagnosis/finding.ts';

/** What doctor needs of the machine; put together beside main. */
export interface DoctorWorld {
  /** Looks at everything. Never throws for what is broken: that is what it is for. */
  look(progress: (message: string) => void): Promise<Facts>;
  /** Does one safe thing; resolves with what was done, as a sentence. */
  mend(fix: Fix): Promise<string>;
  /** For a bug report. */
  history(): Promise<History>;
  /** Takes private things out of a text. */
  redact(text: string): string;
  /** Writes a new file, readable by its owner only. Throws INVALID_ARGUMENT when it is there. */
  save(file: string, text: string): void;
  readonly inside: boolean;
}
