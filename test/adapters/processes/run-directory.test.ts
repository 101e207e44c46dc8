import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { announceChange } from '../../../src/adapters/processes/run-changes.ts';
import { publishRecord, readRecord } from '../../../src/adapters/processes/run-directory.ts';
import { measureOutput, readEnds, readPage } from '../../../src/adapters/processes/run-output.ts';
import { temporaryFolder } from '../../support/real-processes.ts';

// A worker runs as the same user and can reach these files; what it puts there must not hold up whoever looks.
test.each(['a pipe', 'a link', 'a directory'])('%s in the place of a file is none', async (what) => {
  const runs = temporaryFolder();
  const run = path.join(runs, 'r');
  mkdirSync(run);
  publishRecord(run, 'stop.json', { cause: 'stopped', graceMs: 0 });
  expect(readRecord(run, 'stop.json')).toBeDefined();
  writeFileSync(path.join(run, 'output.0'), 'hello');
  for (const file of [path.join(run, 'stop.json'), path.join(run, 'output.0'), path.join(runs, '.bell')])
    replaceBy(what, file);

  announceChange(runs);

  expect(readRecord(run, 'stop.json')).toBeUndefined();
  expect(measureOutput(run)).toEqual({ bytes: 0, lastAt: undefined });
  expect(await readEnds(run, { head: 9, tail: 9 })).toBe('');
  expect(await readPage(run, 0, 9, true)).toEqual({ text: '', next: 0, size: 0 });
});

function replaceBy(what: string, file: string): void {
  const aside = path.join(temporaryFolder(), 'aside');
  writeFileSync(file, '', { flag: 'a' });
  renameSync(file, aside);
  if (what === 'a pipe') execFileSync('mkfifo', [file]);
  else if (what === 'a link') symlinkSync(aside, file);
  else mkdirSync(file);
}
