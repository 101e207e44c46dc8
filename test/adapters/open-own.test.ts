import { execFileSync } from 'node:child_process';
import { closeSync, constants } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openOwn, openOwnSync } from '../../src/adapters/open-own.ts';
import { aDirectory } from '../support/git-repo.ts';

test('only a regular file is opened, and nothing else is waited for', async () => {
  const place = await aDirectory();
  const at = (name: string) => join(place, name);
  await writeFile(at('file'), 'x');
  await mkdir(at('directory'));
  await symlink(at('file'), at('link'));
  execFileSync('mkfifo', [at('pipe')]);
  const server = createServer().listen(at('socket'));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));

  for (const flags of [constants.O_RDONLY, constants.O_WRONLY | constants.O_APPEND]) {
    for (const name of ['none', 'file/none', 'directory', 'link', 'pipe', 'socket']) {
      expect([name, await openOwn(at(name), flags), openOwnSync(at(name), flags)]).toEqual([
        name,
        undefined,
        undefined,
      ]);
    }
    const file = await openOwn(at('file'), flags);
    expect(file).toBeDefined();
    await file?.close();
    const descriptor = openOwnSync(at('file'), flags);
    expect(descriptor).toBeTypeOf('number');
    if (descriptor !== undefined) closeSync(descriptor);
  }
});

test('other failures are thrown as they come', async () => {
  const long = join(await aDirectory(), 'x'.repeat(300));

  await expect(openOwn(long, constants.O_RDONLY)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  expect(() => openOwnSync(long, constants.O_RDONLY)).toThrow('ENAMETOOLONG');
});
