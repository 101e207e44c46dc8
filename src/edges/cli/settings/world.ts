import type { ProjectFile } from '../../../domain/settings/project-file.ts';
import type { Settings } from '../../../domain/settings/settings.ts';

/** What the commands about settings and trust need of the machine; put together beside main. */
export interface SettingsWorld {
  /** Read anew each time. */
  settings(): Settings;
  /** Undefined outside a repository. */
  readonly repository: string | undefined;
  /** Whether this process was started by a worker, however indirectly. */
  readonly inside: boolean;
  /** Whether somebody is there to answer a question. */
  readonly interactive: boolean;
  /** The text of a file of settings, or undefined when there is none. */
  read(file: string): string | undefined;
  /** Replaces what was read. Throws BUSY when it is no longer there. */
  write(file: string, before: string | undefined, after: string): void;
  /** Records that the user trusts exactly the content of the repository's file that he was shown. */
  trust(shown: Pick<ProjectFile, 'sha256' | 'dangerous'>): void;
  /** The same for a text that he has just written. */
  trustText(text: string): void;
  trusted(): readonly TrustedFile[];
  /** Whether there was something to forget. */
  revoke(): boolean;
  confirm(question: string): Promise<boolean>;
}

export interface TrustedFile {
  readonly repository: string;
  readonly file: string;
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}
