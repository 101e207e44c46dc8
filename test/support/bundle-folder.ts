import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly bundles: string;
  }
}

/** Where all bundles of a run are, removed with it: vitest ends its workers without letting them say goodbye. */
export default function provideFolder(project: TestProject): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'loopyard-bundles-'));
  project.provide('bundles', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
