import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toolVersions } from '../../../src/adapters/dependencies/tool-versions.ts';
import { aDirectory } from '../../support/git-repo.ts';

async function aTool(script: string) {
  const folder = await aDirectory();
  const tool = join(folder, 'tool');
  await writeFile(tool, `#!/bin/sh\n${script}\n`);
  await chmod(tool, 0o755);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  return () => toolVersions(join(folder, 'cache'))(['tool', '--version'], env);
}

test('a tool that leaves a daemon behind, with its output open, has told its version all the same', async () => {
  const version = await aTool('sleep 15 &\necho 1.2.3');
  expect(await version()).toBe('1.2.3');
}, 10_000);

test('a tool that fails has no version', async () => {
  const version = await aTool('echo 1.2.3\nexit 1');
  expect(await version()).toBeUndefined();
});
