import type { Liveness } from '../lease.ts';
import type { Settings } from '../settings/settings.ts';

/** Everything doctor has looked at. What it could not look at is absent, and `blind` says why. */
export interface Facts {
  /** Of this loopyard. */
  readonly version: string;
  readonly machine: MachineFacts;
  readonly git: GitFacts;
  /** Undefined outside a repository. */
  readonly repository: string | undefined;
  readonly state: StateFacts | undefined;
  /** Undefined when there is no yard, or it cannot be read. */
  readonly yard: YardFacts | undefined;
  readonly backends: readonly BackendFacts[];
  readonly clients: ClientFacts;
  readonly settings: Settings;
  /** Variables called LOOPYARD_… that set nothing, with the nearest one that does. */
  readonly strangeVariables: readonly { readonly name: string; readonly nearest: string }[];
  readonly disk: readonly DiskUse[];
  readonly blind: readonly Blind[];
}

/** A part that could not be looked at: `the yard`, and a sentence. */
export interface Blind {
  readonly what: string;
  readonly because: string;
}

export interface MachineFacts {
  readonly node: string;
  readonly system: string;
  readonly bubblewrap: 'works' | 'refused' | 'missing' | 'not for this system';
  /** How far the time of a file just written is from our own, milliseconds. */
  readonly fileTimeSkewMs: number | undefined;
  /** How far the wall clock moved against the monotonic one while doctor looked, milliseconds. */
  readonly clockJumpMs: number;
}

export interface GitFacts {
  /** Undefined: there is no git on PATH. */
  readonly version: string | undefined;
  /** Whether `merge-tree --write-tree` works; undefined when it could not be tried. */
  readonly mergesWithoutTree: boolean | undefined;
  /** How the repository keeps its refs. */
  readonly refFormat: 'files' | 'reftable' | undefined;
}

export interface StateFacts {
  readonly directory: string;
  readonly exists: boolean;
  /** Why it cannot be used: our own error. */
  readonly problem?: { readonly code: string; readonly message: string; readonly hint: string };
  /** `ext4`; the number of the type where it has no name for us. */
  readonly fileSystem: string | undefined;
  readonly freeBytes: number | undefined;
  readonly quarantined: number;
  readonly journal?: { readonly seq: number; readonly bytes: number; readonly oldGenerations: number };
}

export interface YardFacts {
  readonly liveLoops: number;
  /** Something a keeper would do now. */
  readonly workWaits: boolean;
  readonly keeper: KeeperFacts | undefined;
  readonly leases: readonly LeaseFacts[];
  readonly leftovers: readonly Leftover[];
  /** What the keeper found when it last looked at everything that is kept. */
  readonly kept?: {
    readonly things: number;
    readonly bytes: number;
    readonly removed?: { readonly at: number; readonly things: number; readonly bytes: number } | undefined;
    /** Refs that no branch has, and when they go by themselves. */
    readonly leaving: readonly { readonly ref: string; readonly on: number }[];
    /** Of the settings. */
    readonly days: number;
    readonly mostBytes: number;
  };
  /** Rooms of the pool that were not what they should have been, and what was wrong with the last. */
  readonly rebuiltRooms?: { readonly count: number; readonly why: string };
}

export interface KeeperFacts {
  readonly pid: number;
  readonly liveness: Liveness;
  /** Stopped by a signal or a debugger. */
  readonly frozen: boolean;
  /** Which program it runs: ours, another copy, or ours as it was before it was replaced on disk. */
  readonly program: 'same' | 'other' | 'replaced' | 'unknown';
}

export interface LeaseFacts {
  readonly resource: string;
  readonly holder: string;
  readonly purpose: string;
  readonly liveness: Liveness;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface Leftover {
  readonly kind:
    | 'worktree'
    | 'missing_worktree'
    | 'loop_folder'
    | 'room'
    | 'branch'
    | 'trash'
    | 'foreign_place';
  /** Path or name. */
  readonly name: string;
  readonly count?: number;
}

export interface BackendFacts {
  readonly id: string;
  readonly title: string;
  /** Undefined: the program is not on PATH. */
  readonly program: string | undefined;
  readonly version: string | undefined;
  /** Undefined: nobody looked. */
  readonly login?: 'ok' | 'missing' | 'unknown';
  /** What speaks against it, and what to do, in a sentence. */
  readonly trouble?: string;
}

export interface ClientFacts {
  readonly entries: readonly {
    readonly platforms: readonly string[];
    readonly command: string;
    readonly tools: number | undefined;
    readonly ms: number | undefined;
    /** Why a conversation failed, as a sentence. */
    readonly because?: string;
  }[];
  /** Clients that are here and have no entry. */
  readonly without: readonly string[];
}

export interface DiskUse {
  readonly what: string;
  readonly path: string;
  readonly bytes: number;
  /** There is more than was counted in the time doctor gives itself. */
  readonly more: boolean;
}
