import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openYard } from '../src/open-yard.ts';

test('a place behind a link is known by its real path, as git will call the worktrees in it', async () => {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'loopyard-yard-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const commonDir = path.join(root, 'repo', '.git');
  mkdirSync(commonDir, { recursive: true });
  mkdirSync(path.join(root, 'real'));
  symlinkSync(path.join(root, 'real'), path.join(root, 'link'));
  const rt = await openYard({
    commonDir,
    name: 'test',
    env: { PATH: process.env.PATH, HOME: root, LOOPYARD_PLACE: path.join(root, 'link', 'deeper') },
    self: { command: process.execPath, args: ['nothing'] },
    startsKeeper: false,
  });
  onTestFinished(() => rt.store.close());
  expect(rt.files.place.startsWith(`${path.join(root, 'real', 'deeper')}${path.sep}`)).toBe(true);
});
