import { expect, test } from 'vitest';
import { workerIdentity } from '../../src/core/environment.ts';
import { Worker } from '../../src/domain/worker/worker.ts';
import { aYard, loopIn } from '../support/yard-builder.ts';

test('a server that a worker starts with these variables alone finds its loop, and the same yard', () => {
  const yard = aYard().withLoop({ state: 'working' }).build();
  const loop = loopIn(yard);
  if (!loop.workspace) throw new Error('no workspace');
  const env = {
    LOOPYARD_PLACE: '/elsewhere',
    LOOPYARD_CONFIG: '/my/config.json',
    XDG_STATE_HOME: '/state',
    XDG_CONFIG_HOME: '/config',
    SECRET: 'x',
    LOOPYARD_DEPTH: '1',
  };
  const housed = { ...loop, workspace: loop.workspace };
  expect(workerIdentity({ env }, housed, Worker.parse(yard.workers['l-w']))).toEqual({
    LOOPYARD_PLACE: '/elsewhere',
    LOOPYARD_CONFIG: '/my/config.json',
    XDG_STATE_HOME: '/state',
    XDG_CONFIG_HOME: '/config',
    LOOPYARD_LOOP: 'l',
    LOOPYARD_WORKER: 'l-w',
    LOOPYARD_ITERATION: '1',
    LOOPYARD_WORKSPACE: '/trees/l',
    LOOPYARD_DEPTH: '2',
  });
});
