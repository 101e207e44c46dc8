import type { ProjectFiles } from '../../../scaffold/checks.ts';
import type { Existing } from '../../../scaffold/detect.ts';
import type { Launch } from '../../../scaffold/launch.ts';
import type { Ground } from '../../../scaffold/places.ts';
import type { FileChange, Found } from '../../../scaffold/plan.ts';
import type { Platform, Scope } from '../../../scaffold/platform.ts';
import type { Written } from '../../../scaffold/removal.ts';

export type Probe =
  | { readonly ok: true; readonly tools: readonly string[]; readonly ms: number }
  | { readonly ok: false; readonly because: string };

/** Everything `init` needs of the machine, put together by the composition root. */
export interface InitWorld {
  readonly version: string;
  readonly instructions: string;
  readonly platforms: readonly Platform[];
  /** The unfilled templates by file name. */
  readonly templates: Readonly<Record<string, string>>;
  readonly ground: Ground;
  readonly existing: Existing;
  readonly projectFiles: ProjectFiles;
  /**
   * The `loopyard.json` that counts for this repository. Undefined outside git and where none would be read: in a
   * linked worktree, in a submodule, beside a bare repository.
   */
  readonly projectFile:
    | {
        readonly path: string;
        /** Whether what it names holds; true when there is nothing to trust. */
        isTrusted(): boolean;
        /** Records that the user has agreed to this text. */
        trust(text: string): void;
        distrust(): void;
      }
    | undefined;
  /** Whether somebody sits there who can be asked. */
  readonly interactive: boolean;
  readonly copies: {
    readonly node: Launch;
    readonly onPath: boolean;
    readonly inProject: boolean;
    readonly keptIn?: string;
    keep(): void;
  };
  /** `within`: a link must not lead out of it. */
  read(path: string, within?: string): Found;
  written(real: string): Written | undefined;
  /** The platforms that were configured from here and not taken out again, by their ids. */
  remembered(scope: Scope): readonly string[];
  remember(scope: Scope, platforms: readonly string[]): void;
  /** Takes away what an init that was killed left half done; no file of anybody's. */
  tidy(): void;
  /** Replaces one file; returns where the old bytes are kept. Throws BUSY or STATE_UNWRITABLE. */
  write(
    change: FileChange,
    how: { clean: boolean; removal: boolean; within: string | undefined },
  ): string | undefined;
  /** One conversation in each era, with HOME, PATH and what the entry says; nothing else. */
  prove(
    launch: Launch & { readonly env: Readonly<Record<string, string>> },
  ): Promise<{ readonly handshake: Probe; readonly stateless: Probe }>;
  /** What a client says of its servers. */
  ask(run: readonly string[]): Promise<string | undefined>;
}
