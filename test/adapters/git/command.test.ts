import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { gitRunner } from '../../../src/adapters/git/command.ts';
import { readProcess } from '../../../src/adapters/processes/process-table.ts';
import { aDirectory, aRepository } from '../../support/git-repo.ts';
import { ada, opened } from '../../support/open-git.ts';

/** The process of a filter that never answers and does not listen, once it has started. */
async function deafPid(file: string): Promise<number> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await after(20)) {
    const pid = Number(await readFile(file, 'utf8').catch(() => ''));
    if (pid > 0) return pid;
  }
  throw new Error('the filter did not start');
}

/** A zombie is dead: whoever adopted it may never look. */
function isAlive(pid: number): boolean {
  return readProcess(pid)?.zombie === false;
}

test.runIf(process.platform === 'linux')(
  'a filter that never answers ends with its command, and the error says so',
  async () => {
    const repo = await aRepository({ files: { '.gitattributes': 'slow filter=deaf\n' } });
    const parent = await repo.git('rev-parse', 'HEAD');
    const place = await aDirectory();
    const [program, pidFile] = [join(place, 'deaf'), join(place, 'pid')];
    await writeFile(
      program,
      `#!/bin/sh\ntrap '' TERM INT\necho $$ > '${pidFile}.new'\nmv '${pidFile}.new' '${pidFile}'\nwhile :; do sleep 1; done\n`,
    );
    await chmod(program, 0o755);
    await repo.git('config', 'filter.deaf.clean', program);
    await repo.write({ slow: 'x\n' });
    const { git } = await opened(repo, { limits: { quickMs: 60_000, slowMs: 1000 } });

    const taken = git.snapshot({
      worktree: repo.path,
      parent,
      scratch: join(place, 's'),
      message: 'm',
      author: ada,
    });
    const outcome = expect(taken).rejects.toMatchObject({
      code: 'GIT_FAILED',
      message: 'git add did not end within 1 seconds, so it was ended.',
      facts: { timedOut: true, command: 'add' },
    });
    const pid = await deafPid(pidFile);
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    await outcome;

    expect(isAlive(pid)).toBe(false);
  },
);

test('a command that copies files has the longer limit', async () => {
  const repo = await aRepository();
  const git = gitRunner(repo.env, { quickMs: 1, slowMs: 60_000 });
  const hash = { gitDir: repo.commonDir, args: ['hash-object', '--stdin'], input: 'x'.repeat(5_000_000) };

  await expect(git.ask(hash)).rejects.toMatchObject({ facts: { timedOut: true, limitMs: 1 } });
  expect((await git.ask({ ...hash, slow: true })).code).toBe(0);
  expect((await git.ask({ ...hash, workTree: repo.path })).code).toBe(0);
});

test('a directory that somebody removed is named', async () => {
  const repo = await aRepository();
  const { git } = await opened(repo);
  const path = join(await aDirectory(), 'w');
  await git.addWorktree({ path, branch: 'loop/1', commit: await repo.git('rev-parse', 'HEAD') });
  await rm(path, { recursive: true });

  await expect(git.isClean(path)).rejects.toMatchObject({ code: 'GIT_FAILED', facts: { path } });

  await rename(repo.commonDir, `${repo.commonDir}-away`);
  await expect(git.ref('main')).rejects.toMatchObject({
    code: 'GIT_FAILED',
    facts: { path: repo.commonDir },
  });
});
